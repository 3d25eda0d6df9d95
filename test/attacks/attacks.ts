/**
 * What somebody on the unit's network can do to it without any key. Each goes on until it is stopped, and comes back when the
 * unit throws it out. A new attack is one more entry of ATTACKS: the tests of every board and `bench flood` run them all.
 */
import { createSocket } from "node:dgram";
import { connect, type Socket } from "node:net";
import { concat } from "#base/bytes.ts";
import { MDNS_PORT } from "#wire/sessions/discovery.ts";
import type { Attack, Running, Target } from "./attack.ts";
import { synFlood } from "./wire.ts";

/** Where the attacker's connections come from, on the simulated board. */
const ATTACKER = "127.0.0.66";

/** Keeps so many connections open, each treated in one way when it is open. */
function connections(target: Target, count: number, treat: (socket: Socket, sent: () => void) => () => void): Running {
  const sockets = new Set<Socket>();
  let isOver = false;
  let sent = 0;
  const open = () => {
    if (isOver) return;
    const socket = connect({ host: target.host, port: target.port, localAddress: ATTACKER });
    let stop = () => {};
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    socket.on("connect", () => {
      stop = treat(socket, () => void sent++);
    });
    socket.on("close", () => {
      stop();
      sockets.delete(socket);
      setTimeout(open, 20);
    });
  };
  for (let i = 0; i < count; i++) open();
  return {
    sent: () => sent,
    stop() {
      isOver = true;
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Writes something again and again, as fast as the connection takes it. */
function pour(socket: Socket, bytes: () => Uint8Array, sent: () => void): () => void {
  let isOver = false;
  const next = () => {
    if (isOver || socket.destroyed) return;
    sent();
    if (socket.write(bytes())) setImmediate(next);
    else socket.once("drain", next);
  };
  next();
  return () => {
    isOver = true;
  };
}

/** Does something so many times a second. */
function every(ms: number, work: () => void): () => void {
  const timer = setInterval(work, ms);
  return () => clearInterval(timer);
}

const ascii = (text: string) => new TextEncoder().encode(text);
const keyRequest = ({ host }: Target) => ascii(`GET /latchkey/key HTTP/1.1\r\nHost: ${host}\r\n\r\n`);

const u16 = (...values: readonly number[]) => Uint8Array.from(values.flatMap((value) => [value >> 8, value & 255]));

/** Known answers whose names lead through a chain of pointers. */
function pointerChains(): Uint8Array {
  const chain = Array.from({ length: 400 }, (_, i) => 0xc000 | (i === 0 ? 12 : 23 + 2 * (i - 1)));
  const parts = [u16(7, 0, 0, 45, 0, 0), Uint8Array.of(0), u16(16, 1, 0, 9, 800), u16(...chain)];
  const end = 0xc000 | (23 + 2 * 399);
  for (let at = 823; at + 14 <= 1_472; at += 14) parts.push(u16(end, 12, 1, 0, 9, 2, end));
  return concat(...parts);
}

/** Questions whose names lead back through all those before them: read before anything else is. */
function chainOfQuestions(): Uint8Array {
  const parts = [u16(7, 0, 240, 0, 0, 0), Uint8Array.of(0), u16(12, 1)];
  for (let place = 17, last = 12; place + 6 <= 1_472; last = place, place += 6) parts.push(u16(0xc000 | last, 12, 1));
  return concat(...parts);
}

const ATTACKS: readonly Attack[] = [
  {
    name: "pipelined requests whose answers are never read",
    unit: "requests",
    start: (target) =>
      connections(target, 3, (socket, sent) => {
        socket.pause();
        return pour(socket, () => keyRequest(target), sent);
      }),
  },
  {
    name: "a header of two thousand spaces",
    unit: "requests",
    start: (target) =>
      connections(target, 1, (socket, sent) => {
        socket.resume();
        const head = ascii(`GET / HTTP/1.1\r\nX: ${" ".repeat(1_990)}x\r\n\r\n`);
        sent();
        socket.write(head);
        return () => undefined;
      }),
  },
  {
    name: "datagrams of pointer chains to the mDNS port",
    unit: "datagrams",
    start(target) {
      const socket = createSocket("udp4");
      const datagrams = [pointerChains(), chainOfQuestions()];
      let sent = 0;
      socket.bind(0, ATTACKER);
      socket.on("error", () => undefined);
      const stop = every(2, () => {
        socket.send(datagrams[sent++ % 2] as Uint8Array, MDNS_PORT, target.host, () => undefined);
      });
      return {
        sent: () => sent,
        stop() {
          stop();
          socket.close();
        },
      };
    },
  },
  {
    name: "eight silent connections",
    unit: "connections",
    start: (target) =>
      connections(target, 8, (_socket, sent) => {
        sent();
        return () => undefined;
      }),
  },
  {
    name: "eight connections that send a byte now and then",
    unit: "bytes",
    start: (target) =>
      connections(target, 8, (socket, sent) => {
        const drip = () => {
          sent();
          socket.write("P");
        };
        drip();
        return every(1_000, drip);
      }),
  },
  {
    name: "one byte a segment, as fast as they are taken",
    unit: "bytes",
    start: (target) => connections(target, 2, (socket, sent) => pour(socket, () => Uint8Array.of(80), sent)),
  },
  { name: "begun connections that are never completed", unit: "segments", isOnWire: true, start: synFlood },
];

/** Those that can be tried on a board. */
export const attacksOn = (board: string): readonly Attack[] =>
  ATTACKS.filter(({ isOnWire = false }) => board !== "sim" || !isOnWire);
