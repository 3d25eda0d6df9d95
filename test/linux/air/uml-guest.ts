/**
 * A guest as in guest.ts, of a kernel that is a program of this machine (User-Mode Linux, arch/um): the same 802.11 stack from the same
 * sources, without an emulated processor. Its time is virtual too (`time-travel=inf-cpu`): what its programs do takes none, and
 * while all of them wait, time goes on to the next timer at once. Between two commands it stands still: a program spins in the
 * guest, and this machine stops the guest as soon as it has heard a command's end.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "#firmware/layout.ts";
import type { Guest } from "./guest.ts";
import { guestFiles } from "./guest-files.ts";
import { shellOver, wrapped } from "./guest-shell.ts";

const SHARE = "/run/share";

const init = (share: string, busybox: string) => `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs run /run
mkdir ${SHARE}
mount -t hostfs -o ${share} share ${SHARE}
${busybox} ip link set lo up
${busybox} stty -F /dev/ttyS0 raw -echo
exec > /dev/ttyS0 2>&1 < /dev/null
echo "~shell"
n=0
while :; do
  n=$((n + 1))
  ${SHARE}/hold ${SHARE}/command-$n
  . ${SHARE}/command-$n
done
`;

/** Starts one. @param kernel The program, whose mac80211_hwsim is built in (docs/adr/0173). */
export async function startUmlGuest(kernel: string): Promise<Guest> {
  const { root } = guestFiles();
  const share = mkdtempSync(join(tmpdir(), "latchkey-share-"));
  const file = (name: string) => join(share, name);
  writeFileSync(file("init"), init(share, join(root, "bin/busybox")), { mode: 0o755 });
  execFileSync("gcc", ["-O2", "-static", "-o", file("hold"), join(ROOT, "test/linux/air/hold.c")]);
  const words = [
    ...["mem=768M", "root=host", "rootfstype=hostfs", "rootflags=/", "ro", `init=${file("init")}`, "quiet"],
    ...["con=null", "con0=null,fd:2", "ssl=null", "ssl0=fd:0,fd:1", "time-travel=inf-cpu"],
    ...["mac80211_hwsim.radios=4", "mac80211_hwsim.regtest=5"],
  ];
  // A group of its own: each program of the guest is a process here, which the kernel's end leaves behind.
  const started = ["--pdeathsig", "KILL", kernel, ...words];
  const linux = spawn("setpriv", started, { stdio: ["pipe", "pipe", "pipe"], detached: true });
  let log = "";
  linux.stderr.on("data", (bytes) => (log += bytes));
  const exited = new Promise<void>((resolve) => linux.once("close", () => resolve()));
  let commands = 0;
  const shell = shellOver({
    ...{ output: linux.stdout, exited, log: () => log },
    send(command) {
      writeFileSync(file("command"), wrapped(command));
      renameSync(file("command"), file(`command-${++commands}`));
      linux.kill("SIGCONT");
    },
    rest: () => void linux.kill("SIGSTOP"),
  });
  await shell.hearStart();
  return {
    ...{ root, share, log: () => log },
    run: (command, silenceMs) => shell.run(command, silenceMs),
    async stop() {
      if (linux.pid !== undefined && linux.exitCode === null) process.kill(-linux.pid, "SIGKILL");
      await exited;
      rmSync(share, { recursive: true, force: true });
    },
  };
}
