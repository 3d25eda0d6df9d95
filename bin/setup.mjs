// Makes a fresh clone ready: installs the locked packages when they are missing or out of date. Plain Node, no packages.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** True when what npm last installed here is what package-lock.json asks for. */
function isInstalled() {
  const installed = join(ROOT, "node_modules", ".package-lock.json");
  if (!existsSync(installed)) return false;
  const wanted = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")).packages;
  const have = JSON.parse(readFileSync(installed, "utf8")).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === "" || optional === true || have[path]?.version === version,
  );
}

/** The folder that the user stands in. npm goes to the package's root before it runs a script, and names the user's in INIT_CWD. */
function userFolder() {
  const isRunByNpm = process.env.npm_lifecycle_event !== undefined && process.cwd() === ROOT;
  const folder = (isRunByNpm && process.env.INIT_CWD) || process.cwd();
  // Programs that this one starts stand in the root themselves.
  delete process.env.INIT_CWD;
  return folder;
}

/** Installs with `npm ci` when needed, its output on standard error. Exits 1 with one line when that fails. */
export function setUp() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`latchkey: needs Node 20.19 or newer, this is ${process.versions.node}; install it and try again`);
    process.exit(1);
  }
  process.env.LATCHKEY_USER_FOLDER = userFolder();
  process.chdir(ROOT);
  if (isInstalled()) return;
  console.error("latchkey: installing packages (npm ci)");
  // npm is a script on Windows, which only a shell starts.
  const shell = process.platform === "win32";
  const npm = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: ROOT, stdio: ["ignore", 2, 2], shell });
  if (npm.status !== 0) {
    console.error("latchkey: npm ci failed; see its lines above, mend that and try again");
    process.exit(1);
  }
}
