/**
 * Posts a webhook, to public addresses alone unless the gateway's owner allows others: whoever may make webhooks must not reach routers,
 * metadata services or programs in the gateway's own network. The address that was checked is the one that is connected to, so a name whose
 * answer changes in between (DNS rebinding) gains nothing. Redirects are not followed.
 */
import { lookup } from "node:dns";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { BlockList, isIP, type LookupFunction } from "node:net";

/** @source IANA, IPv4 and IPv6 Special-Purpose Address Registries; networks that carry IPv4 addresses within IPv6 are among them. */
const PRIVATE_IPV4 = [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"],
  ...["192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4"],
  "240.0.0.0/4",
];
const PRIVATE_IPV6 = [
  "::/96",
  "::ffff:0:0/96",
  "64:ff9b::/96",
  "64:ff9b:1::/48",
  "100::/64",
  "2001::/23",
  "2001:db8::/32",
];
const PRIVATE_IPV6_LOCAL = ["2002::/16", "fc00::/7", "fe80::/10", "ff00::/8"];

const blocked = new BlockList();
for (const [family, networks] of [
  ["ipv4", PRIVATE_IPV4],
  ["ipv6", [...PRIVATE_IPV6, ...PRIVATE_IPV6_LOCAL]],
] as const) {
  for (const network of networks) {
    const [address = "", bits] = network.split("/");
    blocked.addSubnet(address, Number(bits), family);
  }
}

function isPublic(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && !blocked.check(address, family === 4 ? "ipv4" : "ipv6");
}

/** Whether an address names a private network by its digits. A name that leads there is found when it is resolved. */
export function isPrivateLiteral(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[(.*)\]$/, "$1");
  return isIP(host) !== 0 && !isPublic(host);
}

/** Resolves a name to its public addresses; fails where it has none. */
function publicOnly(resolve: typeof lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const found = error === null ? addresses.filter(({ address }) => isPublic(address)) : [];
      const [first] = found;
      if (first === undefined) callback(error ?? new Error("it leads to a private address"), "", 0);
      else if (options.all === true) callback(null, found);
      else callback(null, first.address, first.family);
    });
  };
}

interface HookRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly mayBePrivate: boolean;
  readonly timeoutMs: number;
  /** Another way to resolve names than the system's. */
  readonly resolve?: typeof lookup;
}

/** @returns The answer's status. Rejects with one line where there was none. */
export function postHook({
  url,
  headers,
  body,
  mayBePrivate,
  timeoutMs,
  resolve = lookup,
}: HookRequest): Promise<number> {
  if (!mayBePrivate && isPrivateLiteral(url)) return Promise.reject(new Error("it leads to a private address"));
  const request = url.startsWith("https:") ? httpsRequest : httpRequest;
  return new Promise((done, fail) => {
    const sent = request(
      url,
      {
        ...{ method: "POST", headers: { ...headers, "content-length": Buffer.byteLength(body) }, agent: false },
        signal: AbortSignal.timeout(timeoutMs),
        ...(!mayBePrivate && { lookup: publicOnly(resolve) }),
      },
      (answer) => {
        answer.resume();
        answer.on("error", () => undefined);
        done(answer.statusCode ?? 0);
      },
    );
    sent.on("error", fail);
    sent.end(body);
  });
}
