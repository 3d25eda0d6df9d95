/** A browser as far as a login needs one: cookies by path, redirects, and forms. */

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
}

export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

export interface Browser {
  open(url: string | URL): Promise<Page>;
  /** Sends the fields of a page's form with these, as the button does. */
  submit(
    page: Page,
    fields: Readonly<Record<string, string | readonly string[]>>,
    headers?: Record<string, string>,
  ): Promise<Page>;
  cookies(): readonly Cookie[];
}

const unescaped = (text: string) => text.replaceAll("&amp;", "&").replaceAll("&quot;", '"').replaceAll("&#39;", "'");

/**
 * @param stopAt A redirect to this origin is not followed: its address is the page.
 * @param language What it prefers to read.
 */
export function createBrowser(stopAt?: string, language = "en"): Browser {
  let jar: Cookie[] = [];
  async function send(url: URL, init: RequestInit): Promise<Page> {
    if (url.origin === stopAt) return { url, status: 0, text: "", headers: new Headers() };
    const cookie = jar.filter(({ path }) => url.pathname.startsWith(path)).map(({ name, value }) => `${name}=${value}`);
    const preferred = { cookie: cookie.join("; "), "accept-language": language };
    const headers = { ...(init.headers as Record<string, string>), ...preferred };
    const answer = await fetch(url, { ...init, headers, redirect: "manual" });
    for (const line of answer.headers.getSetCookie()) {
      const [pair = "", ...attributes] = line.split("; ");
      const [, name = "", value = ""] = /^([^=]+)=(.*)$/.exec(pair) ?? [];
      const path = attributes.find((each) => /^path=/i.test(each))?.slice(5) ?? "/";
      jar = jar.filter((each) => each.name !== name || each.path !== path);
      if (value !== "") jar.push({ name, value, path });
    }
    const location = answer.headers.get("location");
    if (location !== null && answer.status >= 300) return send(new URL(location, url), {});
    return { url, status: answer.status, text: await answer.text(), headers: answer.headers };
  }
  return {
    open: (url) => send(new URL(url), {}),
    submit(page, fields, headers = { "sec-fetch-site": "same-origin" }) {
      const form = new URLSearchParams();
      for (const [, name = "", value = ""] of page.text.matchAll(
        /<input type="hidden" name="([^"]+)" value="([^"]*)"/g,
      )) {
        form.append(name, unescaped(value));
      }
      for (const [name, value] of Object.entries(fields))
        for (const each of [value].flat()) form.append(name, each as string);
      const action = /<form[^>]* action="([^"]+)"/.exec(page.text)?.[1];
      const target = action === undefined ? page.url : new URL(unescaped(action), page.url);
      const type = { "content-type": "application/x-www-form-urlencoded" };
      return send(target, { method: "POST", headers: { ...type, ...headers }, body: form.toString() });
    },
    cookies: () => jar,
  };
}
