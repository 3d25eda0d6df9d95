/** The log of what was asked and decided. */
import { describe, expect, it } from "vitest";
import { FAULTS } from "#base/faults.ts";
import { call } from "#phone/call.ts";
import type { Session } from "#phone/session.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { OWN } from "#wire/flash/stored-names.ts";
import { ACT, readAudit } from "#wire/sessions/audit.ts";
import { childOf, connected, faultOf, ownerOf } from "./callers.ts";
import { createWorld, seedOf } from "./world.ts";

const on = (session: Session) => call(session, "setLamp", { on: true });

describe("the audit log", () => {
  const logOf = async (session: Session, from = 0) => {
    const answer = await session.request({ op: "audit", from });
    if (!answer.ok) throw new Error(answer.fault);
    return answer.value as Uint8Array;
  };
  const partOf = async (session: Session, from = 0) => {
    const part = readAudit(primitives, await logOf(session, from));
    if (!part.ok) throw new Error(part.fault);
    return part.value;
  };

  it("says what was asked and decided, and of whom only four bytes of a number", async () => {
    const world = createWorld();
    const linkCti = Uint8Array.of(0xaa, 0xbb, 0xcc, 0xdd, 1, 2, 3, 4);
    const guest = await connected(world, childOf(ownerOf(world), seedOf(9), { cti: linkCti }));
    await on(guest);
    await call(guest, "lamp");
    expect(faultOf(await guest.request({ op: "audit", from: 0 }))).toBe("GRANT_RIGHT");
    const owner = await connected(world, ownerOf(world));
    const { entries } = await partOf(owner);
    const ours = entries.filter(({ ctiPrefix }) => ctiPrefix[0] === 0xaa);
    expect(ours.map(({ act, fault, timeGrade }) => [act, fault, timeGrade])).toEqual([
      [ACT.open, 0, "unknown"],
      [ACT.call, 0, "unknown"],
      [ACT.read, FAULTS.GRANT_RIGHT, "unknown"],
      [ACT.config, FAULTS.GRANT_RIGHT, "unknown"],
    ]);
    expect(ours[0]?.ctiPrefix).toEqual(linkCti.slice(0, 4));
    expect(entries.map(({ sequence }) => sequence)).toEqual(entries.map((_, i) => i));
  });

  it("shows when an entry was changed, taken out or put in", async () => {
    const world = createWorld();
    const owner = await connected(world, ownerOf(world));
    for (let i = 0; i < 5; i++) await on(owner);
    const log = await logOf(owner);
    expect(readAudit(primitives, log).ok).toBe(true);
    for (let at = 8; at < log.length; at++) {
      const changed = log.map((byte, i) => (i === at ? byte ^ 1 : byte));
      expect(faultOf(readAudit(primitives, changed))).toBe("AUDIT_CHAIN");
    }
    const without = Uint8Array.of(...log.subarray(0, 28), ...log.subarray(48));
    expect(faultOf(readAudit(primitives, without))).toBe("AUDIT_CHAIN");
    expect(faultOf(readAudit(primitives, log.subarray(0, log.length - 1)))).toBe("AUDIT_CHAIN");
  });

  it("is bounded, goes on over a restart, and its parts join", async () => {
    const world = createWorld();
    const owner = await connected(world, ownerOf(world));
    for (let i = 0; i < 100; i++) await on(owner);
    const first = await partOf(owner);
    const second = await partOf(owner, (first.entries[first.entries.length - 1]?.sequence ?? 0) + 1);
    expect(first.entries.length).toBe(32);
    expect(second.before).toEqual(first.after);
    const stored = (world.stored.get(OWN.audit) as Uint8Array).length;
    expect(stored).toBeLessThanOrEqual(4 + 8 + 64 * 20);
    const last = second.entries[second.entries.length - 1]?.sequence as number;
    world.restart();
    const again = await connected(world, ownerOf(world));
    const after = await partOf(again, 80);
    expect(after.entries[0]?.sequence).toBe(80);
    expect(after.entries[after.entries.length - 1]?.sequence).toBeGreaterThan(last);
  });

  it("is written soon after, and at once where it matters: refusals, and what concerns the unit itself", async () => {
    const world = createWorld();
    const owner = await connected(world, ownerOf(world));
    const guest = await connected(world, childOf(ownerOf(world), seedOf(9)));
    await on(owner);
    expect(world.stored.has(OWN.audit)).toBe(false);
    world.advance(60_000);
    expect(world.stored.has(OWN.audit)).toBe(true);
    const isWritten = async (ask: () => Promise<unknown>) => {
      world.stored.delete(OWN.audit);
      await ask();
      return world.stored.has(OWN.audit);
    };
    expect(await isWritten(() => owner.request({ op: "agree", agreed: false }))).toBe(true);
    expect(await isWritten(() => call(guest, "lamp"))).toBe(true);
    expect(await isWritten(async () => world.show({ kind: "button", heldMs: 10_000 }))).toBe(true);
  });

  it("doesn't let a guest who is refused all day, or asks every second, wear the flash out", async () => {
    const writesIn = async (hours: number, ask: (guest: Session) => Promise<unknown>) => {
      const world = createWorld();
      const guest = await connected(world, childOf(ownerOf(world), seedOf(9)));
      for (let second = 0; second < hours * 3600; second++) {
        await ask(guest);
        world.advance(1_000);
      }
      const writes = world.effects.filter((effect) => effect.kind === "store" && effect.name === OWN.audit);
      return writes.length;
    };
    // Of 3,600 refusals: 16 at once, one every ten minutes, and what is written in its time.
    expect(await writesIn(1, (guest) => guest.request({ op: "audit", from: 0 }))).toBeLessThanOrEqual(16 + 6 + 6);
    expect(await writesIn(1, on)).toBeLessThanOrEqual(6);
  }, 60_000);
});
