import { describe, expect, test } from "vitest";
import { openSettings } from "#device/settings.ts";
import { encodeLog } from "#wire/flash/record-log.ts";
import { settingRecord } from "#wire/flash/setting-record.ts";
import { flashModel, GEOMETRIES, type Geometry, PowerCut, TEARS } from "../powercut/flash-model.ts";

const NAMES = ["wifi", "cloud", "holder", "floor"];

function regionOf(geometry: Geometry) {
  return { start: geometry.sectorBytes, bytes: 2 * geometry.sectorBytes };
}

function emptyFlash(geometry: Geometry) {
  return flashModel(geometry, new Uint8Array(4 * geometry.sectorBytes).fill(0xff));
}

/** A value that tells which write it is from. */
function value(turn: number): Uint8Array {
  return new Uint8Array(20 + (turn % 60)).fill(turn & 255);
}

describe("settings", () => {
  test("keep values over a restart, the last one of each name", () => {
    for (const geometry of GEOMETRIES) {
      const flash = emptyFlash(geometry);
      const settings = openSettings(flash, regionOf(geometry));
      for (let turn = 0; turn < 500; turn++) {
        expect(settings.put(NAMES[turn % 4] as string, value(turn))).toBe(true);
      }
      expect(settings.remove("wifi")).toBe(true);
      const again = openSettings(flash, regionOf(geometry));
      expect([...again.names()].sort()).toEqual(["cloud", "floor", "holder"]);
      expect(again.get("wifi")).toBeUndefined();
      expect(again.get("cloud")).toEqual(value(497));
      expect(again.get("floor")).toEqual(value(499));
    }
  });

  test("give the old value or the new one after a power cut at any operation, never neither", () => {
    for (const geometry of GEOMETRIES.filter((each) => each.sectorBytes === 4096)) {
      for (const tear of TEARS) {
        for (let cutAt = 0; ; cutAt += 3) {
          const flash = emptyFlash(geometry);
          flash.cutAt = cutAt;
          flash.tear = tear;
          const known = new Map<string, number>();
          let tried = -1;
          try {
            const settings = openSettings(flash, regionOf(geometry));
            for (tried = 0; tried < 130; tried++) {
              settings.put(NAMES[tried % 4] as string, value(tried));
              known.set(NAMES[tried % 4] as string, tried);
            }
          } catch (error) {
            if (!(error instanceof PowerCut)) throw error;
          }
          const isCut = tried < 130;
          flash.cutAt = -1;
          const again = openSettings(flash, regionOf(geometry));
          for (const [name, turn] of known) {
            const found = again.get(name);
            const allowed = [value(turn)];
            if (isCut && NAMES[tried % 4] === name) allowed.push(value(tried));
            expect(allowed, `${geometry.name} ${tear} at ${cutAt}, ${name}`).toContainEqual(found);
          }
          // The unit goes on: what is written after the cut is kept too.
          expect(again.put("after", value(7))).toBe(true);
          expect(openSettings(flash, regionOf(geometry)).get("after")).toEqual(value(7));
          if (!isCut) break;
        }
      }
    }
  });

  test("refuse what does not fit and keep what was there", () => {
    const geometry = GEOMETRIES[0] as Geometry;
    const settings = openSettings(emptyFlash(geometry), regionOf(geometry));
    expect(settings.put("a", value(1))).toBe(true);
    expect(settings.put("b", new Uint8Array(5000))).toBe(false);
    expect(settings.get("a")).toEqual(value(1));
    expect(settings.put("c", value(2))).toBe(true);
  });

  test("move to the other bank when a sector no longer takes writes", () => {
    const geometry = GEOMETRIES[0] as Geometry;
    const flash = emptyFlash(geometry);
    const settings = openSettings(flash, regionOf(geometry));
    settings.put("a", value(1));
    flash.worn.add(1);
    expect(settings.put("b", value(2))).toBe(true);
    expect(openSettings(flash, regionOf(geometry)).get("a")).toEqual(value(1));
  });

  test("begin with what the factory wrote, on every geometry", () => {
    for (const geometry of GEOMETRIES) {
      const region = { ...regionOf(geometry), sectorBytes: geometry.sectorBytes, writeBytes: geometry.writeBytes };
      const flash = emptyFlash(geometry);
      flash.bytes.set(
        encodeLog(region, [settingRecord("id", value(3)), settingRecord("cloud", value(4))]) as Uint8Array,
        region.start,
      );
      const settings = openSettings(flash, regionOf(geometry));
      expect(settings.get("id")).toEqual(value(3));
      expect(settings.put("id", value(5))).toBe(true);
      expect(openSettings(flash, regionOf(geometry)).get("cloud")).toEqual(value(4));
    }
  });
});
