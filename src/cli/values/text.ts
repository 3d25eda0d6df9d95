/** Texts: names, paths, hosts and URLs. None of them is empty or holds control characters. */
import { isPlainUrl, redactUrl } from "#base/redact-url.ts";
import { portNumber } from "./number.ts";
import { ValueError, wrongValue } from "./value-error.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Any text of 1 to so many characters. */
export function textOf(max: number): (option: string, text: string) => string {
  return (option, text) => {
    if (text.trim() === "") throw new ValueError(`${option}: nothing is given (expected 1 to ${max} characters)`);
    if (text.length > max) {
      throw new ValueError(`${option}: it has ${text.length} characters (expected 1 to ${max})`);
    }
    if (CONTROL.test(text)) throw new ValueError(`${option}: it holds a control character; leave that out`);
    return text;
  };
}

/** A path of a file or folder; "-" where a verb reads standard input. */
export function pathOf(option: string, text: string): string {
  if (text.trim() !== "" && !text.includes("\0")) return text;
  throw new ValueError(`${option}: nothing is given (expected the name of a file or folder)`);
}

/** One word of letters, digits, hyphens, underscores and dots. */
export function wordOf(option: string, text: string): string {
  return /^[A-Za-z0-9][\w.-]{0,63}$/.test(text)
    ? text
    : wrongValue(option, text, "a name of letters, digits, hyphens and underscores");
}

/** A host's name or address, IPv6 without brackets. */
export function hostOf(option: string, text: string): string {
  const isName =
    /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?)*\.?$/.test(text);
  const isNumeric = /^[\d.]+$/.test(text);
  const isIpv4 = /^(\d{1,3}\.){3}\d{1,3}$/.test(text) && text.split(".").every((part) => portNumber(part) <= 255);
  const isIpv6 = /^[0-9a-f:]*:[0-9a-f:.]*(%\w+)?$/i.test(text) && URL.canParse(`http://[${text.replace(/%.*$/, "")}]/`);
  if (isIpv6 || (isNumeric ? isIpv4 : isName)) return text;
  return wrongValue(option, text, "a host's name or address, as cloud.example, 127.0.0.1 or ::1");
}

/** ADDRESS:PORT, an IPv6 address in brackets; port 0 is any free one. */
export function addressOf(option: string, text: string): { readonly host: string; readonly port: number } {
  const [, ipv6, name, digits = ""] = /^(?:\[([^[\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = ipv6 ?? name;
  if (host === undefined || portNumber(digits) > 65_535) {
    return wrongValue(option, text, "an address and a port, as 127.0.0.1:8081 or [::1]:8081");
  }
  return { host: hostOf(option, host), port: portNumber(digits) };
}

/** A URL with one of these schemes. What is secret in it is never shown. */
export function urlOf(schemes: readonly string[]): (option: string, text: string) => string {
  return (option, text) => {
    const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
    // Also where the scheme is missing.
    const shown = redactUrl(text).replace(/^.*@/s, "");
    const known = schemes.map((each) => `${each}://`).join(" or ");
    if (scheme === undefined) throw new ValueError(`${option}: ${shown} has no scheme (expected ${known} before it)`);
    if (!schemes.includes(scheme)) throw new ValueError(`${option}: ${shown} has another scheme (expected ${known})`);
    if (isPlainUrl(text) && URL.canParse(text)) return text;
    throw new ValueError(
      `${option}: ${shown} can't be read (expected ${schemes[0]}://HOST:PORT, with %40 for @ and %2F for / in a user or password)`,
    );
  };
}

/** FILE, or FILE@ADDRESS for another place of a flash than its beginning. */
export function imageOf(option: string, text: string): { readonly path: string; readonly address: number } {
  const [, path = text, digits = "0"] = /^(.+)@0x([0-9a-f]{1,8})$/i.exec(text) ?? [];
  if (/@[^/\\@]*$/.test(path) || !/^[0-9a-f]+$/i.test(digits)) {
    return wrongValue(option, text, "a file, or a file and its address, as main.bin@0x10000");
  }
  return { path: pathOf(option, path), address: Number.parseInt(digits, 16) };
}

/** A serial port's name, or a line over TCP. */
export function serialPortOf(option: string, text: string): string {
  if (/^socket:/i.test(text)) {
    const [, place = ""] = /^socket:\/\/(.*)$/i.exec(text) ?? [];
    if (/:0*$/.test(place)) wrongValue(option, text, "socket://HOST:PORT, as socket://127.0.0.1:9876");
    addressOf(option, place);
  }
  return textOf(300)(option, text);
}
