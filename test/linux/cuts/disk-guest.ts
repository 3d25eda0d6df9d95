/**
 * A unit on a machine of its own whose power is pulled: Debian's kernel under QEMU, the unit's flash in a file on ext4, on a disk that
 * loses what was not flushed (disk.ts). The air and the owner are on this machine, reached through QEMU's own network.
 */

import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "#base/host/free-port.ts";
import { utf8 } from "#base/utf8.ts";
import { cpio } from "../air/cpio.ts";
import { armFiles, fileIn, modulesOf } from "../arm/arm-files.ts";
import { serveDisk } from "./disk.ts";
import type { Place } from "./round.ts";
import { listenTo } from "./running.ts";
import { BOARD, type Subject } from "./subject.ts";

const KERNEL = { architecture: "amd64", kernel: "linux-image-amd64" } as const;
const MODULES = ["virtio_pci", "virtio_blk", "virtio_net", "crc32c_generic", "ext4"];
const BLOCK_BYTES = 4096;
const PORT = BOARD.network.tcpPort;
const DISK_MB = 48;
/** What QEMU's network gives to its host, and the unit's address from the air. */
const [SUBNET, HOST] = ["10.0.2", "10.0.2.2"];
const XZ_MAGIC = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);

const INIT = `#!/busybox sh
B=/busybox
$B mount -t proc proc /proc
$B mount -t sysfs sys /sys
$B mount -t devtmpfs dev /dev
while read -r module; do $B insmod "/modules/$module.ko"; done < /modules.list
$B ifconfig lo up
$B ifconfig eth0 ${SUBNET}.1 netmask 255.255.255.0 up
$B mount -t ext4 -o data=ordered /dev/vda /mnt || echo "trouble: the disk can't be mounted"
for word in $($B cat /proc/cmdline); do case $word in air=*) air=\${word#air=} ;; esac; done
/mnt/latchkey-unit --flash /mnt/flash.bin --air ${HOST}:$air < /dev/null 2>&1
echo "trouble: the unit ended"
$B poweroff -f
`;

/** Why this machine can't, in one line; undefined when it can. */
export function whyNoDiskGuest(): string | undefined {
  if (spawnSync("qemu-system-x86_64", ["--version"]).error !== undefined)
    return "it needs qemu-system-x86_64; run: apt-get install -y qemu-system-x86";
  if (spawnSync("mkfs.ext4", ["-V"]).error !== undefined)
    return "it needs mkfs.ext4; run: apt-get install -y e2fsprogs";
  return undefined;
}

/** The kernel as ELF, which QEMU starts at once (PVH), and the first files that it sees. */
function bootFiles(folder: string): { readonly kernel: string; readonly initramfs: string } {
  const [kernel, initramfs] = [join(folder, "vmlinux"), join(folder, "initramfs")];
  const place = armFiles(KERNEL);
  if (!existsSync(kernel)) {
    const packed = readFileSync(fileIn(join(place, "boot"), "vmlinuz"));
    // The kernel's own loader lies behind the compressed data, so xz complains about what follows.
    const { stdout } = spawnSync("xz", ["-dc", "--single-stream"], {
      input: packed.subarray(packed.indexOf(XZ_MAGIC)),
      maxBuffer: 1 << 28,
    });
    if (stdout.length === 0) throw new Error("xz unpacks no kernel; run: apt-get install -y xz-utils");
    writeFileSync(kernel, stdout);
  }
  const modules = modulesOf(place, MODULES);
  const archive = cpio(
    ["dev", "proc", "sys", "mnt", "modules"],
    [
      ["init", utf8(INIT)],
      ["busybox", readFileSync(join(place, "bin/busybox"))],
      ["modules.list", utf8(modules.map(({ name }) => `${name}\n`).join(""))],
      ...modules.map(({ name, bytes }) => [`modules/${name}.ko`, bytes] as const),
    ],
  );
  writeFileSync(initramfs, archive);
  return { kernel, initramfs };
}

/** Makes a disk with the program and room for the flash. */
function makeDisk(path: string, subject: Subject): void {
  const content = mkdtempSync(join(tmpdir(), "latchkey-disk-"));
  copyFileSync(subject.fresh, join(content, "flash.bin"));
  copyFileSync(subject.program, join(content, "latchkey-unit"));
  const draft = `${path}.draft`;
  rmSync(draft, { force: true });
  execFileSync("mkfs.ext4", ["-q", "-b", String(BLOCK_BYTES), "-d", content, draft, `${DISK_MB}M`], { stdio: "pipe" });
  rmSync(content, { recursive: true });
  copyFileSync(draft, path);
  rmSync(draft);
}

/** Where on the disk the flash's blocks lie. The unit never changes the file's length, so they stay there. */
function blocksOf(disk: string): readonly number[] {
  const told = execFileSync("debugfs", ["-R", "blocks /flash.bin", disk], { encoding: "utf8", stdio: "pipe" });
  return told.trim().split(/\s+/).map(Number);
}

/** @param folder Where the disk is kept from one round to the next. */
export function inDiskGuest(subject: Subject, folder: string): Place {
  mkdirSync(folder, { recursive: true });
  const disk = join(folder, "disk.img");
  if (!existsSync(disk)) makeDisk(disk, subject);
  const blocks = blocksOf(disk);
  const { kernel, initramfs } = bootFiles(folder);
  const block = Buffer.alloc(BLOCK_BYTES);

  /** Copies the flash onto the disk, or from it. */
  function exchange(flash: string, isOnto: boolean): void {
    const [image, file] = [openSync(disk, "r+"), openSync(flash, "r+")];
    for (const [i, number] of blocks.entries()) {
      const [from, to] = isOnto ? [file, image] : [image, file];
      const [fromAt, toAt] = isOnto ? [i, number] : [number, i];
      readSync(from, block, 0, BLOCK_BYTES, fromAt * BLOCK_BYTES);
      writeSync(to, block, 0, BLOCK_BYTES, toAt * BLOCK_BYTES);
    }
    closeSync(image);
    closeSync(file);
  }

  return {
    kind: "pull",
    subnet: SUBNET,
    async start(flash, radioPort, _host, seed) {
      exchange(flash, true);
      const place = mkdtempSync(join(tmpdir(), "latchkey-pull-"));
      const served = await serveDisk(disk, join(place, "disk"), seed);
      const port = await freePort();
      const words = [
        ...["--pdeathsig", "KILL", "qemu-system-x86_64", "-M", "pc", "-cpu", "max", "-smp", "1", "-m", "256"],
        ...[
          "-no-reboot",
          "-nodefaults",
          "-display",
          "none",
          "-serial",
          "stdio",
          "-kernel",
          kernel,
          "-initrd",
          initramfs,
        ],
        ...["-append", `console=ttyS0 quiet panic=-1 no_timer_check random.trust_cpu=on rdinit=/init air=${radioPort}`],
        ...["-drive", `file=${served.drive},format=raw,if=virtio,cache=writeback`],
        ...["-netdev", `user,id=net,net=${SUBNET}.0/24,host=${HOST},hostfwd=tcp:127.0.0.1:${port}-${SUBNET}.1:${PORT}`],
        ...["-device", "virtio-net-pci,netdev=net,romfile="],
      ];
      const qemu = spawn("setpriv", words, { stdio: ["ignore", "pipe", "pipe"] });
      const ended = new Promise<void>((resolve) => qemu.once("close", () => resolve()));
      return {
        at: { host: "127.0.0.1", port, name: `${SUBNET}.1:${PORT}` },
        ended,
        ...listenTo([qemu.stdout, qemu.stderr], ended),
        async cut() {
          qemu.kill("SIGKILL");
          await ended;
          served.pull();
          rmSync(place, { recursive: true, force: true });
          exchange(flash, false);
        },
      };
    },
  };
}
