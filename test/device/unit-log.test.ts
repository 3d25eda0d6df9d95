/** The unit's lines in memory, and the app's last crash in flash. */
import { beforeEach, expect, it } from "vitest";
import { openSettings } from "#device/settings.ts";
import { openStore, performStore, remember } from "#device/store/store.ts";
import { linesAfter } from "#device/unit-log.ts";
import { OWN } from "#wire/flash/stored-names.ts";
import { decodeAppCrash, encodeAppCrash, readLogLines } from "#wire/sessions/unit-log.ts";
import { flashModel, PowerCut, TEARS } from "../powercut/flash-model.ts";
import { appOf, createOutside, type Outside, startUnit } from "./app-unit.ts";

let outside: Outside;
beforeEach(() => {
  outside = createOutside();
});
const lines = () => readLogLines(linesAfter(0))?.map(({ level, text }) => `${level} ${text}`);
const crash = () => decodeAppCrash(outside.kept.get(OWN.appCrash) ?? new Uint8Array(0));

const app = appOf({
  says: (_, io) => io.log("warm"),
  floods: (_, io) => {
    for (let i = 0; i < 500; i++) io.log(`line ${i} ${"ü".repeat(i % 90)}`);
  },
  throwsHere: () => {
    throw new RangeError("too warm");
  },
});

it("keeps lines with their levels until the unit starts again, the last ones where there are too many", () => {
  const unit = startUnit(outside, app);
  unit.call("says");
  unit.call("throwsHere");
  expect(lines()).toEqual(["info app: warm", "error app: throwsHere: RangeError: too warm"]);
  unit.call("floods");
  const kept = linesAfter(0);
  expect(kept.at(-1)?.[3]).toContain("app: line 499");
  const bytes = kept.reduce((sum, [, , , text]) => sum + Buffer.byteLength(text), 0);
  expect(bytes).toBeLessThan(1_800);
  expect(bytes).toBeGreaterThan(1_000);
  expect(linesAfter(kept.at(-1)?.[0] ?? 0)).toEqual([]);
  startUnit(outside, app);
  expect(lines()).toEqual([]);
});

it("keeps the last crash with message and stack over a power cut, and writes a bounded number of them", () => {
  const unit = startUnit(outside, app);
  expect(crash()).toBe(undefined);
  unit.call("throwsHere");
  startUnit(outside, app);
  expect(crash()).toMatchObject({
    release: "7",
    name: "throwsHere",
    message: "RangeError: too warm",
    fault: "APP_THREW",
  });
  expect(crash()?.stack).toContain("throwsHere");
  expect(crash()?.stack.length).toBeLessThanOrEqual(500);
});

it("an app that throws something else each time writes four crashes, and one every ten minutes", () => {
  let n = 0;
  const unit = startUnit(
    outside,
    appOf({
      f: () => {
        throw new Error(`number ${++n}`);
      },
    }),
  );
  for (let i = 0; i < 10; i++) unit.call("f");
  expect(crash()?.message).toBe("Error: number 4");
  unit.pass(600_000);
  unit.call("f");
  expect(crash()?.message).toBe("Error: number 11");
});

it("a power cut at any operation of the flash leaves the crash before or the new one, whole", () => {
  const region = { start: 0, bytes: 8_192 };
  const write = (flash: ReturnType<typeof flashModel>, message: string) => {
    const crash = { release: "7", name: "f", message, stack: "    at f\n".repeat(50), fault: "APP_THREW" } as const;
    return performStore(
      openStore(openSettings(flash, region)),
      "app-reporter",
      remember("appCrash", encodeAppCrash(crash)),
    );
  };
  const seen = new Set<string | undefined>();
  // Enough before it that the region is tidied up for the last one.
  const geometry = { name: "small", sectorBytes: 4_096, writeBytes: 1 };
  const before = flashModel(geometry, new Uint8Array(region.bytes).fill(0xff));
  for (let i = 0; i < 12; i++) expect(write(before, `old ${i}`)).toBe(true);
  const whole = flashModel(geometry, before.bytes.slice());
  write(whole, "new");
  expect(whole.ops).toBeGreaterThan(0);
  for (let cutAt = 0; cutAt < whole.ops; cutAt++) {
    for (const tear of TEARS) {
      const flash = flashModel(geometry, before.bytes.slice());
      Object.assign(flash, { cutAt, tear });
      expect(() => write(flash, "new")).toThrow(PowerCut);
      flash.cutAt = -1;
      const { facts } = openStore(openSettings(flash, region));
      const told = decodeAppCrash(facts.appCrash ?? new Uint8Array(0));
      expect([cutAt, tear, told?.stack]).toEqual([cutAt, tear, "    at f\n".repeat(50)]);
      seen.add(told?.message);
    }
  }
  expect([...seen].sort()).toEqual(["new", "old 11"]);
});
