/** What the runner no longer does once flash refuses or the power fails, and who hears of it. */
import { describe, expect, it } from "vitest";
import { utf8 } from "#base/utf8.ts";
import type { Effect } from "#device/machine.ts";
import { forget, remember } from "#device/store/store.ts";
import { OWN } from "#wire/flash/stored-names.ts";
import { BUTTON, bench, callsOf, log, onButton, PowerLost, says } from "./runner-bench.ts";

describe("failures", () => {
  it.each([
    ["remembered", remember("claimed", true)],
    ["forgotten", forget("claimed")],
  ] as const)(
    "a value that is not %s ends the step, and its machine hears so before any other event",
    (_what, write) => {
      const b = bench({
        refused: new Set([OWN.claimed]),
        machines: {
          before: onButton({ kind: "emit", event: { kind: "offline" } }),
          gate: onButton(log("in time"), write, log("too late"), { kind: "emit", event: { kind: "reset" } }),
          behind: () => undefined,
        },
      });
      b.emit(BUTTON);
      expect(b.seen.slice(0, 4)).toEqual([
        ["before", "button"],
        ["gate", "button"],
        ["gate", "store-failed"],
        ["behind", "button"],
      ]);
      expect(b.seen.some(([, kind]) => kind === "reset")).toBe(false);
      expect(b.events.find(({ kind }) => kind === "store-failed")).toMatchObject({ name: OWN.claimed });
      expect(b.calls).toContainEqual(says("in time"));
      expect(b.calls).not.toContainEqual(says("too late"));
      expect(b.calls).toContainEqual(says("settings: claimed not written, fault 702"));
    },
  );

  it("a second failure, in the answer to the first, ends there: no machine can fail for ever", () => {
    const write = remember("claimed", true);
    const b = bench({
      refused: new Set([OWN.claimed]),
      machines: {
        gate: (event) => (event.kind === "button" || event.kind === "store-failed" ? { effects: [write] } : undefined),
      },
    });
    b.emit(BUTTON);
    expect(b.seen).toEqual([
      ["gate", "button"],
      ["gate", "store-failed"],
    ]);
  });

  it("what a machine does about it is performed, and its timer counts", () => {
    const b = bench({
      refused: new Set([OWN.claimed]),
      machines: {
        gate: (event) => {
          if (event.kind === "button") return { effects: [remember("claimed", true)], wakeAtMs: 50 };
          return event.kind === "store-failed" ? { effects: [log("refused")], wakeAtMs: 70 } : undefined;
        },
      },
    });
    b.emit(BUTTON);
    expect(b.calls).toContainEqual(says("refused"));
    expect(b.calls).toContainEqual(["wakeAt", 70]);
  });

  it.each(["flash-erase", "flash-write"] as const)(
    "a %s that fails ends the step and is told to all, in turn",
    (kind) => {
      const op = { kind, address: 64, bytes: Uint8Array.of(1) } as Effect;
      const b = bench({
        worn: new Set([64]),
        machines: { ota: onButton(op, log("too late")), other: () => undefined },
      });
      b.emit(BUTTON);
      expect(b.seen).toEqual(
        ["button", "flash-failed"].flatMap((each) => [["ota", each] as const, ["other", each] as const]),
      );
      expect(b.events.at(-1)).toMatchObject({ address: 64 });
      expect(b.calls).not.toContainEqual(says("too late"));
    },
  );

  it("a log that takes no more ends nothing but its own operations", () => {
    const write = (address: number) => ({ kind: "flash-write", address, bytes: Uint8Array.of(address) }) as const;
    const calls = callsOf([{ kind: "append", ops: [write(1), write(2), write(3)] }, log("goes on")], {
      worn: new Set([2]),
    });
    expect(calls).toEqual([["write", 1, [1]], ["write", 2, [2]], says("goes on")]);
  });

  it("a machine that writes what is not its own is a broken invariant", () => {
    const b = bench({ machines: { link: onButton(remember("revocations", [])) } });
    expect(() => b.emit(BUTTON)).toThrow(/own entries/);
    expect(b.values.size).toBe(0);
  });
});

describe("power that fails between two effects", () => {
  const effects: Effect[] = [
    remember("claimed", true),
    { kind: "flash-write", address: 8, bytes: Uint8Array.of(1) },
    remember("timeFloor", 5),
    { kind: "tcp-write", connection: 1, bytes: utf8("told") },
    forget("claimed"),
    log("done"),
  ];

  it("leaves exactly what came before it done, whichever effect it is", () => {
    const whole = callsOf(effects);
    for (let cutAt = 0; cutAt <= whole.length; cutAt++) {
      const b = bench({ cutAt, machines: { gate: onButton(...effects) } });
      expect(() => b.emit(BUTTON)).toThrow(PowerLost);
      expect(b.calls).toEqual(whole.slice(0, cutAt));
      // Nobody is told of what is not stored yet.
      const isTold = b.calls.some(([name]) => name === "tcpWrite");
      expect(!isTold || b.values.has(OWN.timeFloor)).toBe(true);
    }
  });
});
