/** What every board does for an app, over real sockets: values that stay, timers, async answers, failures that are reported. */
import { expect, test } from "vitest";
import type { Result } from "#base/faults.ts";
import type { Cbor } from "#codec/cbor.ts";
import { call } from "#phone/call.ts";
import { describeApp } from "#phone/describe.ts";
import { historyOf } from "#phone/history.ts";
import { eventsAfter } from "#phone/subscribe.ts";
import { until } from "../progress.ts";
import { session, startAppUnit } from "./app-unit-on-board.ts";

const said = (result: Result<Cbor>) => (result.ok ? result.value : result.fault);

export function platformCases(board: string): void {
  test(`${board}: an app keeps its values, runs its timers, answers later, and is described`, async () => {
    const unit = await startAppUnit(board, "test/apps/platform-app.ts");
    try {
      let owner = await session(unit);
      expect(await describeApp(owner)).toMatchObject({
        ok: true,
        value: {
          v: 1,
          board,
          settings: { target: { default: 22 } },
          functions: { later: { answer: { type: "text" } } },
        },
      });
      expect(said(await call(owner, "starts"))).toBe(1);
      expect(said(await call(owner, "later", { ms: 300 }))).toBe("after 300");
      const broken = unit.board.next(/app: breaks: TypeError: broken/);
      expect(said(await call(owner, "breaks"))).toBe("APP_THREW");
      await broken;
      expect(said(await call(owner, "target", { value: 50 }))).toBe("APP_ARGUMENT");
      expect(said(await call(owner, "target", { value: 24.5 }))).toBe(24.5);
      expect(await eventsAfter(owner, 0)).toMatchObject({ ok: true, value: [{ name: "changed", value: "target" }] });
      await until(
        "three ticks",
        async () => ((said(await call(owner, "ticks")) as number) >= 3 ? true : undefined),
        100,
      );
      const kept = await until(
        "four kept values",
        async () => {
          const history = await historyOf(owner, "ticks");
          return history.ok && history.value.values.length === 4 ? (history.value.values as number[]) : undefined;
        },
        500,
      );
      expect(kept).toEqual([...kept].sort((a, b) => a - b));
      await owner.close();
      await unit.board.power(false);
      await unit.board.power(true);
      owner = await session(unit);
      expect([said(await call(owner, "starts")), said(await call(owner, "target"))]).toEqual([2, 24.5]);
      await owner.close();
    } finally {
      await unit.stop();
    }
  });
}
