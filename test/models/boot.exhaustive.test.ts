/** The boot stage and its parsers under Frama-C's Eva: its alarms are those of the list, each with the reason why it is false. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { encodeLog } from "#wire/flash/record-log.ts";
import { settingRecord } from "#wire/flash/setting-record.ts";
import { OWN } from "#wire/flash/stored-names.ts";
import { alarmsOf, BOOT, editedFirmware, exec, macros } from "./boot/eva.ts";

const LIST = JSON.parse(readFileSync("test/models/boot/alarms.json", "utf8")) as Record<
  string,
  { readonly reason: string; readonly alarms: readonly string[] }
>;
const SETTINGS = ["boot/settings.c", "boot/record-log.c", "port/crc32.c"];
const ALONE = ["-main", "read_settings"];
/** A reader that does not look whether a value fits. */
const CARELESS = new Map([["boot/settings.c", (text: string) => text.replace("|| value_bytes > w->most", "")]]);

it("the boot stage, whatever flash and console say, gives the alarms of the list and no others", async () => {
  const alarms = await alarmsOf([...BOOT, "port/crc32.c", "port/frame.c"]);
  expect(alarms).toEqual(
    Object.values(LIST)
      .flatMap(({ alarms: each }) => each)
      .sort(),
  );
  for (const { reason } of Object.values(LIST)) expect(reason.length).toBeGreaterThan(60);
});

it("a settings reader that does not look whether a value fits gives an alarm that is not in the list", async () => {
  const firmware = editedFirmware(CARELESS);
  try {
    const [whole, careless] = [
      await alarmsOf(SETTINGS, ALONE, ["-DSETTINGS_ALONE"]),
      await alarmsOf(SETTINGS, ALONE, ["-DSETTINGS_ALONE"], firmware),
    ];
    const known = new Set([...whole, ...Object.values(LIST).flatMap(({ alarms }) => alarms)]);
    expect(whole.filter((alarm) => alarm.startsWith("settings.c"))).toEqual([]);
    expect(careless.filter((alarm) => !known.has(alarm)).join("\n")).toMatch(/settings\.c visit .*valid_dest/);
  } finally {
    rmSync(firmware, { recursive: true });
  }
});

it("the value that the careless reader writes beyond its place is left out by the code", async () => {
  const region = { start: 0, bytes: 8192, sectorBytes: 4096, writeBytes: 1 };
  const flash = encodeLog(region, [settingRecord(OWN.keySetBefore, new Uint8Array(1_000).fill(0x61))]);
  const folder = mkdtempSync(join(tmpdir(), "latchkey-boot-"));
  const careless = editedFirmware(CARELESS);
  const run = async (root: string) => {
    const program = join(folder, "read");
    const sources = [...SETTINGS.map((path) => resolve(root, path)), resolve("test/models/boot/flash-file.c")];
    const flags = ["-O1", "-g", "-fsanitize=address,undefined", `-I${resolve(root)}`, ...macros()];
    await exec("gcc", [...flags, "-o", program, ...sources]);
    return spawnSync(program, { input: Buffer.from(flash as Uint8Array), encoding: "utf8" });
  };
  try {
    const wild = await run(careless);
    expect(wild.status).not.toBe(0);
    expect(wild.stderr).toMatch(/AddressSanitizer|runtime error/);
    const ours = await run("firmware");
    expect(ours).toMatchObject({ status: 0, stdout: "0\n" });
  } finally {
    for (const each of [folder, careless]) rmSync(each, { recursive: true });
  }
});
