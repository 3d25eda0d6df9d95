/**
 * The pages of the unit's own access point, and the form that comes back. Names of networks are anybody's words: they
 * are escaped in the page, and travel back as hexadecimal.
 * @source PROTOCOL 6.11
 */
import { equal, fromHex, toHex } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { fromUtf8, utf8 } from "#base/utf8.ts";
import type { Wifi } from "#device/store/codecs.ts";

const NETWORKS_SHOWN_MAX = 16;

const STYLE =
  "body{font:17px/1.5 system-ui,sans-serif;max-width:26em;margin:2em auto;padding:0 1em}" +
  "label{display:block;margin-top:1em}input,select,button{font:inherit;width:100%;box-sizing:border-box;padding:.5em}" +
  "button{margin-top:1.5em}p.bad{color:#a00}";

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function page(title: string, body: string): string {
  return (
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    `<title>${title}</title><style>${STYLE}</style><h1>${title}</h1>${body}</html>`
  );
}

/** The form. `trouble` says what was wrong with the last one. */
export function formPage(ssids: readonly Uint8Array[], token: Uint8Array, trouble = ""): string {
  const options = [...new Set(ssids.filter((ssid) => ssid.length > 0).map(toHex))]
    .slice(0, NETWORKS_SHOWN_MAX)
    .map((hex) => `<option value="${hex}">${escaped(fromUtf8(fromHex(hex) as Uint8Array) ?? `(${hex})`)}</option>`)
    .join("");
  return page(
    "Connect to Wi-Fi",
    `${trouble === "" ? "" : `<p class="bad" role="alert">${trouble}</p>`}<form method="post" action="/join">` +
      `<input type="hidden" name="token" value="${toHex(token)}">` +
      `<label>Network<select name="network">${options}</select></label>` +
      `<label>or its name, when it is not shown<input name="other" maxlength="32" autocapitalize="none"></label>` +
      `<label>Password<input name="passphrase" type="password" maxlength="64" autocomplete="off"></label>` +
      `<button>Connect</button></form>`,
  );
}

export function joiningPage(): string {
  return page(
    "Connecting",
    "<p>The device leaves this access point now and joins your network. Put your phone back on it, and open a session within ten minutes: else the device forgets the network.</p>",
  );
}

/** Bytes of one value of a form (application/x-www-form-urlencoded). */
function decoded(text: string): Uint8Array {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const coded = text[i] === "%" ? fromHex(text.slice(i + 1, i + 3)) : undefined;
    if (coded?.length === 1) {
      bytes.push(coded[0] as number);
      i += 2;
    } else bytes.push(text[i] === "+" ? 32 : text.charCodeAt(i) & 255);
  }
  return Uint8Array.from(bytes);
}

/**
 * Reads a form that came back.
 * @returns The credentials, or PORTAL_TOKEN when the form is not from our own page, then AIR_FIELD (no SSID, or a
 * passphrase that no network has: empty, 8 to 63 bytes, or 64 hexadecimal digits).
 */
export function readForm(body: Uint8Array, token: Uint8Array): Result<Wifi> {
  const fields = new Map<string, Uint8Array>();
  for (const pair of String.fromCharCode(...body).split("&")) {
    const at = pair.indexOf("=");
    if (at > 0) fields.set(pair.slice(0, at), decoded(pair.slice(at + 1)));
  }
  const text = (name: string) => String.fromCharCode(...(fields.get(name) ?? []));
  if (!equal(fromHex(text("token")) ?? new Uint8Array(0), token)) return refuse("PORTAL_TOKEN");
  const other = fields.get("other") ?? new Uint8Array(0);
  const ssid = other.length > 0 ? other : (fromHex(text("network")) ?? new Uint8Array(0));
  const passphrase = fields.get("passphrase") ?? new Uint8Array(0);
  const isKey = passphrase.length === 64 && fromHex(text("passphrase")) !== undefined;
  const fits = passphrase.length === 0 || (passphrase.length >= 8 && passphrase.length <= 63) || isKey;
  return ssid.length >= 1 && ssid.length <= 32 && fits ? ok({ ssid, passphrase }) : refuse("AIR_FIELD");
}

/** An answer with a page, never kept, never framed, with nothing in it but itself. */
export function pageResponse(status: string, html: string, extra = ""): Uint8Array {
  const body = utf8(html);
  const head =
    `HTTP/1.1 ${status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: ${body.length}\r\n` +
    "Cache-Control: no-store\r\nReferrer-Policy: same-origin\r\nX-Frame-Options: DENY\r\n" +
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'\r\n" +
    `${extra}Connection: close\r\n\r\n`;
  return utf8(head + html);
}
