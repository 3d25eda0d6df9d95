/** The app platform through latchkey/testing: what an app keeps, when it runs, and who may change it, in virtual time. */
import { describe, expect, it } from "vitest";
import { defineDevice, int, text } from "#app/index.ts";
import { startDevice } from "#testing/index.ts";
import { greenhouse } from "./greenhouse-app.ts";

const MINUTE = 60_000;
const HOUR = 3_600_000;
/** 2026-11-23, 12:00 UTC. */
const NOON_S = 1_795_435_200;
const BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3";
const refused = (fault: string) => expect.objectContaining({ fault });

describe("settings", () => {
  it("begin with their default, change within their range, and survive power loss", async () => {
    const device = await startDevice(greenhouse);
    expect(await device.call("target")).toBe(22);
    expect(await device.set("target", 25.5)).toBe(25.5);
    await device.powerCut();
    expect([await device.call("target"), await device.call("mode")]).toEqual([25.5, "auto"]);
    expect(device.raised).toEqual([{ name: "changed", value: "target" }]);
    for (const wrong of [4.9, 41, "25", null, true]) {
      await expect(device.set("target", wrong)).rejects.toEqual(refused("APP_ARGUMENT"));
    }
    await expect(device.set("mode", "off")).rejects.toEqual(refused("APP_ARGUMENT"));
    await expect(device.call("target", { value: 20, more: 1 })).rejects.toEqual(refused("APP_ARGUMENT"));
  });

  it("are for whoever holds the config right alone", async () => {
    const device = await startDevice(greenhouse);
    const guest = device.guest({ rights: { target: ["call", "read"], open: ["call"] } });
    await expect(guest.call("target")).rejects.toEqual(refused("GRANT_RIGHT"));
    await expect(guest.set("target", 20)).rejects.toEqual(refused("GRANT_RIGHT"));
    expect(await device.call("target")).toBe(22);
  });

  it("are the old ones or the new ones after a cut of power in any write, and a reset forgets them", async () => {
    const device = await startDevice(greenhouse);
    await device.set("target", 30);
    device.cutPowerInWrite();
    await device.set("target", 35).catch(() => undefined);
    expect([30, 35]).toContain(await device.call("target"));
    await device.press(10_000);
    expect(await device.call("target")).toBe(22);
  });

  it("are written so often and no more", async () => {
    const device = await startDevice(greenhouse);
    for (let i = 0; i < 60; i++) await device.set("target", 10 + (i % 2));
    await expect(device.set("target", 30)).rejects.toEqual(refused("SESSION_RATE"));
    await device.advance(10 * MINUTE);
    expect(await device.set("target", 30)).toBe(30);
  });
});

const addNote = (state: { notes: string }) => {
  state.notes += "x".repeat(700);
};

describe("state", () => {
  it("is kept as the app leaves it, also by code that goes on later", async () => {
    const device = await startDevice(greenhouse);
    const opened = device.call("open", { percent: 40 });
    await device.advance(2_000);
    expect([await opened, device.pins.get("vent")]).toEqual([1, 40]);
    await device.powerCut();
    const again = device.call("open", { percent: 50 });
    await device.advance(2_000);
    expect(await again).toBe(2);
  });

  it("is written 60 times at once and every ten minutes; the last of it when the unit is stopped", async () => {
    const device = await startDevice(greenhouse);
    await device.advance(180 * MINUTE);
    expect(await device.call("minutes")).toBe(180);
    await device.powerCut();
    const kept = (await device.call("minutes")) as number;
    expect(kept).toBeGreaterThan(160);
    expect(kept).toBeLessThan(180);
    await device.advance(9 * MINUTE);
    await device.update(greenhouse);
    expect(await device.call("minutes")).toBe(kept + 9);
  });

  it("that does not fit a flash entry is reported, and falls back to what was stored", async () => {
    const app = defineDevice({
      state: { notes: "" },
      functions: {
        note: { right: "call", args: {}, run: (_, io) => addNote(io.state) },
        length: { right: "call", args: {}, run: (_, io) => io.state.notes.length },
      },
    });
    const device = await startDevice(app);
    await device.call("note");
    expect(await device.call("length")).toBe(700);
    await device.call("note");
    expect(await device.call("length")).toBe(700);
    expect(device.failures).toEqual([
      { name: "state", message: expect.stringMatching(/its state is too long: \d+ bytes/) },
    ]);
  });

  it("another release takes over what is of the same type", async () => {
    const device = await startDevice(greenhouse);
    await device.advance(3 * MINUTE);
    await device.update(
      defineDevice({
        state: { minutes: 7, opened: "none", fresh: true },
        variables: {
          all: {
            right: "read",
            value: { type: "text" },
            read: ({ state }) => `${state.minutes} ${state.opened} ${state.fresh}`,
          },
        },
      }),
    );
    expect(await device.call("all")).toBe("3 none true");
  });
});

describe("timers", () => {
  it("an hour of operation is an hour for the app, and milliseconds for the test", async () => {
    const device = await startDevice(greenhouse, { pins: { temperature: 30 } });
    await device.advance(HOUR);
    expect([await device.call("minutes"), device.pins.get("vent")]).toEqual([60, 1]);
    device.pins.set("temperature", 10);
    await device.advance(MINUTE);
    expect(device.pins.get("vent")).toBe(0);
  });

  it("a time of day comes by the unit's zone, once a day, from when the time is known", async () => {
    const device = await startDevice(greenhouse);
    const evenings = () => device.raised.filter(({ name }) => name === "evening").length;
    await device.setZone(BERLIN);
    await device.advance(24 * HOUR);
    expect([evenings(), await device.call("grade")]).toEqual([0, "unknown"]);
    await device.setTime(NOON_S);
    expect(await device.call("grade")).toBe("trusted");
    // Noon in UTC is 13:00 in Berlin.
    await device.advance(6.4 * HOUR);
    expect(evenings()).toBe(0);
    await device.advance(0.2 * HOUR);
    expect([evenings(), await device.call("alarm")]).toEqual([1, true]);
    await device.advance(3 * 24 * HOUR);
    expect(evenings()).toBe(4);
  });

  it("summer time neither skips nor repeats one", async () => {
    const app = defineDevice({
      events: { night: {} },
      start: (io) => void io.at("02:30", () => io.raise("night")),
    });
    // 2027-03-27 and 2027-10-30, 12:00 UTC: the days before summer time begins and ends.
    for (const day of [1_806_148_800, 1_824_897_600]) {
      const device = await startDevice(app);
      await device.setZone(BERLIN);
      await device.setTime(day);
      await device.advance(24 * HOUR);
      expect(device.raised).toHaveLength(1);
    }
  });

  it("a hint of the time is enough for a schedule; proof counts more", async () => {
    const device = await startDevice(greenhouse);
    await device.setZone(BERLIN);
    await device.setTime(NOON_S, "hint");
    expect(await device.call("grade")).toBe("hint");
    await device.advance(7 * HOUR);
    expect(device.raised).toEqual([{ name: "evening", value: null }]);
    await device.setTime(NOON_S + 7 * 3_600);
    await device.setTime(NOON_S + 20 * 3_600, "hint");
    expect(await device.call("grade")).toBe("trusted");
  });

  it("more than a unit has room for, and times that are none, are refused in words", async () => {
    const app = defineDevice({
      functions: {
        many: { right: "call", args: {}, run: (_, io) => void Array.from({ length: 40 }, () => io.after(1, () => 1)) },
        odd: { right: "call", args: {}, run: (_, io) => void io.at("25:00", () => 1) },
        fast: { right: "call", args: {}, run: (_, io) => void io.every(1, () => 1) },
      },
    });
    const device = await startDevice(app);
    for (const name of ["many", "odd", "fast"]) await expect(device.call(name)).rejects.toEqual(refused("APP_THREW"));
    expect(device.failures.map(({ message }) => message)).toEqual([
      "RangeError: more than 32 timers at once",
      'RangeError: at: "25:00" (expected a time of day such as "07:30")',
      "RangeError: every: 1 milliseconds (expected 10 to 1099511627776)",
    ]);
  });

  it("a timer that throws is reported, and runs again; one that was cancelled does not", async () => {
    const app = defineDevice({
      state: { runs: 0 },
      variables: { runs: { right: "read", value: { type: "int" }, read: (io) => io.state.runs } },
      start(io) {
        io.every(1_000, () => {
          io.state.runs += 1;
          throw new Error("broken");
        });
        io.cancel(io.every(1_000, () => io.raise("none")));
        clearTimeout(setTimeout(() => io.raise("none"), 10));
        queueMicrotask(() => console.warn("micro", { a: 1 }, new Error("no")));
      },
    });
    const device = await startDevice(app);
    await device.advance(3_500);
    expect(await device.call("runs")).toBe(3);
    expect(device.failures).toEqual(Array(3).fill({ name: "every", message: "Error: broken" }));
    expect(device.lines).toContain('app warn: micro {"a":1} Error: no');
  });
});

describe("async functions", () => {
  it("answer later; what they throw is a refusal; what never answers is refused in time", async () => {
    const device = await startDevice(greenhouse);
    await expect(device.call("fails")).rejects.toEqual(refused("APP_THREW"));
    expect(device.failures).toEqual([{ name: "fails", message: "TypeError: stuck" }]);
    const waits = expect(device.call("never")).rejects.toEqual(refused("APP_TIMEOUT"));
    await device.advance(10_000);
    await waits;
    expect(await device.call("alarm")).toBe(false);
  });

  it("a session waits for its own call, and nobody else's", async () => {
    const device = await startDevice(greenhouse);
    const guest = device.guest({ rights: { open: ["call"], minutes: ["read"] } });
    const slow = guest.call("open", { percent: 5 });
    expect(await device.call("minutes")).toBe(0);
    await device.advance(2_000);
    expect(await slow).toBe(1);
  });
});

describe("a network that says what time it is", () => {
  it("is enough for a schedule after a power cut, without cloud and phone", async () => {
    let nowS: number | undefined = NOON_S;
    const device = await startDevice(
      defineDevice({
        state: { rings: 0 },
        variables: {
          rings: { right: "read", value: int(0, 100), read: (io) => io.state.rings },
          grade: { right: "read", value: text(10), read: (io) => io.time.now().grade },
        },
        start: (io) =>
          void io.at("12:05", () => {
            io.state.rings += 1;
          }),
      }),
      { timeServer: () => nowS },
    );
    await device.setZone("UTC0");
    await device.advance(10_000);
    expect(await device.call("grade")).toBe("hint");
    await device.advance(600_000);
    expect(await device.call("rings")).toBe(1);
    // No power for a day; the server is silent at first.
    nowS = undefined;
    await device.powerCut();
    await device.advance(10_000);
    expect(await device.call("grade")).toBe("unknown");
    nowS = NOON_S + 86_400;
    await device.advance(600_000);
    expect([await device.call("grade"), await device.call("rings")]).toEqual(["hint", 2]);
  });

  it("opens no door", async () => {
    const lamp = defineDevice({ functions: { open: { right: "call", args: {}, run: () => "open" } } });
    const device = await startDevice(lamp, { timeServer: () => NOON_S });
    const guest = device.guest({
      rights: { open: ["call"] },
      caveats: [{ kind: "notBefore", timeS: NOON_S - 86_400 }],
    });
    await device.advance(60_000);
    await expect(guest.call("open")).rejects.toThrow("CAVEAT_TIME_UNKNOWN");
    await device.setTime(NOON_S);
    expect(await guest.call("open")).toBe("open");
  });
});
