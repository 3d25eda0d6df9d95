/** Removes secrets from URLs for errors and logs. From a malformed URL it removes too much rather than too little. */

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/**
 * A URL without user, password, query and fragment.
 * @param url Text without a scheme, as a file's path, comes back as it is.
 */
export function redactUrl(url: string): string {
  const scheme = SCHEME.exec(url)?.[0];
  if (scheme === undefined) return url;
  // The last "@": a password that was not percent-encoded may hold any of "/", "?", "#" and "@" itself.
  const rest = url.slice(url.lastIndexOf("@") + 1);
  return scheme + (rest === url ? url.slice(scheme.length) : rest).split(/[?#]/, 1)[0];
}

/** A text in which a URL, or the user and password that stand in it, may be quoted, as in a driver's error. */
export function redactUrlIn(text: string, url: string): string {
  const scheme = SCHEME.exec(url)?.[0];
  if (scheme === undefined) return text;
  let redacted = text.replaceAll(url, () => redactUrl(url));
  const userinfo = url.slice(scheme.length, Math.max(scheme.length, url.lastIndexOf("@")));
  const password = userinfo.includes(":") ? userinfo.slice(userinfo.indexOf(":") + 1) : "";
  const query = url
    .split(/[?&#]/)
    .slice(1)
    .map((field) => [field.slice(0, field.indexOf("=") + 1), field.slice(field.indexOf("=") + 1)] as const)
    .flatMap(([name, value]) => (/pass|secret|key|token/i.test(name) ? [value] : []));
  for (const secret of [userinfo, password, ...query].flatMap((each) => [each, decoded(each)])) {
    if (secret !== "") redacted = redacted.replaceAll(secret, "***");
  }
  return redacted;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Whether a program may take this for a URL: one with a host, and with nothing in it that shows a user or password that
 * was not percent-encoded. Drivers misread such a one, and then show a part of the password as the host's name.
 */
export function isPlainUrl(url: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?(?:\[[0-9a-f:.]+\]|[^/?#@:\s[\]]+)(?::\d{1,5})?(?:[/?][^@\s]*)?$/i.test(
    url,
  );
}
