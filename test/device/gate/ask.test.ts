/** Caveats of a link within a session: place, number of uses, arguments. */
import { describe, expect, it } from "vitest";
import type { Cbor } from "#codec/cbor.ts";
import { call } from "#phone/call.ts";
import type { Session } from "#phone/session.ts";
import { chainOf, issueGrant } from "#trust/grants/mint.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { OWN } from "#wire/flash/stored-names.ts";
import type { Caveat } from "#wire/grants/caveat.ts";
import { LEVEL, scopeOf } from "#wire/grants/scope.ts";
import { BODY_BYTES_MAX } from "#wire/sessions/session.ts";
import { type Caller, childOf, connected, faultOf, ownerOf } from "./callers.ts";
import { createWorld, cti, issuer, NOW_S, seedOf, type World } from "./world.ts";

const on = (session: Session) => call(session, "setLamp", { on: true });
const guestWith = (world: World, ...caveats: Caveat[]) => childOf(ownerOf(world), seedOf(9), { caveats });

describe("where a caller is", () => {
  it("counts for a link that is good on the unit's own network only", async () => {
    const world = createWorld();
    const guest = guestWith(world, { kind: "lanOnly" });
    expect((await on(await connected(world, guest))).ok).toBe(true);
    expect(faultOf(await on(await connected(world, guest, world.relay())))).toBe("CAVEAT_LAN");
  });

  it("counts for the very record, not for where the session was opened", async () => {
    const world = createWorld();
    const [lan, relay] = [world.lan(), world.relay()];
    let transport = lan;
    const moving = { ...lan, exchange: (...args: Parameters<typeof lan.exchange>) => transport.exchange(...args) };
    const session = await connected(world, guestWith(world, { kind: "lanOnly" }), moving);
    expect((await on(session)).ok).toBe(true);
    transport = relay;
    expect(faultOf(await on(session))).toBe("CAVEAT_LAN");
  });

  it("may have to be beside the unit, holding its button", async () => {
    const world = createWorld();
    const session = await connected(world, guestWith(world, { kind: "buttonHeld", heldMs: 500 }));
    expect(faultOf(await on(session))).toBe("CAVEAT_BUTTON");
    world.show({ kind: "button", heldMs: 499 });
    expect(faultOf(await on(session))).toBe("CAVEAT_BUTTON");
    world.show({ kind: "button", heldMs: 500 });
    expect((await on(session)).ok).toBe(true);
    world.advance(30_000);
    expect(faultOf(await on(session))).toBe("CAVEAT_BUTTON");
  });
});

describe("how often", () => {
  it("a link may be used is counted over sessions and restarts", async () => {
    const world = createWorld();
    const guest = guestWith(world, { kind: "uses", count: 3 });
    expect((await on(await connected(world, guest))).ok).toBe(true);
    const session = await connected(world, guest, world.relay());
    expect((await on(session)).ok).toBe(true);
    world.restart();
    const again = await connected(world, guest);
    expect((await on(again)).ok).toBe(true);
    expect(faultOf(await on(again))).toBe("CAVEAT_USES");
    expect(world.calls).toHaveLength(3);
  });

  it("is stored before the app is asked, so that a power cut gives nothing back", async () => {
    const world = createWorld();
    const session = await connected(world, guestWith(world, { kind: "uses", count: 3 }));
    world.effects.length = 0;
    await on(session);
    const order = world.effects.map((effect) => (effect.kind === "store" ? effect.name : effect.kind));
    expect(order.indexOf(OWN.usage)).toBeGreaterThanOrEqual(0);
    expect(order.indexOf(OWN.usage)).toBeLessThan(order.indexOf("call"));
  });

  it("a lost answer doesn't count twice, and a refusal not at all", async () => {
    const world = createWorld();
    const session = await connected(world, guestWith(world, { kind: "uses", count: 2 }));
    let lost = false;
    world.tamper = {
      reply: (_, body) => {
        if (lost) return body;
        lost = true;
        return undefined;
      },
    };
    expect((await on(session)).ok).toBe(true);
    expect(faultOf(await call(session, "lamp"))).toBe("GRANT_RIGHT");
    expect((await on(session)).ok).toBe(true);
    expect(faultOf(await on(session))).toBe("CAVEAT_USES");
  });

  it("in a span of time is bounded, and a restart doesn't clear it", async () => {
    const world = createWorld();
    const guest = guestWith(world, { kind: "rate", count: 2, windowS: 60 });
    const session = await connected(world, guest);
    expect((await on(session)).ok).toBe(true);
    world.advance(30_000);
    expect((await on(session)).ok).toBe(true);
    expect(faultOf(await on(session))).toBe("CAVEAT_RATE");
    world.restart();
    const again = await connected(world, guest);
    expect(faultOf(await on(again))).toBe("CAVEAT_RATE");
    world.advance(60_000);
    expect((await on(again)).ok).toBe(true);
  });

  it("can't be counted for more links than there is room: the next are refused, none forgotten", async () => {
    const world = createWorld();
    const caveats = [{ kind: "uses", count: 1 }] as const;
    for (let i = 0; i < 34; i++) {
      const session = await connected(world, childOf(ownerOf(world), seedOf(100 + i), { caveats }));
      expect(faultOf(await on(session)), `link ${i}`).toBe(i < 32 ? "accepted" : "CAVEAT_USES");
      await session.close();
      world.advance(5000);
    }
    const first = await connected(world, childOf(ownerOf(world), seedOf(9)));
    expect((await on(first)).ok).toBe(true);
  });
});

describe("what an argument may be", () => {
  it("is decided before the app sees it", async () => {
    const world = createWorld();
    const caveat = { kind: "argument", function: "dim", argument: "percent", min: 0, max: 50 } as const;
    const guest = childOf(ownerOf(world), seedOf(9), { scope: scopeOf({ dim: ["call"] }), caveats: [caveat] });
    const session = await connected(world, guest);
    expect((await call(session, "dim", { percent: 50 })).ok).toBe(true);
    expect(faultOf(await call(session, "dim", { percent: 51 }))).toBe("CAVEAT_ARGUMENT");
    expect(faultOf(await call(session, "dim"))).toBe("CAVEAT_ARGUMENT");
    expect(world.calls).toHaveLength(1);
  });
});

describe("flash", () => {
  it("decides who may ask for an update, whatever else they may do; the owner may always agree", async () => {
    const world = createWorld();
    const deputy = await connected(world, childOf(ownerOf(world), seedOf(9), { scope: LEVEL.noFlash }));
    expect(faultOf(await deputy.request({ op: "update", sequence: 4 }))).toBe("GRANT_FLASH");
    expect(world.emitted.some(({ kind }) => kind === "update-approved")).toBe(false);
    const owner = await connected(world, ownerOf(world));
    expect((await owner.request({ op: "update", sequence: 4 })).ok).toBe(true);
    expect(world.emitted).toContainEqual({ kind: "update-approved", sequence: 4, isOwners: true });
    const all = createWorld({ ownerScope: LEVEL.all });
    const holder = childOf(ownerOf(all), seedOf(9), { scope: LEVEL.all });
    expect((await (await connected(all, holder)).request({ op: "update", sequence: 4 })).ok).toBe(true);
  });

  it("takes no release from where nobody can be", async () => {
    const world = createWorld({ ownerScope: LEVEL.all });
    const owner = await connected(world, ownerOf(world));
    for (const from of ["10.0.0.2:0", "10.0.0.2:65536", "10.0.0.256:80", "somewhere:80"]) {
      const carried = await owner.request({ op: "carry", signed: new Uint8Array(4), from });
      expect([from, faultOf(carried)]).toEqual([from, "SESSION_REQUEST"]);
    }
    expect(world.emitted.some(({ kind }) => kind === "carried-release")).toBe(false);
  });
});

describe("events", () => {
  it("are told to those who may subscribe, after the number that they know", async () => {
    const world = createWorld();
    const subscriber = childOf(ownerOf(world), seedOf(9), { scope: scopeOf({ pressed: ["subscribe"] }) });
    const session = await connected(world, subscriber);
    const other = await connected(world, childOf(ownerOf(world), seedOf(10)));
    for (let i = 0; i < 20; i++)
      world.show({ kind: "raised", name: i % 2 ? "pressed" : "secret", value: Uint8Array.of(i) });
    const answer = await session.request({ op: "events", after: 18 });
    expect(answer).toEqual({ ok: true, value: [[20, "pressed", Uint8Array.of(19)]] });
    expect(await other.request({ op: "events", after: 0 })).toEqual({ ok: true, value: [] });
    const all = await session.request({ op: "events", after: 0 });
    expect(all.ok && (all.value as Cbor[]).length).toBe(8);
  });
});

describe("events with long values", () => {
  it("are kept as far as one answer tells them: the last ones", async () => {
    const world = createWorld();
    const session = await connected(world, ownerOf(world));
    let longest = 0;
    world.tamper.reply = (_, body) => {
      longest = Math.max(longest, body.length);
      return body;
    };
    for (let i = 1; i <= 20; i++)
      world.show({ kind: "raised", name: "x".repeat(64), value: new Uint8Array(256).fill(i) });
    const answer = await session.request({ op: "events", after: 0 });
    const numbers = answer.ok ? (answer.value as (readonly Cbor[])[]).map(([number]) => number) : [];
    expect(numbers).toEqual([16, 17, 18, 19, 20]);
    expect(longest).toBeLessThanOrEqual(BODY_BYTES_MAX);
  });
});

describe("an issuer's grant for one device", () => {
  it("is an installer's, not the owner's", async () => {
    const world = createWorld();
    const claims = {
      audience: { kind: "device", id: world.id } as const,
      issuedAtS: NOW_S,
      cti: cti(),
      holder: primitives.ed25519PublicKey(seedOf(30)),
      scope: scopeOf({ setLamp: ["call"] }),
      epoch: 0,
      caveats: [],
    };
    const installer: Caller = { seed: seedOf(30), chain: chainOf(issueGrant(issuer, claims)) };
    const session = await connected(world, installer);
    expect((await on(session)).ok).toBe(true);
    expect(faultOf(await session.request({ op: "agree", agreed: true }))).toBe("SESSION_OWNER");
  });
});
