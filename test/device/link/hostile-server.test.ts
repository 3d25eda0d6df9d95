/**
 * A unit whose server wishes it ill: the broker itself, or whoever sits on a link without TLS. The shipped bundle runs on the
 * simulated board, within its arena, over real sockets.
 */
import { createServer, type Server, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodePublish } from "#codec/mqtt.ts";
import { encodeNonceAnswer } from "#wire/link/link-auth.ts";
import { type LinkedBoard, startLinkedBoard } from "../../tls/linked-board.ts";
import { DEVICE } from "./peers.ts";

/** Answers with the socket that connected, each time something came over it. */
type Answer = (socket: Socket, heard: Uint8Array) => void;

async function listening(answer: () => Answer): Promise<Server & { readonly port: number }> {
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => answer()(socket, bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(server, { port: (server.address() as { port: number }).port });
}

/** Sends byte by byte, each in a segment of its own, as long as the peer is there. */
async function dribble(socket: Socket, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length && !socket.destroyed; at++) {
    await new Promise<void>((resolve) => socket.write(bytes.subarray(at, at + 1), () => resolve()));
    for (let i = 0; i < 4; i++) await turn();
  }
}

const HEAD = "HTTP/1.1 200 OK\r\nContent-Length: ";
const text = (value: string) => new TextEncoder().encode(value);
const nonce = encodeNonceAnswer({ nonce: new Uint8Array(16), register: false, mqtt5: false });
const giveNonce: Answer = (socket) => {
  socket.end(Buffer.concat([text(`${HEAD}${nonce.length}\r\n\r\n`), nonce]));
};
const CONNACK = Uint8Array.of(0x20, 2, 0, 0);

describe("a server that wishes a unit ill", () => {
  let http: Server & { readonly port: number };
  let mqtt: Server & { readonly port: number };
  let unit: LinkedBoard;
  let onHttp: Answer = giveNonce;
  let onMqtt: Answer = () => undefined;
  const failures: unknown[] = [];

  /** Takes the unit's CONNECT and SUBSCRIBE, then does its worst. */
  const upThen =
    (worst: (socket: Socket) => void): Answer =>
    (socket, heard) => {
      const type = (heard[0] ?? 0) >> 4;
      if (type === 1) socket.write(CONNACK);
      if (type !== 8) return;
      // Seven filters at most, each with its code.
      const codes = heard.length > 2 ? filtersIn(heard) : 0;
      socket.write(Uint8Array.of(0x90, 2 + codes, heard[2] ?? 0, heard[3] ?? 0, ...new Uint8Array(codes)));
      worst(socket);
    };
  function filtersIn(packet: Uint8Array): number {
    const body = (packet[1] ?? 0) < 128 ? 2 : 3;
    let [at, count] = [body + 2, 0];
    for (; at < packet.length; count++) at += 3 + (((packet[at] ?? 0) << 8) | (packet[at + 1] ?? 0));
    return count;
  }

  beforeAll(async () => {
    http = await listening(() => onHttp);
    mqtt = await listening(() => onMqtt);
    unit = await startLinkedBoard("sim", { mqttPort: mqtt.port, httpPort: http.port });
    unit.station.unit()?.onNotice((notice) => "failure" in notice && failures.push(notice));
  });
  afterAll(async () => {
    await unit?.close();
    http?.close();
    mqtt?.close();
  });

  /** Both lines may come at once. */
  async function comesUpAndFails(): Promise<void> {
    const lines = [unit.next(/link: up/), unit.next(/LINK_\w+ in up/)];
    unit.rejoin();
    await Promise.all(lines);
  }

  it("does not use its memory up by sending one byte in each segment", async () => {
    onHttp = (socket) => void dribble(socket, text(`HTTP/1.1 200 OK\r\nX: ${"a".repeat(4_000)}`));
    const refused = unit.next(/HTTP_RESPONSE in nonce/);
    unit.rejoin();
    await refused;
    onHttp = giveNonce;
    const begun = encodePublish(4, {
      ...{
        topic: "f/lamp/all/keyset",
        payload: new Uint8Array(4_200),
        qos: 0,
        retain: false,
        isAgain: false,
        packetId: 0,
      },
    });
    onMqtt = upThen((socket) => void dribble(socket, begun).then(() => socket.end()));
    await comesUpAndFails();
    expect(failures).toEqual([]);
  });

  it("does not use its memory up by hundreds of the smallest packets in each segment", async () => {
    const smallest = {
      topic: "a",
      payload: new Uint8Array(0),
      qos: 1,
      retain: false,
      isAgain: false,
      packetId: 1,
    } as const;
    const many = Buffer.concat(Array.from({ length: 4_000 }, () => encodePublish(4, smallest)));
    onMqtt = upThen((socket) => void socket.write(many, () => socket.end()));
    await comesUpAndFails();
    expect(failures).toEqual([]);
  });

  it("does not fill its table of topics", async () => {
    onMqtt = upThen((socket) => {
      const topic = "a".repeat(4_000);
      const long = { topic, payload: new Uint8Array(0), qos: 0, retain: false, isAgain: false, packetId: 0 } as const;
      socket.write(encodePublish(4, long));
    });
    const refused = unit.next(/LINK_PACKET in up/);
    unit.rejoin();
    await refused;
    expect(failures).toEqual([]);
  });

  it("does not send it away for days by one answer", async () => {
    const wayToStay = async (answer: () => void) => {
      answer();
      const line = unit.next(/again in (\d+) ms/);
      unit.rejoin();
      return Number((await line)[1]);
    };
    for (const seconds of ["999999", "86400"]) {
      const awayMs = await wayToStay(() => {
        onHttp = (socket) => socket.end(`HTTP/1.1 503 Busy\r\nRetry-After: ${seconds}\r\n\r\n`);
      });
      expect(awayMs).toBeGreaterThanOrEqual(900_000);
      expect(awayMs).toBeLessThanOrEqual(1.25 * 900_000);
    }
    const awayMs = await wayToStay(() => {
      onHttp = giveNonce;
      onMqtt = upThen((socket) => {
        const payload = Uint8Array.of(0xff, 0xff);
        const away = { topic: `f/lamp/d/${DEVICE}/away`, payload, qos: 0, retain: false } as const;
        socket.write(encodePublish(4, { ...away, isAgain: false, packetId: 0 }));
      });
    });
    expect(awayMs).toBeLessThanOrEqual(1.25 * 900_000);
    expect(awayMs).toBeGreaterThanOrEqual(900_000);
  });
});
