/**
 * A guest under QEMU, without KVM, whose kernel simulates 802.11 radios (mac80211_hwsim). It sees this machine's files, read-only.
 *
 * Its time is virtual: an instruction takes a nanosecond, and while nothing in it runs, time goes on to its next timer at once. So what it
 * measures depends on what its programs do, not on how busy this machine is; but while it waits for this machine (a file, a command),
 * its clock runs as fast as it can. What is timed is therefore held in its memory, and waits are its own.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type GuestFiles, guestFiles } from "./guest-files.ts";

const BOOT_MS = 600_000;
const SILENCE_MS = 300_000;

export interface Guest {
  /** Programs and libraries of the guest's packages, where the guest finds them as well. */
  readonly root: string;
  /** A folder of this machine that the guest has as /run/share. */
  readonly share: string;
  /** Runs a shell command to its end. Rejects when its exit code is not 0, with what it said. */
  run(command: string, silenceMs?: number): Promise<string>;
  /** What the kernel and the first process said. */
  log(): string;
  stop(): Promise<void>;
}

/** Boots one. */
export async function startGuest(files: GuestFiles = guestFiles()): Promise<Guest> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-guest-"));
  const share = mkdtempSync(join(tmpdir(), "latchkey-share-"));
  const shell = join(folder, "shell");
  const connected = new Promise<Socket>((resolve) => {
    const server = createServer((socket) => {
      server.close();
      resolve(socket);
    });
    server.listen(shell);
  });
  const shared = (id: string, path: string, more = "") => [
    ...["-fsdev", `local,id=${id},path=${path},security_model=none${more}`],
    ...["-device", `virtio-9p-pci,fsdev=${id},mount_tag=${id}`],
  ];
  const qemu = spawn(
    "setpriv",
    [
      ...[
        "--pdeathsig",
        "KILL",
        "qemu-system-x86_64",
        "-M",
        "pc",
        "-cpu",
        "max",
        "-smp",
        "1",
        "-m",
        "512",
        "-no-reboot",
      ],
      ...["-nodefaults", "-display", "none", "-serial", "stdio", "-serial", `unix:${shell}`],
      ...["-kernel", files.kernel, "-initrd", files.initramfs],
      ...[
        "-append",
        "console=ttyS0 quiet panic=-1 no_timer_check random.trust_cpu=on mitigations=off audit=0 rdinit=/init",
      ],
      ...["-icount", "shift=0,sleep=off", "-rtc", "base=utc,clock=vm"],
      ...shared("root", "/", ",readonly=on,multidevs=remap"),
      ...shared("share", share),
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let log = "";
  for (const stream of [qemu.stdout, qemu.stderr]) stream.on("data", (bytes) => (log += bytes));
  const exited = new Promise<void>((resolve) => qemu.once("close", () => resolve()));
  const fail = (what: string) => new Error(`${what}; the guest said: ${log.slice(-2000)}`);
  const socket = await connected;
  let said = "";
  let heard = () => {};
  socket.on("data", (bytes) => {
    said += bytes.toString("utf8");
    heard();
  });
  /** Waits until the shell has said something that matches. */
  const hear = (pattern: RegExp, what: string, silenceMs: number) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      heard = () => {
        clearTimeout(timer);
        const found = pattern.exec(said);
        if (found !== null) return resolve(found);
        timer = setTimeout(() => reject(fail(`${what}: no word for ${silenceMs / 1000} s after: ${said}`)), silenceMs);
      };
      heard();
      void exited.then(() => reject(fail(`${what}: the guest ended`)));
    });
  await hear(/~shell/, "boot", BOOT_MS);
  return {
    root: files.root,
    share,
    log: () => log,
    async run(command, silenceMs = SILENCE_MS) {
      said = "";
      socket.write(`{ ${command}\n} 2>&1 < /dev/null; echo "~end $?"\n`);
      const end = await hear(/~end (\d+)\r?\n/, command, silenceMs);
      const words = said.slice(0, end.index);
      if (end[1] === "0") return words;
      throw fail(`${command}: exit ${end[1]}: ${words}`);
    },
    async stop() {
      qemu.kill("SIGKILL");
      await exited;
      socket.destroy();
      rmSync(folder, { recursive: true, force: true });
      rmSync(share, { recursive: true, force: true });
    },
  };
}
