/** The last values of a variable, through a session with the unit, in virtual time. */
import { describe, expect, it } from "vitest";
import { bool, defineDevice, int, number } from "#app/index.ts";
import { startDevice } from "#testing/index.ts";

const MINUTE = 60_000;

const app = () => {
  let reads = 0;
  return defineDevice({
    variables: {
      temperature: {
        right: "read",
        value: number(-40, 1_000, { unit: "°C" }),
        history: { count: 500, interval: MINUTE },
        read: () => ++reads / 2,
      },
      door: {
        right: "read",
        value: bool(),
        history: { count: 3, interval: 1_000 },
        read: async (io) => io.pin("door").read() === 1,
      },
      probe: {
        right: "read",
        value: int(0, 100),
        history: { count: 3, interval: 1_000 },
        read: (io) => (io.pin("probe").read() > 100 ? Math.max(...([] as number[])) : io.pin("probe").read()),
      },
      plain: { right: "read", value: int(0, 100), read: () => 7 },
    },
  });
};

describe("a variable's history", () => {
  it("has a value for each interval, oldest first, over as many records as it takes, and drops the oldest", async () => {
    const device = await startDevice(app());
    await device.advance(10 * MINUTE);
    expect(await device.history("temperature")).toEqual(Array.from({ length: 10 }, (_, i) => (i + 1) / 2));
    await device.advance(600 * MINUTE);
    const kept = await device.history("temperature");
    expect([kept.length, kept[0], kept[499]]).toEqual([500, (610 - 500 + 1) / 2, 305]);
    // The variable itself is read as before.
    expect(await device.call("temperature")).toBe(305.5);
  });

  it("keeps what async reads give, and null for what could not be read", async () => {
    const device = await startDevice(app());
    await device.advance(1_000);
    device.pins.set("door", 1);
    device.pins.set("probe", 200);
    await device.advance(1_000);
    device.pins.set("probe", 50);
    await device.advance(1_000);
    expect(await device.history("door")).toEqual([false, true, true]);
    expect(await device.history("probe")).toEqual([0, null, 50]);
  });

  it("takes the variable's right, and is refused where there is none", async () => {
    const device = await startDevice(app());
    await device.advance(MINUTE);
    const guest = device.guest({ rights: { door: ["read"] } });
    expect(await guest.history("door")).toEqual([false, false, false]);
    await expect(guest.history("probe")).rejects.toThrow("GRANT_RIGHT");
    await expect(device.history("plain")).rejects.toThrow("APP_ARGUMENT");
    await expect(device.call("door", { history: -1 })).rejects.toThrow("APP_ARGUMENT");
    await expect(device.call("door", { history: "all" })).rejects.toThrow("APP_ARGUMENT");
    await expect(device.call("door", { from: 0 })).rejects.toThrow("APP_ARGUMENT");
  });

  it("is gone with the power, and with a reset", async () => {
    const device = await startDevice(app());
    await device.advance(10_000);
    await device.powerCut();
    expect(await device.history("door")).toEqual([]);
    await device.advance(10_000);
    expect(await device.history("door")).toHaveLength(3);
    device.pins.set("door", 1);
    await device.press(10_000);
    // A value that was due may have been read since, but none of before is left.
    expect(await device.history("door")).not.toContain(false);
  });
});
