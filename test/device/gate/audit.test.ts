/** The log of what was asked and decided. Long because power cuts need the same logs as its entries and its room. */
import { describe, expect, it } from "vitest";
import { FAULTS } from "#base/faults.ts";
import { flashLogIn } from "#device/flash-log.ts";
import { addAudit, auditFrom, openAuditLog, writeAudit } from "#device/gate/audit-log.ts";
import { performOp } from "#device/settings.ts";
import { call } from "#phone/call.ts";
import type { Session } from "#phone/session.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { signTime } from "#trust/signed-time.ts";
import { ACT, type AuditEntry, auditNameTag, encodeAuditEntry, readAudit } from "#wire/sessions/audit.ts";
import { type FlashModel, flashModel, GEOMETRIES, type Geometry, PowerCut, TEARS } from "../../powercut/flash-model.ts";
import { childOf, connected, faultOf, ownerOf } from "./callers.ts";
import { createWorld, NOW_S, seedOf, timeSigner } from "./world.ts";

const on = (session: Session) => call(session, "setLamp", { on: true });

/** Three entries as releases before the noted time wrote them: the link before, then 12 bytes. */
function logOfOldRelease(): FlashModel {
  const flash = flashModel(GEOMETRIES[0] as Geometry, new Uint8Array(4 * 4096).fill(0xff));
  const where = flashLogIn(flash, { start: 0, bytes: flash.byteLength });
  const log = openAuditLog(primitives, where);
  for (let sequence = 0; sequence < 3; sequence++) {
    const fields = new Uint8Array(12);
    fields.set([sequence, 0, 0, 0, 1, 2, 3, 4, ACT.call, 0, 0, 0]);
    addAudit(primitives, log, fields);
    for (const op of writeAudit(where, log)) performOp(flash, op);
  }
  return flash;
}

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

  it("says when it was as far as the unit knows, and of what function, variable or event", async () => {
    const world = createWorld();
    const owner = await connected(world, ownerOf(world));
    await on(owner);
    const nonce = await owner.request({ op: "nonce" });
    const timeS = NOW_S + 2 ** 32;
    const statement = signTime(timeSigner, Uint8Array.of(1), { timeS, nonce: (nonce.ok && nonce.value) as Uint8Array });
    expect((await owner.request({ op: "time", statement })).ok).toBe(true);
    world.advance(100_000);
    await call(owner, "lamp");
    const { entries } = await partOf(owner);
    const [opened, called, read] = entries as [AuditEntry, AuditEntry, AuditEntry];
    expect([opened.timeGrade, opened.timeS, opened.nameTag]).toEqual(["unknown", 0, new Uint8Array(3)]);
    expect([called.timeS, called.nameTag]).toEqual([0, auditNameTag(primitives, "setLamp")]);
    // Beyond 2106, too. The earliest that it can have been: the board's clock may be off by 500 millionths.
    expect([read.timeGrade, read.timeS, read.nameTag]).toEqual([
      "trusted",
      timeS + 99,
      auditNameTag(primitives, "lamp"),
    ]);
  });

  it("goes on from the entries of an older release, which had neither, and tells its own", async () => {
    const world = createWorld({ flash: logOfOldRelease() });
    const owner = await connected(world, ownerOf(world));
    await on(owner);
    const { entries, before } = await partOf(owner);
    expect(entries.map(({ sequence, act }) => [sequence, act])).toEqual([
      [3, ACT.open],
      [4, ACT.call],
    ]);
    expect(before).not.toEqual(new Uint8Array(8));
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
    const without = Uint8Array.of(...log.subarray(0, 36), ...log.subarray(64));
    expect(faultOf(readAudit(primitives, without))).toBe("AUDIT_CHAIN");
    expect(faultOf(readAudit(primitives, log.subarray(0, log.length - 1)))).toBe("AUDIT_CHAIN");
  });

  it("goes round its flash: the oldest entries go, all others stay, over a restart, in parts that join", async () => {
    const world = createWorld();
    let asked = 0;
    const askFor = async (times: number) => {
      for (let i = 0; i < times; ) {
        const owner = await connected(world, ownerOf(world));
        for (let k = 0; k < 50 && i < times; k++, i++, asked++) {
          await on(owner);
          world.advance(100_000);
        }
      }
    };
    const wholeLog = async () => {
      const owner = await connected(world, ownerOf(world));
      const entries: AuditEntry[] = [];
      let after: Uint8Array | undefined;
      for (let from = 0; ; from = (entries.at(-1) as AuditEntry).sequence + 1) {
        const part = await partOf(owner, from);
        if (after !== undefined) expect(part.before).toEqual(after);
        after = part.after;
        entries.push(...part.entries);
        if (part.entries.length < 32) return entries;
      }
    };
    await askFor(100);
    expect((await wholeLog()).filter(({ act }) => act === ACT.call)).toHaveLength(100);
    await askFor(600);
    world.restart();
    const kept = await wholeLog();
    // Four sectors of 4 KB in two banks: 204 entries each. One bank at least is always whole.
    expect(kept.length).toBeGreaterThanOrEqual(204);
    expect(kept.length).toBeLessThanOrEqual(408);
    const [first, last] = [kept[0] as AuditEntry, kept.at(-1) as AuditEntry];
    expect(last.sequence).toBeGreaterThan(asked);
    expect(last.sequence - first.sequence).toBe(kept.length - 1);
  });

  it("leaves out what comes too fast, and its numbers show how much; nobody crowds out refusals, or what concerns the unit", async () => {
    const world = createWorld();
    const busy = await connected(world, childOf(ownerOf(world), seedOf(9)));
    const owner = await connected(world, ownerOf(world));
    const writes = () => world.effects.filter(({ kind }) => kind === "append").length;
    let before = 0;
    for (let second = 0; second < 2 * 3600; second++) {
      if (second === 3600) before = writes();
      await on(busy);
      // Every third is followed by a refusal, and the owner does something of the unit's once an hour.
      if (second % 3 === 0) expect(faultOf(await call(busy, "lamp"))).toBe("GRANT_RIGHT");
      if (second % 3600 === 1800) await owner.request({ op: "agree", agreed: true });
      if (second % 240 === 0) await owner.request({ op: "describe" });
      world.advance(1_000);
    }
    const anHour = writes() - before;
    expect(anHour).toBeLessThanOrEqual(40 + 40 + 2);
    // All three kinds at their pace for thirty years, on the smallest region here: within 100,000 erasures of a sector.
    const erasures = (3 * 40 * 24 * 365.25 * 30) / (2 * 204);
    expect(erasures).toBeLessThan(100_000);
    const fromNow = await connected(world, ownerOf(world));
    const entries: AuditEntry[] = [];
    for (let from = 0; ; from = (entries.at(-1) as AuditEntry).sequence + 1) {
      const part = await partOf(fromNow, from);
      entries.push(...part.entries);
      if (part.entries.length < 32) break;
    }
    expect(entries.filter(({ act, fault }) => act === ACT.config && fault === 0).length).toBeGreaterThanOrEqual(2);
    expect(entries.filter(({ fault }) => fault !== 0).length).toBeGreaterThanOrEqual(64);
    const last = entries.at(-1) as AuditEntry;
    expect(last.sequence).toBeGreaterThan(7_200);
    expect(entries.length).toBeLessThan(3 * (64 + 80));
  });
});

describe("a power cut", () => {
  const crypto = primitives;
  const someone = {
    ctiPrefix: new Uint8Array(4),
    act: 2,
    timeGrade: "unknown",
    fault: 0,
    timeS: 0,
    nameTag: new Uint8Array(3),
  } as const;
  const regionOf = (flash: FlashModel) => ({ start: 0, bytes: flash.byteLength });
  /** A flash of two sectors whose log ends so many entries before the end of its first bank. */
  function almostFull(geometry: Geometry, short: number): Uint8Array {
    const flash = flashModel(geometry, new Uint8Array(2 * geometry.sectorBytes).fill(0xff));
    const where = flashLogIn(flash, regionOf(flash));
    const log = openAuditLog(crypto, where);
    const fits = Math.floor((geometry.sectorBytes - 16) / 40);
    for (let i = 0; i < fits - short; i++) {
      addAudit(crypto, log, encodeAuditEntry({ ...someone, sequence: log.sequence++ }));
      for (const op of writeAudit(where, log)) performOp(flash, op);
    }
    return flash.bytes;
  }

  it.each(GEOMETRIES)("on $name loses no entry of anything that was done, wherever it comes", async (geometry) => {
    const begun = almostFull(geometry, 4);
    for (const tear of TEARS) {
      for (let cutAt = 0; ; cutAt++) {
        const flash = flashModel(geometry, begun.slice());
        const world = createWorld({ flash });
        flash.cutAt = cutAt;
        flash.tear = tear;
        let isCut = false;
        try {
          const owner = await connected(world, ownerOf(world));
          for (let i = 0; i < 7; i++) await on(owner);
        } catch (error) {
          if (!(error instanceof PowerCut)) throw error;
          isCut = true;
        }
        flash.cutAt = -1;
        const ran = world.calls.length;
        world.restart();
        const where = flashLogIn(flash, regionOf(flash));
        const log = openAuditLog(crypto, where);
        const entries: AuditEntry[] = [];
        for (let from = 0; ; from = (entries.at(-1) as AuditEntry).sequence + 1) {
          const part = readAudit(crypto, auditFrom(crypto, where, log, from, 1000));
          if (!part.ok) throw new Error(`${tear} at ${cutAt}: ${part.fault}`);
          entries.push(...part.value.entries);
          if (part.value.entries.length < 1000) break;
        }
        const fits = Math.floor((geometry.sectorBytes - 16) / 40);
        const first = (entries[0] as AuditEntry).sequence;
        expect(entries.map(({ sequence }) => sequence - first)).toEqual(entries.map((_, i) => i));
        // What was there before the session is kept until a whole bank has come after it; each call is noted before it runs.
        const made = entries.filter(({ sequence }) => sequence >= fits - 4);
        expect([tear, cutAt, first]).toEqual([tear, cutAt, 0]);
        expect(made[0]?.act ?? ACT.open).toBe(ACT.open);
        const noted = made.filter(({ act }) => act === ACT.call).length;
        expect(noted - ran, `${tear} at ${cutAt}`).toBeGreaterThanOrEqual(0);
        expect(noted - ran, `${tear} at ${cutAt}`).toBeLessThanOrEqual(1);
        // The unit goes on.
        const again = await connected(world, ownerOf(world));
        expect((await on(again)).ok).toBe(true);
        if (!isCut) break;
      }
    }
  });

  it("in the middle of several entries of one moment, at the very end of a bank, keeps the bank before", () => {
    const geometry = GEOMETRIES[0] as Geometry;
    const begun = almostFull(geometry, 1);
    const three = (flash: FlashModel) => {
      const where = flashLogIn(flash, regionOf(flash));
      const log = openAuditLog(crypto, where);
      for (let i = 0; i < 3; i++) addAudit(crypto, log, encodeAuditEntry({ ...someone, sequence: log.sequence++ }));
      for (const op of writeAudit(where, log)) performOp(flash, op);
    };
    for (const tear of TEARS) {
      for (let cutAt = 0; ; cutAt++) {
        const flash = flashModel(geometry, begun.slice());
        flash.cutAt = cutAt;
        flash.tear = tear;
        let isCut = false;
        try {
          three(flash);
        } catch (error) {
          if (!(error instanceof PowerCut)) throw error;
          isCut = true;
        }
        flash.cutAt = -1;
        const where = flashLogIn(flash, regionOf(flash));
        const log = openAuditLog(crypto, where);
        const part = readAudit(crypto, auditFrom(crypto, where, log, 0, 1000));
        if (!part.ok) throw new Error(part.fault);
        expect(part.value.entries.length).toBeGreaterThanOrEqual(101);
        if (!isCut) {
          expect(part.value.entries).toHaveLength(104);
          break;
        }
      }
    }
  });

  it("is no different from a sector that takes no more writes: the log goes on in the other bank", async () => {
    const geometry = GEOMETRIES[0] as Geometry;
    const flash = flashModel(geometry, new Uint8Array(2 * geometry.sectorBytes).fill(0xff));
    const world = createWorld({ flash });
    const owner = await connected(world, ownerOf(world));
    await on(owner);
    flash.worn.add(0);
    for (let i = 0; i < 5; i++) expect((await on(owner)).ok).toBe(true);
    world.restart();
    const where = flashLogIn(flash, regionOf(flash));
    const part = readAudit(crypto, auditFrom(crypto, where, openAuditLog(crypto, where), 0, 100));
    if (!part.ok) throw new Error(part.fault);
    expect(part.value.entries.map(({ act }) => act)).toEqual([ACT.open, ...Array(6).fill(ACT.call)]);
  });
});
