import { createServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { createLink } from "#device/link/link.ts";
import type { LinkTimes } from "#device/link/settings.ts";
import type { InnerEvent } from "#device/machine.ts";
import { nodePrimitives as crypto } from "#trust/host/node-primitives.ts";
import { until } from "../../progress.ts";
import { runOnSockets, type SocketRunner } from "../socket-runner.ts";
import { startOf } from "../start-of.ts";
import { DEVICE, startAedes, startNonceServer, storedFor } from "./peers.ts";

const TIMES: LinkTimes = { answerMs: 2_000, keepAliveS: 10, backOffMs: 100, backOffMaxMs: 1000 };
const ONLINE: InnerEvent = { kind: "online", ipv4: "127.0.0.1" };
const own = (name: string) => `f/lamp/d/${DEVICE}/${name}`;
const isUp = (event: InnerEvent) => event.kind === "link-up";
const isDown = (event: InnerEvent) => event.kind === "link-down";

const stops: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

function startUnit(mqttPort: number, httpPort: number, times = TIMES): SocketRunner {
  const unit = runOnSockets(createLink(crypto, times), storedFor(mqttPort, httpPort));
  stops.push(() => unit.stop());
  return unit;
}

async function startPeers() {
  const nonces = await startNonceServer({});
  const broker = await startAedes(nonces);
  stops.push(
    () => nonces.stop(),
    () => broker.stop(),
  );
  return { nonces, broker };
}

describe("the link, against aedes", () => {
  test("proves its key, comes up, publishes and hears", async () => {
    const { nonces, broker } = await startPeers();
    const unit = startUnit(broker.port, nonces.port);
    unit.show(ONLINE);
    await unit.until("up", isUp);
    const published = new Promise<{ topic: string; payload: Buffer | string; retain: boolean }>((resolve) => {
      broker.aedes.on("publish", (packet) => packet.topic === own("state") && resolve(packet));
    });
    unit.show({ kind: "publish", topic: "state", payload: Uint8Array.of(1, 2), retain: true });
    expect(await published).toMatchObject({ payload: Buffer.from([1, 2]), retain: true });
    const heard = unit.until("a block", (event) => event.kind === "link-message" && event.topic === "block");
    const block = new Uint8Array(4102).fill(7);
    const common = { cmd: "publish", qos: 0, dup: false, retain: false } as const;
    broker.aedes.publish({ ...common, topic: own("block"), payload: Buffer.from(block) }, () => undefined);
    expect(await heard).toMatchObject({ payload: block });
    const forAll = unit.until("a key set", (event) => event.kind === "link-message" && event.topic === "all/keyset");
    broker.aedes.publish({ ...common, topic: "f/lamp/all/keyset", payload: Buffer.from("k") }, () => undefined);
    await forAll;
  });

  test("stays up over keep-alives, and comes back with a fresh nonce after a break", async () => {
    const { nonces, broker } = await startPeers();
    const unit = startUnit(broker.port, nonces.port);
    unit.show(ONLINE);
    let keepAlives = 0;
    broker.aedes.on("ping", () => keepAlives++);
    await unit.until("up", isUp);
    await until("two keep-alives", () => keepAlives > 1 || undefined);
    expect(unit.seen.some(isDown)).toBe(false);
    const up = unit.until("up again", isUp);
    unit.breakConnections();
    await up;
    expect(unit.seen.some(isDown)).toBe(true);
    expect(nonces.asked).toBe(2);
  });

  test("a refused CONNECT never looks like success", async () => {
    const { nonces, broker } = await startPeers();
    broker.aedes.authenticate = (_client, _username, _password, done) => done(null, false);
    const unit = startUnit(broker.port, nonces.port);
    unit.show(ONLINE);
    await until("two tries", () => unit.log.length > 1 || undefined);
    expect(unit.seen.some(({ kind }) => kind === "link-up")).toBe(false);
    expect(unit.log[0]).toMatch(/^link: LINK_REFUSED in connack, again in \d+ ms$/);
  });

  test("a refused subscription is no success either", async () => {
    const { nonces, broker } = await startPeers();
    broker.aedes.authorizeSubscribe = (_client, _subscription, done) => done(null, null);
    const unit = startUnit(broker.port, nonces.port);
    unit.show(ONLINE);
    await until("a try", () => unit.log[0]);
    expect(unit.seen.some(({ kind }) => kind === "link-up")).toBe(false);
    expect(unit.log[0]).toMatch(/LINK_REFUSED in suback/);
  });

  test("its last will says that it is gone", async () => {
    const { nonces, broker } = await startPeers();
    const unit = startUnit(broker.port, nonces.port);
    unit.show(ONLINE);
    await unit.until("up", isUp);
    unit.show({ kind: "publish", topic: "state", payload: Uint8Array.of(1), retain: true });
    const gone = new Promise<void>((resolve) => {
      broker.aedes.on("publish", (packet) => packet.topic === own("state") && packet.payload.length === 0 && resolve());
    });
    unit.stop();
    await gone;
  });

  test("waits for as long as the server asks, within bounds", async () => {
    const { nonces, broker } = await startPeers();
    nonces.refuseWith = { status: 503, retryAfterS: 1 };
    const unit = startUnit(broker.port, nonces.port);
    unit.show(ONLINE);
    const refused = await until("a refusal", () => unit.log[0]);
    const secondMs = Number(/again in (\d+) ms/.exec(refused)?.[1]);
    expect(secondMs).toBeGreaterThanOrEqual(1_000);
    expect(secondMs).toBeLessThan(1_000 * 1.3);
    expect(nonces.asked).toBe(1);
    nonces.refuseWith = undefined;
    await unit.until("up", isUp);
    const message = { cmd: "publish", qos: 0, dup: false, retain: false, topic: own("away") } as const;
    broker.aedes.publish({ ...message, payload: Buffer.from([0x10, 0x0e]) }, () => undefined);
    await unit.until("down", isDown);
    const waitMs = Number(/again in (\d+) ms/.exec(unit.log.at(-1) ?? "")?.[1]);
    expect(waitMs).toBeGreaterThanOrEqual(900_000);
    expect(waitMs).toBeLessThan(900_000 * 1.3);
  });

  test("sends again, marked as such, what was not acknowledged", async () => {
    const { nonces, broker } = await startPeers();
    let withheld = 0;
    broker.aedes.authorizePublish = (_client, _packet, done) => {
      // The first is never answered; the unit gives up on the connection and tries again.
      if (withheld++ > 0) done(null);
    };
    const unit = startUnit(broker.port, nonces.port);
    unit.show(ONLINE);
    await unit.until("up", isUp);
    const arrived = new Promise<Buffer | string>((resolve) => {
      broker.aedes.on("publish", (packet) => packet.topic === own("ask") && resolve(packet.payload));
    });
    unit.show({ kind: "publish", topic: "ask", payload: Uint8Array.of(9, 9, 9), retain: false });
    expect(await arrived).toEqual(Buffer.from([9, 9, 9]));
    expect(unit.log.some((line) => line.includes("LINK_TIMEOUT in up"))).toBe(true);
  });
});

test("every wait ends by itself: nobody answers, or somebody never finishes", async () => {
  const mute = createServer((socket) => socket.on("error", () => undefined));
  await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
  stops.push(() => void mute.close());
  const port = (mute.address() as { port: number }).port;
  const nonces = await startNonceServer({});
  stops.push(() => nonces.stop());
  const deafHttp = startUnit(1, port);
  deafHttp.show(ONLINE);
  const deafBroker = startUnit(port, nonces.port);
  deafBroker.show(ONLINE);
  const nothing = startUnit(1, 1);
  nothing.show(ONLINE);
  for (const unit of [deafHttp, deafBroker, nothing]) await until("a try", () => unit.log[0]);
  expect(deafHttp.log[0]).toMatch(/LINK_TIMEOUT in nonce/);
  expect(deafBroker.log[0]).toMatch(/LINK_TIMEOUT in connack/);
  expect(nothing.log[0]).toMatch(/LINK_REFUSED in nonce/);
  for (const unit of [deafHttp, deafBroker, nothing])
    expect(unit.seen.some(({ kind }) => kind === "link-up")).toBe(false);
});

test("backs off longer each time, never the same for two units", async () => {
  const waits = [0, 1, 2].map(() => {
    const link = createLink(crypto, TIMES);
    const stored = storedFor(1, 1);
    let { state } = link.step(link.initial, { ...startOf(stored), nowMs: 0 });
    ({ state } = link.step(state, { kind: "online", ipv4: "1.2.3.4", nowMs: 0 }));
    const found: number[] = [];
    let nowMs = 0;
    for (let i = 0; i < 8; i++) {
      const step = link.step(state, { kind: "tcp-opening", tag: "link", connection: -1, nowMs });
      found.push((step.wakeAtMs ?? 0) - nowMs);
      nowMs = step.wakeAtMs ?? 0;
      ({ state } = link.step(step.state, { kind: "timer", nowMs }));
    }
    return found;
  });
  for (const found of waits) {
    found.forEach((waitMs, i) => {
      const longestMs = Math.min(TIMES.backOffMaxMs, TIMES.backOffMs * 2 ** i);
      expect(waitMs).toBeGreaterThanOrEqual(longestMs / 2);
      expect(waitMs).toBeLessThanOrEqual(longestMs + 1);
    });
  }
  expect(new Set(waits.map(String)).size).toBe(3);
});
