/** Limits on what a client may occupy: sessions, handshakes, and requests that cost a signature. */

import { describe, expect, it } from "vitest";
import { concat } from "#base/bytes.ts";
import type { Fault } from "#base/faults.ts";
import { flashLogIn } from "#device/flash-log.ts";
import { createGate } from "#device/gate/gate.ts";
import type { Effect } from "#device/machine.ts";
import { call } from "#phone/call.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { initiate } from "#trust/sessions/edhoc-initiator.ts";
import { SUITE_4 } from "#trust/sessions/edhoc-suite.ts";
import { LEVEL } from "#wire/grants/scope.ts";
import { MESSAGE_1_MARK } from "#wire/sessions/session.ts";
import { appNamed } from "../app-named.ts";
import { startOf } from "../start-of.ts";
import { childOf, connect, connected, faultOf, ownerOf } from "./callers.ts";
import { ADDRESS, createWorld, emptyAuditFlash, seedOf, TCP_PORT, type World } from "./world.ts";

const message1 = () => concat(Uint8Array.of(MESSAGE_1_MARK), initiate(primitives, SUITE_4, Uint8Array.of(0)).message1);

const guest = (world: World, fill: number) => childOf(ownerOf(world), seedOf(fill));

async function guests(world: World, count: number) {
  const sessions = [];
  for (let i = 0; i < count; i++) {
    sessions.push(await connected(world, guest(world, 10 + i), world.lan(`10.0.1.${i}`)));
    world.advance(2000);
  }
  return sessions;
}

describe("sessions", () => {
  it("are at most four, and a fifth guest waits", async () => {
    const world = createWorld();
    const sessions = await guests(world, 4);
    expect(faultOf(await connect(world, guest(world, 30), world.lan("10.0.2.1")))).toBe("SESSION_FULL");
    for (const session of sessions) expect((await call(session, "setLamp", { on: true })).ok).toBe(true);
  });

  it("give way to the owner, who is never kept out, but the owner's own never to a guest", async () => {
    const world = createWorld();
    const sessions = await guests(world, 4);
    const owner = await connected(world, ownerOf(world));
    expect((await call(owner, "setLamp", { on: true })).ok).toBe(true);
    expect(faultOf(await call(sessions[0] as (typeof sessions)[0], "setLamp", { on: true }))).toBe("SESSION_UNKNOWN");
    expect((await call(sessions[1] as (typeof sessions)[0], "setLamp", { on: true })).ok).toBe(true);
    world.advance(5000);
    expect(faultOf(await connect(world, guest(world, 30), world.lan("10.0.2.1")))).toBe("SESSION_FULL");
    expect((await call(owner, "setLamp", { on: true })).ok).toBe(true);
  });

  it("of one guest are at most two, under however many keys that guest signed", async () => {
    const world = createWorld();
    const host = childOf(ownerOf(world), seedOf(60), { scope: LEVEL.noFlash });
    const away = world.relay();
    const crowd = [];
    for (let i = 0; i < 4; i++) {
      crowd.push(await connected(world, childOf(host, seedOf(61 + i)), away));
      world.advance(2000);
    }
    const others = await guests(world, 2);
    // A session that is over may find its identifier with another one.
    const open = await Promise.all([...crowd, ...others].map(async (each) => (await call(each, "setLamp")).ok));
    expect(open).toEqual([false, false, true, true, true, true]);
  });

  it("of one holder are at most two: the holder's oldest gives way, nobody else's", async () => {
    const world = createWorld();
    const [other] = await guests(world, 1);
    const mine = [];
    for (let i = 0; i < 3; i++) {
      mine.push(await connected(world, guest(world, 20), world.lan(`10.0.3.${i}`)));
      world.advance(2000);
    }
    expect(faultOf(await call(mine[0] as (typeof mine)[0], "setLamp", { on: true }))).toBe("SESSION_UNKNOWN");
    expect((await call(mine[1] as (typeof mine)[0], "setLamp", { on: true })).ok).toBe(true);
    expect((await call(mine[2] as (typeof mine)[0], "setLamp", { on: true })).ok).toBe(true);
    expect((await call(other as (typeof mine)[0], "setLamp", { on: true })).ok).toBe(true);
  });

  it("end when they are idle for five minutes, and not before", async () => {
    const world = createWorld();
    const session = await connected(world, ownerOf(world));
    world.advance(299_000);
    expect((await call(session, "setLamp", { on: true })).ok).toBe(true);
    world.advance(299_000);
    expect((await call(session, "setLamp", { on: true })).ok).toBe(true);
    world.advance(300_000);
    expect(faultOf(await call(session, "setLamp", { on: true }))).toBe("SESSION_UNKNOWN");
    expect(world.calls).toHaveLength(2);
  });

  it("don't outlive a restart", async () => {
    const world = createWorld();
    const session = await connected(world, ownerOf(world));
    world.restart();
    expect(faultOf(await call(session, "setLamp", { on: true }))).toBe("SESSION_UNKNOWN");
  });
});

describe("handshakes", () => {
  it("that nobody finishes never end a session", async () => {
    const world = createWorld();
    const sessions = await guests(world, 4);
    for (let i = 0; i < 50; i++) {
      await world.lan(`10.9.0.${i}`).exchange("edhoc", message1());
      world.advance(500);
    }
    for (const session of sessions) expect((await call(session, "setLamp", { on: true })).ok).toBe(true);
  });

  it("are counted per source before any signature is made or checked", async () => {
    const world = createWorld();
    let costs = 0;
    const counting = {
      ...primitives,
      ed25519Sign: (message: Uint8Array, seed: Uint8Array) => {
        costs++;
        return primitives.ed25519Sign(message, seed);
      },
      x25519: (scalar: Uint8Array, point: Uint8Array) => {
        costs++;
        return primitives.x25519(scalar, point);
      },
    };
    const gate = createGate({
      crypto: counting,
      app: appNamed([]),
      tcpPort: TCP_PORT,
      audit: flashLogIn(emptyAuditFlash(), undefined),
    });
    let state = gate.initial;
    const stored = { get: (name: string) => world.stored.get(name), names: () => [] };
    state = gate.step(state, { ...startOf(stored), nowMs: 0 }).state;
    state = gate.step(state, { kind: "online", ipv4: ADDRESS, nowMs: 0 }).state;
    costs = 0;
    const knock = (peer: string, body: Uint8Array) => {
      const connection = 1;
      const head = `POST /.well-known/edhoc HTTP/1.1\r\nHost: ${ADDRESS}\r\nContent-Length: ${body.length}\r\n\r\n`;
      const effects: Effect[] = [];
      for (const event of [
        { kind: "tcp-accepted", connection, port: TCP_PORT, peer, isOnSubnet: true },
        { kind: "tcp-data", connection, bytes: concat(new TextEncoder().encode(head), body) },
        { kind: "tcp-closed", connection },
      ] as const) {
        const step = gate.step(state, { ...event, nowMs: 1000 });
        state = step.state;
        effects.push(...step.effects);
      }
      const answer = effects.find((effect) => effect.kind === "tcp-write");
      return answer === undefined ? "" : new TextDecoder("latin1").decode(answer.bytes).split("\r\n")[0];
    };
    const answers = Array.from({ length: 100 }, () => knock("10.0.0.66", message1()));
    expect(answers.filter((line) => line === "HTTP/1.1 200 OK")).toHaveLength(6);
    expect(answers.filter((line) => line === "HTTP/1.1 429 Too Many Requests")).toHaveLength(94);
    expect(costs).toBe(6 * 3);
    // Another source still gets in, and what is malformed costs nothing at all.
    expect(knock("10.0.0.2", message1())).toBe("HTTP/1.1 200 OK");
    costs = 0;
    expect(knock("10.0.0.3", Uint8Array.of(MESSAGE_1_MARK, 0, 4, 0x41, 0, 0))).toBe("HTTP/1.1 400 Bad Request");
    expect(costs).toBe(0);
  });

  it("from everywhere at once are bounded too, and a session goes on meanwhile", async () => {
    const world = createWorld();
    const session = await connected(world, ownerOf(world));
    const faults: (Fault | "accepted")[] = [];
    for (let i = 0; i < 100; i++)
      faults.push(faultOf(await world.lan(`10.9.1.${i}`).exchange("edhoc", message1())) as Fault);
    expect(faults.filter((fault) => fault === "accepted").length).toBeLessThanOrEqual(12);
    expect(faults.filter((fault) => fault === "SESSION_RATE").length).toBeGreaterThanOrEqual(88);
    expect((await call(session, "setLamp", { on: true })).ok).toBe(true);
    world.advance(10_000);
    expect((await connect(world, ownerOf(world))).ok).toBe(true);
  });

  it("are forgotten after ten seconds", async () => {
    const world = createWorld();
    const slow = world.lan();
    const late: Awaited<ReturnType<typeof slow.exchange>>[] = [];
    world.tamper = {
      request: (path, body) => {
        if (path === "edhoc" && body[0] !== MESSAGE_1_MARK) world.advance(10_000);
        return body;
      },
    };
    late.push((await connect(world, ownerOf(world), slow)) as never);
    expect(faultOf(late[0] as never)).toBe("SESSION_UNKNOWN");
  });

  it("of another method or suite are answered as RFC 9528 says", async () => {
    const world = createWorld();
    const first = message1();
    const wrongSuite = first.slice();
    wrongSuite[2] = 0;
    expect(faultOf(await world.lan().exchange("edhoc", wrongSuite))).toBe("EDHOC_SUITE");
    const wrongMethod = first.slice();
    wrongMethod[1] = 3;
    expect(faultOf(await world.lan().exchange("edhoc", wrongMethod))).toBe("EDHOC_METHOD");
    expect(faultOf(await world.lan().exchange("edhoc", new Uint8Array(0)))).toBe("SESSION_UNKNOWN");
  });
});

describe("a bare unit", () => {
  it("listens to nobody", () => {
    const world = createWorld();
    world.stored.delete("provisioned");
    world.effects.length = 0;
    world.restart();
    expect(world.effects).toEqual([]);
    world.show({ kind: "tcp-accepted", connection: 1, port: TCP_PORT, peer: "10.0.0.2", isOnSubnet: true });
    expect(world.effects).toEqual([]);
  });
});
