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
const CAPABILITIES = "-all,+net_raw,+net_admin,+net_bind_service";
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

/** What the script calls of OpenWrt's shell library, as far as it is seen from outside: each call is a line. */
const PROCD = `
tell() { echo "$@"; }
for name in procd_open_instance procd_close_instance procd_set_param procd_add_jail procd_add_jail_mount procd_add_jail_mount_rw group_add user_add chown chmod; do
  eval "$name() { tell $name \\"\\$@\\"; }"
done
group_exists() { [ "$1" = network ]; }
user_exists() { false; }
`;

test("on OpenWrt it is started as a user of its own, in a jail, with the capabilities of the radio, or not at all", () => {
  const root = mkdtempSync(join(tmpdir(), "latchkey-procd-"));
  for (const folder of ["etc/latchkey", "etc/default", "sbin", "dev"])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, "etc/default/latchkey-unit"), "LATCHKEY_RADIO=wlan0\n");
  writeFileSync(join(root, "dev/gpiochip0"), "");
  const script = readFileSync("boards/linux/package/latchkey-unit.init", "utf8").replaceAll(
    / (\/(etc|sbin|dev|proc\/mtd))/g,
    ` ${root}$1`,
  );
  const start = () => spawnSync("sh", ["-c", `${PROCD}${script}\nstart_service`], { encoding: "utf8" });
  expect(start()).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(/there is no .*flash\.bin; the line makes it/),
  });
  writeFileSync(join(root, "etc/latchkey/flash.bin"), "");
  const asRoot = start();
  expect(asRoot).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(/would run as root; run: opkg install procd-ujail/),
  });
  expect(asRoot.stdout).not.toMatch(/procd_open_instance/);
  writeFileSync(join(root, "sbin/ujail"), "", { mode: 0o755 });
  const { status, stdout } = start();
  expect(status, stdout).toBe(0);
  expect(stdout).toMatch(/^user_add latchkey 3990 3990 /m);
  expect(stdout).toMatch(/^chmod 600 .*flash\.bin$/m);
  expect(stdout).toMatch(/^procd_set_param user latchkey$/m);
  expect(stdout).toMatch(/^procd_set_param group network$/m);
  expect(stdout).toMatch(/^procd_set_param capabilities \/etc\/capabilities\/latchkey-unit\.json$/m);
  expect(stdout).toMatch(/^procd_set_param no_new_privs 1$/m);
  expect(stdout).toMatch(/^procd_add_jail latchkey-unit /m);
  expect(stdout).toMatch(/^procd_add_jail_mount_rw .*\/dev\/gpiochip0$/m);
  // A partition of NOR flash called latchkey is the flash.
  mkdirSync(join(root, "proc"));
  const other = 'mtd0: 00040000 00001000 "u-boot"\n';
  writeFileSync(join(root, "proc/mtd"), `dev:    size   erasesize  name\n${other}mtd7: 00c00000 00001000 "latchkey"\n`);
  expect(start()).toMatchObject({ status: 1, stdout: expect.stringMatching(/there is no .*mtd7; the line makes it/) });
  writeFileSync(join(root, "dev/mtd7"), "");
  const onNor = start();
  expect(onNor.status, onNor.stdout).toBe(0);
  expect(onNor.stdout).toMatch(/^chmod 600 .*\/dev\/mtd7$/m);
  expect(onNor.stdout).toMatch(/^procd_set_param env LATCHKEY_FLASH=\S*\/dev\/mtd7 /m);
  expect(onNor.stdout).toMatch(/^procd_add_jail_mount_rw .*\/dev\/mtd7$/m);
  const sets = Object.values(JSON.parse(readFileSync("boards/linux/package/capabilities.json", "utf8")));
  for (const set of sets) expect(set).toEqual(["CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_NET_BIND_SERVICE"]);
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
    // What the service gives: a user of its own, with the capabilities of the radio.
    const words = [
      ...["--pdeathsig", "KILL", "--reuid", uid, "--regid", gid, "--clear-groups", "--no-new-privs"],
      ...["--inh-caps", CAPABILITIES, "--ambient-caps", CAPABILITIES],
      ...["--bounding-set", CAPABILITIES, join(root, "usr/bin/latchkey-unit"), "--flash", flash],
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
    expect(status(pid)).toMatch(/^CapEff:\s+0000000000003400$/m);
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
