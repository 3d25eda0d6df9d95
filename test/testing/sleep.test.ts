import { expect, test } from "vitest";
import { defineDevice, int, retained, sleep, text, wokenBy } from "#app/index.ts";
import { startDevice, type TestDevice } from "#testing/index.ts";

const BOARD = { pins: { contact: "input" } } as const;
const HOUR_MS = 3_600_000;

/** Sleeps as it is told by `options`; counts its runs in retained memory and in its state. */
const sleeper = (options: Parameters<typeof sleep>[0], text_ = "") =>
  defineDevice({
    state: { starts: 0 },
    functions: { stay: { right: "call", args: {}, run: () => sleep({ forS: 86_400 }) } },
    variables: {
      woken: { right: "read", value: text(8), read: () => wokenBy() },
      runs: { right: "read", value: int(0, 1e6), read: () => retained({ runs: 0, text: "" }).runs },
      starts: { right: "read", value: int(0, 1e6), read: (io) => io.state.starts },
    },
    start(io) {
      const kept = retained({ runs: 0, text: "" });
      kept.runs++;
      kept.text = text_;
      io.state.starts++;
      sleep(options);
    },
  });

const shown = async (unit: TestDevice) => [
  await unit.call("woken"),
  await unit.call("runs"),
  await unit.call("starts"),
];

test("a unit says what woke it, and keeps its values", async () => {
  const unit = await startDevice(sleeper({ forS: 3_600, untilPin: "contact" }), { board: BOARD });
  expect(await shown(unit)).toEqual(["start", 1, 1]);
  await unit.advance(HOUR_MS);
  expect(await shown(unit)).toEqual(["timer", 2, 2]);
  await unit.advance(10_000);
  unit.hardware.setValue("digital contact", 1);
  await unit.advance(0);
  expect(await shown(unit)).toEqual(["pin", 3, 3]);
  await unit.advance(10_000);
  await unit.press(200);
  expect(await shown(unit)).toEqual(["button", 4, 4]);
});

test("until a pin changes, however long that takes", async () => {
  const unit = await startDevice(sleeper({ untilPin: "contact" }), { board: BOARD });
  await unit.advance(1_000 * HOUR_MS);
  expect(unit.isAsleep).toBe(true);
  unit.hardware.setValue("digital contact", 1);
  await unit.advance(0);
  expect(unit.isAsleep).toBe(false);
});

test("a power cut while it sleeps takes retained values and leaves the state", async () => {
  const unit = await startDevice(sleeper({ forS: 3_600 }), { board: BOARD });
  await unit.advance(10_000);
  expect(unit.isAsleep).toBe(true);
  await unit.powerCut();
  expect(await shown(unit)).toEqual(["start", 1, 2]);
});

test("an update takes retained values", async () => {
  const unit = await startDevice(sleeper({ forS: 3_600 }), { board: BOARD });
  await unit.advance(HOUR_MS);
  await unit.update(sleeper({ forS: 60 }));
  expect(await shown(unit)).toEqual(["start", 1, 3]);
});

test("the time counts from the call, however long the unit is held awake", async () => {
  const unit = await startDevice(sleeper({ forS: 3_600 }), { board: BOARD });
  // Who just asked may ask more.
  for (const _ of Array(10)) {
    await unit.call("runs");
    await unit.advance(2_000);
  }
  expect(unit.isAsleep).toBe(false);
  await unit.advance(HOUR_MS - 20_000);
  expect(await shown(unit)).toEqual(["timer", 2, 2]);
});

test("the last word counts", async () => {
  const unit = await startDevice(sleeper({ forS: 60 }), { board: BOARD });
  await unit.call("stay");
  await unit.advance(23 * HOUR_MS);
  expect(unit.isAsleep).toBe(true);
});

test("what does not fit into retained memory is reported, and the unit sleeps all the same", async () => {
  const unit = await startDevice(sleeper({ forS: 3_600 }, "x".repeat(300)), { board: BOARD });
  await unit.advance(10_000);
  expect(unit.isAsleep).toBe(true);
  expect(unit.failures.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^what it keeps is too long: \d+ bytes of at most 256/),
  ]);
});

test("a time that is none is refused at the app's line", async () => {
  for (const [options, words] of [
    [{}, "give forS, untilPin or both"],
    [{ forS: 0 }, "0 seconds (expected more than 0"],
    [{ forS: Number.NaN }, "NaN seconds"],
  ] as const) {
    const unit = await startDevice(sleeper(options), { board: BOARD });
    expect(unit.failures.map(({ message }) => message).join()).toContain(words);
  }
});
