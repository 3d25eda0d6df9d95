/** The Debian package of a Linux board: dpkg installs it, systemd accepts its service, and the unit runs from it without a capability. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chownSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { utf8 } from "#base/utf8.ts";
import { makeBareUnit } from "#boards/qemu-mps2/host/bare-unit.ts";
import { startProgram } from "#boards/sim/host/child.ts";
import { imagePaths } from "#firmware/image.ts";
import { until } from "../progress.ts";

const isRoot = process.getuid?.() === 0;
/** systemd's own sum of what a service may do, from 0 (nothing) to 10. */
const EXPOSURE_MOST = 2.5;
const SCRIPT = `native.console.write(Uint8Array.from("at work\\n",function(c){return c.charCodeAt(0)}))`;

const out = (program: string, ...words: readonly string[]) => execFileSync(program, words, { encoding: "utf8" });

async function buildPackage(): Promise<{ readonly deb: string; readonly folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-deb-"));
  const built = startProgram("src/cli/main.ts", ["firmware", "build", "--board", "linux", "--deb", "--out", folder]);
  const code = await built.exited;
  expect(code, built.errors()).toBe(0);
  const deb = readdirSync(folder).find((name) => name.endsWith("_amd64.deb")) ?? "none";
  return { deb: join(folder, deb), folder };
}

const running: number[] = [];
afterEach(() => {
  for (const pid of running.splice(0)) process.kill(pid, "SIGKILL");
});

test("the package says what it is, holds the program, and the tarball for routers holds the same", async () => {
  const { deb, folder } = await buildPackage();
  expect(out("dpkg-deb", "--info", deb)).toMatch(
    /Package: latchkey-unit\n[\s\S]*Architecture: amd64\n[\s\S]*Depends: wpasupplicant/,
  );
  expect(out("dpkg-deb", "--contents", deb)).toMatch(
    /-rwxr-xr-x root\/root +\d+ \S+ \S+ \.\/usr\/bin\/latchkey-unit\n/,
  );
  const router = join(folder, readdirSync(folder).find((name) => name.endsWith("_openwrt.tar.gz")) ?? "none");
  const unpacked = join(folder, "router");
  mkdirSync(unpacked);
  out("tar", "-xzf", router, "-C", unpacked);
  const program = readFileSync(imagePaths("linux").runtime);
  expect(readFileSync(join(unpacked, "usr/bin/latchkey-unit")).equals(program)).toBe(true);
  expect(spawnSync("sh", ["-n", join(unpacked, "etc/init.d/latchkey-unit")]).status).toBe(0);
});

test.skipIf(!isRoot)(
  "dpkg installs it, the unit runs as its user without a capability, and removal leaves the flash",
  async () => {
    const { deb, folder } = await buildPackage();
    const root = join(folder, "root");
    for (const path of ["etc", "var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/latchkey"]) {
      mkdirSync(join(root, path), { recursive: true });
    }
    for (const name of ["status", "available"]) writeFileSync(join(root, "var/lib/dpkg", name), "");
    const dpkg = (...words: readonly string[]) =>
      out("dpkg", `--root=${root}`, "--force-depends", "--force-script-chrootless", ...words);
    dpkg("--install", deb);
    const [, uid = "", gid = ""] =
      /^latchkey:x:(\d+):(\d+):/m.exec(readFileSync(join(root, "etc/passwd"), "utf8")) ?? [];
    const flash = join(root, "var/lib/latchkey/flash.bin");
    await makeBareUnit("linux", flash, utf8(SCRIPT));
    chownSync(flash, Number(uid), Number(gid));
    // What the service gives: a user of its own, with the two capabilities of the radio.
    const words = [
      ...["--pdeathsig", "KILL", "--reuid", uid, "--regid", gid, "--clear-groups", "--no-new-privs"],
      ...["--inh-caps", "-all,+net_raw,+net_admin", "--ambient-caps", "-all,+net_raw,+net_admin"],
      ...["--bounding-set", "-all,+net_raw,+net_admin", join(root, "usr/bin/latchkey-unit"), "--flash", flash],
    ];
    execFileSync("chmod", ["-R", "o+rX", folder]);
    const unit = spawn("setpriv", words, { stdio: ["pipe", "pipe", "pipe"] });
    const pid = unit.pid ?? -1;
    running.push(pid);
    let said = "";
    for (const stream of [unit.stdout, unit.stderr]) stream.on("data", (bytes) => (said += bytes));
    await until(`the unit's word, after: ${said}`, () => (said.includes("at work") ? true : undefined));
    const status = (process: number | string) => readFileSync(`/proc/${process}/status`, "utf8");
    const [runtime = ""] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
    expect(status(pid)).toMatch(/^CapEff:\s+0000000000003000$/m);
    expect(status(runtime)).toMatch(/^CapEff:\s+0{16}$/m);
    expect(status(runtime)).toMatch(/^NoNewPrivs:\s+1$/m);
    // No process of the same user may look into it.
    expect(statSync(`/proc/${runtime}/maps`).uid).toBe(0);
    process.kill(running.pop() ?? -1, "SIGKILL");
    dpkg("--purge", "latchkey-unit");
    expect(statSync(flash).size).toBeGreaterThan(0);
  },
);

test.skipIf(!isRoot)("systemd accepts the service, and finds little that it may do", async () => {
  const { deb, folder } = await buildPackage();
  const root = join(folder, "root");
  out("dpkg-deb", "-x", deb, root);
  // The targets that any service stands among.
  for (const name of readdirSync("/lib/systemd/system").filter((each) => /^(\w|-)+\.(target|slice)$/.test(each))) {
    cpSync(join("/lib/systemd/system", name), join(root, "lib/systemd/system", name), { dereference: true });
  }
  const verified = spawnSync("systemd-analyze", ["verify", "--man=no", `--root=${root}`, "latchkey-unit.service"], {
    encoding: "utf8",
  });
  expect(`${verified.stdout}${verified.stderr}`).not.toMatch(/latchkey-unit\.service/);
  expect(verified.status).toBe(0);
  const judged = out("systemd-analyze", "security", "--offline=true", `--root=${root}`, "latchkey-unit.service");
  const exposure = /Overall exposure level for latchkey-unit\.service: ([\d.]+)/.exec(judged)?.[1];
  expect(Number(exposure)).toBeLessThanOrEqual(EXPOSURE_MOST);
});
