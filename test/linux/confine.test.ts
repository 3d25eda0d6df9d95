/** The radio process, which reads what strangers send, can reach neither the unit's flash nor another process. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

const SOURCES = ["test/linux/confine-probe.c", "firmware/chips/linux/confine.c"];
const KERNEL = ["/usr/include", "/usr/include/x86_64-linux-gnu"].flatMap((folder) => ["-idirafter", folder]);

test("the radio process opens, changes and starts nothing, and keeps its sockets", () => {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-confine-"));
  const [probe, flash] = [join(folder, "probe"), join(folder, "flash.bin")];
  execFileSync("musl-gcc", ["-static", "-D_GNU_SOURCE", "-Ifirmware", ...KERNEL, ...SOURCES, "-o", probe]);
  writeFileSync(flash, "identity");
  const run = (...words: readonly string[]) => execFileSync(probe, [flash, ...words], { encoding: "utf8" });
  expect(run("confined").trim().split("\n")).toEqual([
    "socket done",
    "open refused",
    "truncate refused",
    "signal refused",
    "look into refused",
    "remove refused",
    "start refused",
  ]);
  expect(readFileSync(flash, "utf8")).toBe("identity");
  // Without the filter the same program reaches all of it.
  expect(run()).toMatch(/open done\ntruncate done\nsignal done\n[\s\S]*remove done\nstart done/);
  expect(existsSync(flash)).toBe(false);
});
