/**
 * The environment of the simulated home: virtual time, the air, and a network that loses and duplicates packets, all
 * from one seed.
 */
import { concat } from "#base/bytes.ts";
import { type Result, refuse } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import { createAgenda } from "#boards/sim/host/agenda.ts";
import { createLoss } from "#boards/sim/host/air/loss.ts";
import { BROADCAST, createAir } from "#boards/sim/host/air/model.ts";
import { createRandomSource, type RandomSource } from "#boards/sim/host/air/random-source.ts";
import type { HomeSurroundings, HomeUnit } from "#boards/sim/host/home-unit.ts";
import type { DatagramTransport } from "#phone/datagrams.ts";
import type { Transport } from "#phone/transport.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { PATH, readRefusal } from "#wire/sessions/session.ts";
import type { WireEnd } from "./home-cloud.ts";
import { createHomeConnections, FIRST_OWN } from "./home-connections.ts";

export const NETWORK = { ssid: utf8("Seeded"), passphrase: utf8("same seed, same trace"), channel: 6 } as const;
const BSSID = Uint8Array.of(0xa0, 0xb1, 0xc2, 0xd3, 0xe4, 0xf5);
const PHONE = Uint8Array.of(0x02, 0, 0, 0, 0, 9);
const ADDRESS = "192.168.7.20";
const AIR_TICK_MS = 10;
const ANSWER_MS = 3000;

export interface HomeWorld {
  readonly random: RandomSource;
  readonly around: HomeSurroundings;
  nowMs(): number;
  wait(ms: number): Promise<void>;
  /** Tells the world which unit is in it, and who answers at the other end of what it opens. */
  settle(unit: HomeUnit, accept: (port: number, unit: WireEnd) => WireEnd | undefined): void;
  /** Holds time still until the work is done. */
  hold(work: Promise<unknown>): void;
  /** The phone's datagrams, over the simulated air. */
  datagrams(): DatagramTransport;
  /** The phone's session bytes; answers may get lost on the way. */
  transport(loss: number): Transport;
  /** Lets time pass until the work is done. */
  play(work: Promise<void>): Promise<void>;
  readonly lines: readonly string[];
}

export function createHomeWorld(seed: number): HomeWorld {
  const agenda = createAgenda();
  const random = createRandomSource(seed);
  const misses = createLoss({ rate: random.below(40) / 100 }, random);
  const lines: string[] = [];
  let nowMs = 0;
  let unit: HomeUnit | undefined;
  let listening = 0;
  let isAirOn = false;
  const hearers = new Map<number, (bytes: Uint8Array, peer: string) => void>();
  const held: Promise<unknown>[] = [];
  let accept: (port: number, unit: WireEnd) => WireEnd | undefined = () => undefined;
  const answers = new Map<number, { bytes: Uint8Array; done(): void }>();
  const trace = (text: string) => void lines.push(`${nowMs.toFixed(0).padStart(8)} ${text}`);
  const after = (ms: number, work: () => void) => agenda.add(nowMs + ms, work);
  const wait = (ms: number) => new Promise<void>((resolve) => after(ms, resolve));
  const own = createHomeConnections({
    ...{ random, after, nowMs: () => nowMs },
    deliver: (event) => unit?.deliver(event),
    accept: (port, end) => accept(port, end),
  });
  const air = createAir(
    { bssid: BSSID, channel: NETWORK.channel, cipher: "ccmp", firstBeaconUs: random.below(102_400) },
    random,
  );

  function breathe(): void {
    if (!isAirOn) return;
    air.advance(nowMs * 1000, (frame) => {
      if (frame.channel === listening && !misses()) unit?.deliver({ kind: "radio-frame", ...frame });
    });
    after(AIR_TICK_MS, breathe);
  }
  const around: HomeSurroundings = {
    // Keys and nonces are drawn from the seed too, or two runs would differ; nothing here is a secret.
    crypto: { ...nodePrimitives, random: (byteLength) => random.bytes(byteLength) },
    random,
    nowMs: () => nowMs,
    after,
    trace,
    radio: {
      country: () => undefined,
      scan: () =>
        unit?.deliver(
          {
            kind: "radio-scan",
            accessPoints: [
              { ssid: NETWORK.ssid, bssid: BSSID, channel: NETWORK.channel, rssiDbm: -50, cipher: "ccmp" },
            ],
          },
          120,
        ),
      listen: (channel) => {
        listening = channel;
      },
      join: (ssid, passphrase) => {
        const isRight =
          Buffer.compare(ssid, NETWORK.ssid) === 0 && Buffer.compare(passphrase, NETWORK.passphrase) === 0;
        trace(`unit joins: ${isRight}`);
        if (isRight) unit?.deliver({ kind: "radio-joined", ipv4: ADDRESS, mac: new Uint8Array(6), bssid: BSSID }, 60);
        else unit?.deliver({ kind: "radio-join-failed", reason: "refused" }, 60);
      },
      leave: () => undefined,
      accessPoint: () => undefined,
    },
    tcpOpen: (_, port) => own.open(port),
    stopped: () => own.forget(),
    tcpOut(connection, bytes) {
      if (connection >= FIRST_OWN) return own.write(connection, bytes);
      const answer = answers.get(connection);
      if (answer === undefined) return;
      answer.bytes = concat(answer.bytes, bytes);
      answer.done();
    },
    tcpClosed: (connection) => (connection >= FIRST_OWN ? own.close(connection) : void answers.delete(connection)),
    udpOut(_, port, bytes) {
      // Lost, once, or twice: as datagrams are.
      const copies = random.next() < 0.2 ? 0 : random.next() < 0.2 ? 2 : 1;
      for (let i = 0; i < copies; i++) after(1 + random.below(20), () => hearers.get(port)?.(bytes, ADDRESS));
    },
  };

  function exchange(path: keyof typeof PATH, body: Uint8Array, loss: number): Promise<Result<Uint8Array>> {
    const connection = [0, 1, 2, 3].find((each) => !answers.has(each)) ?? 0;
    const head = `${path === "key" ? "GET" : "POST"} ${PATH[path]} HTTP/1.1\r\nHost: ${ADDRESS}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
    const request = concat(utf8(head), body);
    return new Promise((resolve) => {
      const end = (result: Result<Uint8Array>) => {
        if (answers.get(connection) === entry) answers.delete(connection);
        resolve(result);
      };
      const isLost = random.next() < loss;
      const entry = {
        bytes: new Uint8Array(0),
        done() {
          const answer = readAnswer(entry.bytes);
          if (answer === undefined) return;
          if (isLost) return trace("an answer is lost");
          after(1 + random.below(10), () => end(answer));
        },
      };
      answers.set(connection, entry);
      after(ANSWER_MS, () => end(refuse("SESSION_UNREACHABLE")));
      const cutAt = 1 + random.below(request.length - 1);
      unit?.deliver({ kind: "tcp-accepted", connection, port: 8080, peer: "192.168.7.9", isOnSubnet: true }, 1);
      unit?.deliver({ kind: "tcp-data", connection, bytes: request.slice(0, cutAt) }, 2);
      unit?.deliver({ kind: "tcp-data", connection, bytes: request.slice(cutAt) }, 3 + random.below(30));
    });
  }
  return {
    random,
    around,
    lines,
    nowMs: () => nowMs,
    wait,
    hold: (work) => void held.push(work),
    settle(settled, server) {
      unit = settled;
      accept = server;
    },
    datagrams() {
      isAirOn = true;
      breathe();
      return {
        send: (_, __, byteLength) => air.send(nowMs * 1000, { sa: PHONE, da: BROADCAST, byteLength }),
        answer: () => undefined,
        listen: async (port, receive) => void hearers.set(port, receive),
        close: () => {
          isAirOn = false;
          hearers.clear();
        },
        nowMs: () => nowMs,
        wait,
      };
    },
    transport: (loss) => ({ exchange: (path, body) => exchange(path, body, loss), close: async () => undefined }),
    async play(work) {
      let isOver = false;
      const over = work.finally(() => {
        isOver = true;
      });
      while (!isOver) {
        const next = agenda.next();
        if (next !== undefined) nowMs = next.atMs;
        for (const each of next?.works ?? []) each();
        while (held.length > 0) await Promise.all(held.splice(0));
        // Lets promises that these works have settled go on before the next moment comes.
        await new Promise((resolve) => setImmediate(resolve));
      }
      return over;
    },
  };
}

/** The answer in what came so far, or undefined while it is incomplete. */
function readAnswer(bytes: Uint8Array): Result<Uint8Array> | undefined {
  const text = Buffer.from(bytes).toString("latin1");
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const announced = Number(/content-length: *(\d+)/i.exec(text.slice(0, headEnd))?.[1] ?? 0);
  const body = bytes.slice(headEnd + 4);
  if (body.length < announced) return undefined;
  const status = Number(text.slice(9, 12));
  return status >= 200 && status < 300 ? { ok: true, value: body } : refuse(readRefusal(body));
}
