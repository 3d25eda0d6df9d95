/**
 * A small network of a test's own, on the frames of an emulated unit: a router with DHCP, ARP, DNS and UDP services. It serves
 * one unit and knows no more of the protocols than that takes (RFC 826, 1035, 2131, 2132).
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

const ROUTER_MAC = Buffer.from("024c4b0000fe", "hex");
const ROUTER = [10, 9, 0, 1] as const;
const UNIT = [10, 9, 0, 2] as const;
const [ARP, IP] = [0x0806, 0x0800];
const UDP = 17;

interface LanOptions {
  /** IPv4 addresses for DHCP's option 42. */
  readonly timeServers: readonly (readonly number[])[];
  /** Hosts that its name server knows. */
  readonly hosts: Readonly<Record<string, readonly number[]>>;
  /** What comes back for a datagram to an address and port behind the router; nothing for undefined. */
  answer(to: string, port: number, bytes: Buffer): Uint8Array | undefined;
}

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function udpPacket(from: readonly number[], to: readonly number[], ports: readonly [number, number], body: Uint8Array) {
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(ports[0], 0);
  udp.writeUInt16BE(ports[1], 2);
  udp.writeUInt16BE(8 + body.length, 4);
  const head = Buffer.from([0x45, 0, 0, 0, 0, 0, 0, 0, 64, UDP, 0, 0, ...from, ...to]);
  head.writeUInt16BE(28 + body.length, 2);
  head.writeUInt16BE(checksum(head), 10);
  return Buffer.concat([head, udp, body]);
}

const frame = (to: Buffer, type: number, payload: Uint8Array) =>
  Buffer.concat([
    to,
    ROUTER_MAC,
    Buffer.from([type >> 8, type & 0xff]),
    payload,
    Buffer.alloc(Math.max(0, 46 - payload.length)),
  ]);

/** Offers, then acknowledges, always the same address. */
function dhcpReply(request: Buffer, { timeServers }: LanOptions): Buffer | undefined {
  const options = new Map<number, Buffer>();
  for (let at = 240; at < request.length && request[at] !== 255; at += 2 + (request[at + 1] ?? 0)) {
    options.set(request[at] as number, request.subarray(at + 2, at + 2 + (request[at + 1] ?? 0)));
  }
  const kind = options.get(53)?.[0];
  if (kind !== 1 && kind !== 3) return undefined;
  const reply = Buffer.alloc(240);
  reply.set([2, 1, 6, 0], 0);
  request.copy(reply, 4, 4, 8);
  reply.set(UNIT, 16);
  request.copy(reply, 28, 28, 44);
  reply.set([0x63, 0x82, 0x53, 0x63], 236);
  const [mask, hour] = [
    [255, 255, 255, 0],
    [0, 0, 14, 16],
  ];
  const isAsked = options.get(55)?.includes(42) === true && timeServers.length > 0;
  return Buffer.concat([
    reply,
    Buffer.from([53, 1, kind === 1 ? 2 : 5, 54, 4, ...ROUTER, 51, 4, ...(hour ?? []), 1, 4, ...(mask ?? [])]),
    Buffer.from([3, 4, ...ROUTER, 6, 4, ...ROUTER]),
    Buffer.from(isAsked ? [42, 4 * timeServers.length, ...timeServers.flat()] : []),
    Buffer.from([255]),
  ]);
}

/** Answers a question for an IPv4 address. */
function dnsReply(query: Buffer, { hosts }: LanOptions): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (; (query[at] ?? 0) > 0; at += 1 + (query[at] as number)) {
    labels.push(query.toString("latin1", at + 1, at + 1 + (query[at] as number)));
  }
  const address = hosts[labels.join(".")];
  const head = Buffer.from(query.subarray(0, at + 5));
  head.writeUInt16BE(address === undefined ? 0x8183 : 0x8180, 2);
  head.writeUInt16BE(address === undefined ? 0 : 1, 6);
  const record = address === undefined ? [] : [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address];
  return Buffer.concat([head, Buffer.from(record)]);
}

function serve(packet: Buffer, options: LanOptions, send: (packet: Buffer) => void): void {
  if (packet[9] !== UDP) return;
  const headBytes = 4 * ((packet[0] as number) & 15);
  const [from, to] = [[...packet.subarray(12, 16)], [...packet.subarray(16, 20)]];
  const [fromPort, toPort] = [packet.readUInt16BE(headBytes), packet.readUInt16BE(headBytes + 2)];
  const body = packet.subarray(headBytes + 8, headBytes + packet.readUInt16BE(headBytes + 4));
  if (toPort === 67) {
    const reply = dhcpReply(body, options);
    if (reply !== undefined) send(udpPacket(ROUTER, [255, 255, 255, 255], [67, 68], reply));
    return;
  }
  const reply = toPort === 53 ? dnsReply(body, options) : options.answer(to.join("."), toPort, body);
  if (reply !== undefined) send(udpPacket(to, from, [toPort, fromPort], reply));
}

/** Opens the network. `port` is where the emulator connects. */
export async function startLan(options: LanOptions): Promise<{ readonly port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    let rest = Buffer.alloc(0);
    const put = (bytes: Buffer) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      socket.write(Buffer.concat([length, bytes]));
    };
    socket.on("data", (chunk) => {
      rest = Buffer.concat([rest, chunk as Buffer]);
      while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE(0)) {
        const bytes = rest.subarray(4, 4 + rest.readUInt32BE(0));
        rest = rest.subarray(4 + bytes.length);
        const mac = Buffer.from(bytes.subarray(6, 12));
        const [type, payload] = [bytes.readUInt16BE(12), bytes.subarray(14)];
        if (type === IP) serve(payload, options, (packet) => put(frame(mac, IP, packet)));
        // All addresses but the unit's own are the router's.
        if (type !== ARP || payload.readUInt16BE(6) !== 1 || payload.subarray(24, 28).equals(Buffer.from(UNIT)))
          continue;
        const reply = Buffer.concat([
          Buffer.from([0, 1, 8, 0, 6, 4, 0, 2]),
          ...[ROUTER_MAC, payload.subarray(24, 28), mac, payload.subarray(14, 18)],
        ]);
        put(frame(mac, ARP, reply));
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
