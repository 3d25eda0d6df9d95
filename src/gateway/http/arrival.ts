/** Whether a request comes from the gateway's own network, for tokens that are good there alone. */
import { BlockList, isIP } from "node:net";

export type Arrival = "lan" | "elsewhere";

/** @source RFC 1918, RFC 3927, RFC 4193, RFC 4291 */
const NEAR = {
  ipv4: ["10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"],
  ipv6: ["::1/128", "fc00::/7", "fe80::/10"],
} as const;
const near = new BlockList();
for (const family of ["ipv4", "ipv6"] as const) {
  for (const network of NEAR[family]) {
    const [address = "", bits] = network.split("/");
    near.addSubnet(address, Number(bits), family);
  }
}

/**
 * @param address The other end of the connection.
 * @param isDirect Whether clients connect to the gateway itself: behind a proxy all of them seem to be near.
 */
export function arrivalOf(address: string | undefined, isDirect: boolean): Arrival {
  // A socket for both families shows IPv4 addresses within IPv6.
  const plain = (address ?? "").replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");
  const family = isIP(plain);
  return isDirect && family !== 0 && near.check(plain, family === 4 ? "ipv4" : "ipv6") ? "lan" : "elsewhere";
}
