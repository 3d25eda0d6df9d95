/** The country that a Linux unit's radio process names to wpa_supplicant, on a control socket of the test's own. */
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";

const folder = () => mkdtempSync(join(tmpdir(), "latchkey-wpa-"));
const program = join(folder(), "check");

beforeAll(() => {
  const sources = ["test/linux/wpa-country-check.c", "firmware/chips/linux/wpa.c"];
  execFileSync("gcc", ["-D_GNU_SOURCE", "-fsanitize=address,undefined", "-Ifirmware", "-o", program, ...sources]);
});

const told = (code: string) => execFileSync(program, [folder(), code], { encoding: "utf8" }).trim().split("\n");

test("it is set by wpa_supplicant's own command, and a refusal is known", () => {
  expect(told("DE")).toEqual(["ATTACH", "SET country DE", "taken"]);
  expect(told("QQ")).toEqual(["ATTACH", "SET country QQ", "refused"]);
});
