// What some tests need from Debian: installed when this user may, else named in one line.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./setup.mjs";

const isInstalled = (name) =>
  /^Status: install ok installed$/m.test(spawnSync("dpkg-query", ["-s", name]).stdout?.toString() ?? "");

/**
 * Installs what is missing with apt-get when this is root.
 * @returns The groups of test/system-packages.json that can't run here, each with its missing packages.
 */
export function provideSystemPackages() {
  const groups = JSON.parse(readFileSync(join(ROOT, "test/system-packages.json"), "utf8"));
  const missingIn = (group) => group.packages.filter((name) => !isInstalled(name));
  const missing = groups.flatMap(missingIn);
  if (missing.length > 0 && process.getuid?.() === 0) {
    console.error(`latchkey: installing ${missing.join(" ")}`);
    const apt = (...args) =>
      spawnSync("apt-get", args, {
        stdio: ["ignore", "ignore", 2],
        env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
      });
    apt("update", "-q");
    apt("install", "-y", "-q", "--no-install-recommends", ...missing);
  }
  return groups.map((group) => ({ ...group, missing: missingIn(group) })).filter((group) => group.missing.length > 0);
}
