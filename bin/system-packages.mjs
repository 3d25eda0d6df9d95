// What some tests need from Debian. As root with CI set it is installed; otherwise the tests that need it are left out and named.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./setup.mjs";

const isInstalled = (name) =>
  /^Status: install ok installed$/m.test(spawnSync("dpkg-query", ["-s", name]).stdout?.toString() ?? "");

/** Whether missing packages are installed: as root, on a machine that is there for tests alone. */
export const installsPackages = () => process.getuid?.() === 0 && Boolean(process.env.CI);

/** @returns The groups of test/system-packages.json that can't run here, each with its missing packages. */
export function provideSystemPackages() {
  const groups = JSON.parse(readFileSync(join(ROOT, "test/system-packages.json"), "utf8"));
  const missingIn = (group) => group.packages.filter((name) => !isInstalled(name));
  const missing = [...new Set(groups.flatMap(missingIn))];
  if (missing.length > 0 && installsPackages()) {
    console.log(`installing the Debian packages ${missing.join(" ")}`);
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
