/** What an app may do to a unit, over real sockets: the same session goes on, and the owner sees what became of the app. */
import { expect, test } from "vitest";
import type { Result } from "#base/faults.ts";
import type { Cbor } from "#codec/cbor.ts";
import { call } from "#phone/call.ts";
import { describeUnit } from "#phone/describe.ts";
import type { Session } from "#phone/session.ts";
import { eventsAfter } from "#phone/subscribe.ts";
import { decodeAppCrash, readLogLines } from "#wire/sessions/unit-log.ts";
import type { AttackedUnit } from "../attacks/attacked-unit.ts";
import { patientSession, session, startAppUnit } from "./app-unit-on-board.ts";

const said = (result: Result<Cbor>) => (result.ok ? result.value : result.fault);

async function appOf(owner: Session): Promise<unknown> {
  const told = await describeUnit(owner);
  return told.ok ? told.value.appHealth : told.fault;
}

async function off(unit: AttackedUnit): Promise<void> {
  await unit.board.power(false);
  await unit.board.power(true);
}

/** While it runs. */
export function wildRun(board: string): void {
  test(`${board}: an app that loops, leaks or floods is kept within bounds while a session goes on, and is stopped in the end`, async () => {
    const unit = await startAppUnit(board, "test/apps/wild-app.ts");
    try {
      const owner = await patientSession(unit);
      expect(await appOf(owner)).toBe(undefined);
      const floods = unit.board.next(/app: drop: \d+ events dropped, APP_EVENTS/);
      expect(said(await call(owner, "floods"))).toBe(null);
      await floods;
      expect(await eventsAfter(owner, 0)).toMatchObject({ ok: true, value: { length: 16 } });
      const overdue = unit.board.next(/app: loops: APP_OVERDUE/);
      expect(said(await call(owner, "loops"))).toBe("APP_OVERDUE");
      await overdue;
      expect(said(await call(owner, "count"))).toBe(0);
      expect(said(await call(owner, "loopsLater"))).toBe("APP_OVERDUE");
      expect(said(await call(owner, "leaks"))).toBe("APP_MEMORY");
      expect(said(await call(owner, "forgets"))).toBe(null);
      expect(await appOf(owner)).toEqual({ isStopped: false, fault: "APP_MEMORY", name: "leaks", count: 4 });
      expect(said(await call(owner, "loops"))).toBe("APP_STOPPED");
      expect(said(await call(owner, "count"))).toBe("APP_STOPPED");
      expect(await appOf(owner)).toMatchObject({ isStopped: true, fault: "APP_OVERDUE", name: "loops" });
      expect(said(await call(owner, "atStart", { value: "loops" }))).toBe("loops");
      const logs = await owner.request({ op: "logs", after: 0 });
      const lines = readLogLines(logs.ok ? logs.value : null);
      expect(lines).toContainEqual(expect.objectContaining({ level: "error", text: "app: loops: fault 395" }));
      expect(unit.restarts()).toEqual([]);
      await owner.close();
    } finally {
      await unit.stop();
    }
  });
}

/** At its start. */
export function wildStarts(board: string): void {
  test(`${board}: an app that keeps failing at its start is left stopped, gets one start more after a power cut, and comes back`, async () => {
    const unit = await startAppUnit(board, "test/apps/wild-app.ts");
    try {
      let owner = await session(unit);
      expect(said(await call(owner, "atStart", { value: "throws" }))).toBe("throws");
      for (let start = 1; start <= 4; start++) {
        await owner.close();
        await off(unit);
        owner = await session(unit);
        const stands = start < 3 ? 0 : "APP_STOPPED";
        expect([start, said(await call(owner, "count"))]).toEqual([start, stands]);
        expect(await appOf(owner)).toMatchObject({ isStopped: start >= 3, fault: "APP_THREW", name: "start" });
      }
      const crash = await owner.request({ op: "crash" });
      const told = decodeAppCrash(crash.ok && crash.value instanceof Uint8Array ? crash.value : new Uint8Array(0));
      expect(told).toMatchObject({ name: "start", message: "Error: no sensor", fault: "APP_THREW" });
      expect(told?.stack).toMatch(/^\s+at /);
      expect(said(await call(owner, "atStart", { value: "nothing" }))).toBe("nothing");
      await owner.close();
      await off(unit);
      owner = await session(unit);
      expect(said(await call(owner, "count"))).toBe(0);
      expect(await appOf(owner)).toBe(undefined);
      await owner.close();
    } finally {
      await unit.stop();
    }
  });
}
