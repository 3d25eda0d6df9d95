/** Runs a shell script as the first process of Debian's kernel for Arm, under QEMU: a machine without disk, all files in memory. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8 } from "#base/utf8.ts";
import { whileProgressing } from "../../progress.ts";
import { cpio } from "../air/cpio.ts";
import { type ArmKernel, armFiles, fileIn, modulesOf } from "./arm-files.ts";

/** A machine of QEMU that Debian's kernel knows. */
interface ArmMachine extends ArmKernel {
  /** Machine, memory, devices, and which of its serial lines the console is. */
  readonly qemu: readonly string[];
  /** What the kernel calls that line. */
  readonly console: string;
  /** The file that describes the machine to the kernel, where QEMU doesn't. */
  readonly deviceTree?: string;
  /** Further words for the kernel. */
  readonly words?: string;
  readonly modules: readonly string[];
}

/** 64 bits; its processor runs programs of 32 bits too. */
export const VIRT: ArmMachine = {
  ...{ architecture: "arm64", kernel: "linux-image-arm64", console: "ttyAMA0", modules: ["i6300esb"] },
  qemu: ["-M", "virt", "-cpu", "cortex-a53", "-m", "512", "-serial", "mon:stdio", "-device", "i6300esb"],
};

/** A module with an i.MX 6: its own drivers for GPIO, I2C, SPI and watchdog. */
export const IMX6: ArmMachine = {
  ...{ architecture: "armhf", kernel: "linux-image-armmp", console: "ttymxc1", deviceTree: "imx6q-sabrelite.dtb" },
  modules: ["gpio_mxc", "i2c_imx", "i2c_dev", "spi_imx", "pwm_imx27"],
  // Its second serial line is the console. A thermometer is on its first I2C bus; a flash chip is on SPI by itself.
  qemu: [
    ...["-M", "sabrelite", "-smp", "1", "-m", "512", "-serial", "null", "-serial", "stdio"],
    ...["-device", "tmp105,id=thermometer,bus=i2c-bus.0,address=0x48"],
  ],
};

/** An Aspeed AST2600 whose SPI NOR chip (MX66U51235F, erased by 4 KB) is /dev/mtd0. Its window of 256 MB wants room in the kernel's addresses. */
export const AST2600: ArmMachine = {
  ...{ architecture: "armhf", kernel: "linux-image-armmp", console: "ttyS4", deviceTree: "aspeed-ast2600-evb.dtb" },
  ...{ modules: ["spi_aspeed_smc", "spi_nor", "mtdblock"], words: "vmalloc=640M" },
  qemu: ["-M", "ast2600-evb", "-m", "512", "-serial", "stdio"],
};

/** Why this machine can't run such guests, in one line; undefined when it can. */
export function whyNoArmGuest(): string | undefined {
  if (spawnSync("qemu-system-aarch64", ["--version"]).error === undefined) return undefined;
  return "it needs qemu-system-aarch64; run: apt-get install -y qemu-system-arm";
}

const END = /~end (\d+)\r?\n/;

const INIT = `#!/busybox sh
/busybox mount -t proc proc /proc
/busybox mount -t sysfs sys /sys
/busybox mount -t devtmpfs dev /dev
/busybox --install -s /bin
export PATH=/bin
ifconfig lo up
while read -r module; do insmod "/modules/$module.ko"; done < /modules.list
sh /script 2>&1
echo "~end $?"
poweroff -f
`;

interface ArmGuest {
  /** What it said so far. */
  said(): string;
  /** Waits until it has said this. Rejects when it falls silent or ends before. */
  hear(pattern: RegExp): Promise<RegExpExecArray>;
  /** Pulls its power: what it has not given to its disk is gone. */
  pull(): Promise<void>;
}

interface Extras {
  /** What QEMU's monitor is told each time that the guest has said a word (on VIRT). */
  readonly replies?: Readonly<Record<string, string>>;
  /** Further words for QEMU. */
  readonly qemu?: readonly string[];
}

/**
 * Starts one.
 * @param files By their names in the guest's root folder.
 * @param script What the shell runs; nobody is there to answer it.
 */
export function startInGuest(
  machine: ArmMachine,
  files: Readonly<Record<string, Uint8Array>>,
  script: string,
  { replies = {}, qemu: more = [] }: Extras = {},
): ArmGuest {
  const place = armFiles(machine);
  const modules = modulesOf(place, machine.modules);
  const folder = mkdtempSync(join(tmpdir(), "latchkey-arm-"));
  const initramfs = join(folder, "initramfs");
  const archive = cpio(
    ["dev", "proc", "sys", "bin", "tmp", "run", "mnt", "modules"],
    [
      ["init", utf8(INIT)],
      ["script", utf8(script)],
      ["busybox", readFileSync(join(place, "bin/busybox"))],
      ["modules.list", utf8(modules.map(({ name }) => `${name}\n`).join(""))],
      ...modules.map(({ name, bytes }) => [`modules/${name}.ko`, bytes] as const),
      ...Object.entries(files),
    ],
  );
  writeFileSync(initramfs, archive);
  const tree = machine.deviceTree;
  const dtbs = join(place, "usr/lib");
  const words = [
    ...["--pdeathsig", "KILL", "qemu-system-aarch64", ...machine.qemu, ...more, "-no-reboot", "-nodefaults"],
    ...["-display", "none", "-kernel", fileIn(join(place, "boot"), "vmlinuz"), "-initrd", initramfs],
    ...(tree === undefined ? [] : ["-dtb", join(fileIn(dtbs, "linux-image"), tree)]),
    ...["-append", `console=${machine.console} quiet panic=-1 rdinit=/init ${machine.words ?? ""}`],
  ];
  const qemu = spawn("setpriv", words, { stdio: ["pipe", "pipe", "pipe"] });
  const replied = new Map(Object.entries(replies).map(([word]) => [word, 0]));
  let said = "";
  let heard = () => {};
  let hasEnded = false;
  for (const stream of [qemu.stdout, qemu.stderr])
    stream.on("data", (bytes) => {
      said += bytes;
      for (const [word, times] of replied) {
        const timesNow = said.split(word).length - 1;
        replied.set(word, timesNow);
        // Ctrl-A C leads from the serial line to the monitor and back.
        for (let time = times; time < timesNow; time++) qemu.stdin.write(`\x01c${replies[word]}\n\x01c`);
      }
      heard();
    });
  const ended = new Promise<void>((resolve) => {
    for (const end of ["close", "error"])
      qemu.once(end, () => {
        hasEnded = true;
        rmSync(folder, { recursive: true, force: true });
        resolve();
        heard();
      });
  });
  return {
    said: () => said,
    hear: (pattern) =>
      whileProgressing(
        (progress) =>
          new Promise((resolve, reject) => {
            heard = () => {
              progress();
              const found = pattern.exec(said);
              if (found !== null) resolve(found);
              else if (hasEnded) reject(new Error(`the guest ended with a crash: ${said}`));
            };
            heard();
          }),
        () => `the guest said: ${said}`,
      ),
    async pull() {
      qemu.kill("SIGKILL");
      await ended;
    },
  };
}

/** Runs a script to its end. @returns What it printed. Rejects when its exit code is not 0, or the guest falls silent or ends before. */
export async function runInGuest(
  machine: ArmMachine,
  files: Readonly<Record<string, Uint8Array>>,
  script: string,
  extras?: Extras,
): Promise<string> {
  const guest = startInGuest(machine, files, script, extras);
  try {
    // Not every machine can switch itself off.
    const end = await guest.hear(END);
    if (end[1] !== "0") throw new Error(`the guest's script ended with ${end[1]}: ${guest.said()}`);
    return guest.said().slice(0, end.index).replaceAll("\r", "");
  } finally {
    await guest.pull();
  }
}
