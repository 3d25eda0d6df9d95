/** What a handshake is refused for once its messages are in order, and who gives way to whom. */
import { describe, expect, it } from "vitest";
import { concat } from "#base/bytes.ts";
import { call } from "#phone/call.ts";
import type { Session } from "#phone/session.ts";
import type { Ead } from "#trust/sessions/edhoc.ts";
import { type Caller, childOf, connected, faultOf, handshake, ownerOf } from "./callers.ts";
import { createWorld, seedOf, type World } from "./world.ts";

/** Sends message 3 when it is called. */
async function begin(world: World, caller: Caller, peer = "10.0.0.7") {
  const transport = world.lan(peer);
  const answer = await handshake(caller, transport);
  return async (...more: readonly Ead[]) => {
    const { message3, secret } = answer(...more);
    return faultOf(await transport.exchange("edhoc", concat(secret.peerId, message3)));
  };
}

const guestOf = (world: World, fill: number) => childOf(ownerOf(world), seedOf(fill));

describe("message 3", () => {
  it("with something critical beside a good chain is refused; what is not critical is passed over", async () => {
    const world = createWorld();
    const finish = await begin(world, guestOf(world, 9));
    expect(await finish({ label: -99, value: Uint8Array.of(1) })).toBe("EDHOC_EAD");
    const again = await begin(world, guestOf(world, 9));
    expect(await again({ label: 99, value: Uint8Array.of(1) })).toBe("accepted");
  });

  it("with a chain that was copied is worth nothing without the key that it ends with", async () => {
    const world = createWorld();
    for (const { chain } of [ownerOf(world), guestOf(world, 9)]) {
      const copied = await begin(world, { seed: seedOf(66), chain });
      expect(await copied()).toBe("EDHOC_SIGNATURE");
    }
    expect(world.state.table.open).toHaveLength(0);
    expect(await (await begin(world, guestOf(world, 9), "10.0.0.8"))()).toBe("accepted");
  });

  it("under the identifier of an open session is taken again only if it is the same", async () => {
    const world = createWorld();
    const finish = await begin(world, guestOf(world, 9));
    expect([await finish(), await finish()]).toEqual(["accepted", "accepted"]);
    expect(await finish({ label: 99, value: Uint8Array.of(1) })).toBe("SESSION_UNKNOWN");
  });
});

describe("half-open handshakes", () => {
  it("are two a source: its oldest gives way, nobody else's", async () => {
    const world = createWorld();
    const other = await begin(world, guestOf(world, 8), "10.0.0.8");
    const mine = [];
    for (let i = 0; i < 3; i++) mine.push(await begin(world, guestOf(world, 9)));
    const [first, second, third] = mine as [(typeof mine)[0], (typeof mine)[0], (typeof mine)[0]];
    expect(await first()).toBe("SESSION_UNKNOWN");
    expect([await second(), await third(), await other()]).toEqual(["accepted", "accepted", "accepted"]);
  });
});

describe("a full table", () => {
  it("replaces a holder's older session by the new one, and nobody else's", async () => {
    const world = createWorld();
    const sessions: Session[] = [];
    for (let i = 0; i < 4; i++) {
      sessions.push(await connected(world, guestOf(world, 10 + i), world.lan(`10.0.1.${i}`)));
      world.advance(2000);
    }
    const on = async (session: Session) => faultOf(await call(session, "setLamp", { on: true }));
    // Not the session that was idle for longest: the holder's own.
    const again = await connected(world, guestOf(world, 12), world.lan("10.0.2.1"));
    expect(await Promise.all([...sessions, again].map(on))).toEqual([
      ...["accepted", "accepted", "SESSION_UNKNOWN", "accepted"],
      "accepted",
    ]);
  });
});

it("a unit that was asked for its key stays awake for what comes next: a call that waited takes one wake", async () => {
  const world = createWorld();
  expect(world.isBusy()).toBe(false);
  await world.relay().exchange("key", new Uint8Array(0));
  world.advance(2_999);
  expect(world.isBusy()).toBe(true);
  world.advance(1);
  expect(world.isBusy()).toBe(false);
});
