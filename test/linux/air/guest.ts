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
import { shellOver, wrapped } from "./guest-shell.ts";

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
  const line = join(folder, "shell");
  const connected = new Promise<Socket>((resolve) => {
    const server = createServer((socket) => {
      server.close();
      resolve(socket);
    });
    server.listen(line);
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
      ...["-nodefaults", "-display", "none", "-serial", "stdio", "-serial", `unix:${line}`],
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
  const socket = await connected;
  const shell = shellOver({
    ...{ output: socket, exited, log: () => log },
    send: (command) => void socket.write(wrapped(command)),
  });
  await shell.hearStart();
  return {
    root: files.root,
    share,
    log: () => log,
    run: (command, silenceMs) => shell.run(command, silenceMs),
    async stop() {
      qemu.kill("SIGKILL");
      await exited;
      socket.destroy();
      rmSync(folder, { recursive: true, force: true });
      rmSync(share, { recursive: true, force: true });
    },
  };
}
