/**
 * Finds units on the phone's own networks: one question by multicast, from a port of our own, so that each unit answers
 * to us alone (RFC 6762 section 5.1). What answers has proved nothing: only a session does.
 * @source PROTOCOL 5.16
 */
import { createSocket, type Socket } from "node:dgram";
import { networkInterfaces } from "node:os";
import { toHex } from "#base/bytes.ts";
import { DNS_TYPE, encodeDnsQuery, readDnsMessage } from "#codec/dns.ts";
import { type DiscoveredUnit, discoveredIn, MDNS_GROUP, MDNS_PORT, SERVICE } from "#wire/sessions/discovery.ts";

interface DiscoverOptions {
  /** How long to listen for answers. */
  readonly waitMs?: number;
  /** A unit whose answer is enough: 24 hexadecimal digits. */
  readonly device?: string;
}

const WAIT_MS = 1_500;
/** A question or an answer may be lost. */
const ASK_EVERY_MS = 400;

/** This phone's own addresses, one per network. The query is sent from each of them. */
function ownAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return all.filter(({ family }) => family === "IPv4").map(({ address }) => address);
}

/** Asks, and listens. @returns Each unit that answered, once, in the order in which they did. */
export async function discover({ waitMs = WAIT_MS, device }: DiscoverOptions = {}): Promise<readonly DiscoveredUnit[]> {
  const found = new Map<string, DiscoveredUnit>();
  const query = encodeDnsQuery(0, { name: SERVICE, type: DNS_TYPE.ptr });
  const sockets: Socket[] = [];
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, waitMs);
    const hear = (bytes: Uint8Array) => {
      const message = readDnsMessage(bytes);
      for (const unit of message === undefined ? [] : discoveredIn(message)) found.set(toHex(unit.deviceId), unit);
      if (device === undefined || !found.has(device)) return;
      clearTimeout(timer);
      resolve();
    };
    for (const address of ownAddresses()) {
      const socket = createSocket({ type: "udp4" });
      sockets.push(socket);
      // A network that can't be asked has no units for us.
      socket.on("error", () => undefined);
      socket.on("message", (bytes) => hear(new Uint8Array(bytes)));
      socket.bind(0, address, () => {
        socket.setMulticastInterface(address);
        socket.setMulticastTTL(255);
        const ask = () => socket.send(query, MDNS_PORT, MDNS_GROUP, () => undefined);
        ask();
        const again = setInterval(ask, ASK_EVERY_MS);
        socket.once("close", () => clearInterval(again));
      });
    }
  });
  for (const socket of sockets) socket.close();
  return [...found.values()];
}
