/**
 * What the guest boots: Debian's kernel, its modules for simulated 802.11 radios, and hostapd, wpa_supplicant and iw. Packages are
 * downloaded by apt, once for each version of the kernel, and unpacked below the cache; nothing is installed.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { cacheFolder } from "#firmware/cache-folder.ts";
import { ROOT } from "#firmware/layout.ts";
import { cpio } from "./cpio.ts";

const PROGRAMS = ["hostapd", "wpasupplicant", "iw", "busybox-static", "tcpdump", "libnl-3-200", "libnl-genl-3-200"];
const LIBRARIES = ["libnl-route-3-200", "libpcsclite1", "libdbus-1-3", "libreadline8", "libssl3", "libpcap0.8"];
/** With the ciphers first: hostapd adds no key before they are there. */
const MODULES = [
  ...["ccm", "ctr", "cmac", "gcm", "ghash-generic", "arc4", "michael_mic", "mac80211_hwsim"],
  ...["virtio_pci", "9pnet_virtio", "9p", "af_packet", "bridge"],
];
const XZ_MAGIC = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);

export interface GuestFiles {
  /** The kernel as ELF, which QEMU starts at once (PVH). */
  readonly kernel: string;
  readonly initramfs: string;
  /** Programs and libraries, unpacked. */
  readonly root: string;
}

function kernelPackage(): string {
  const told = execFileSync("apt-cache", ["depends", "linux-image-amd64"], { encoding: "utf8" });
  const found = /Depends: (linux-image-\S+)/.exec(told)?.[1];
  if (found === undefined) throw new Error("apt knows no linux-image-amd64; run: apt-get update");
  return found;
}

const versionOf = (name: string): string =>
  /Candidate: (\S+)/.exec(execFileSync("apt-cache", ["policy", name], { encoding: "utf8" }))?.[1] ?? "unknown";

/** A module's file and all that it needs, in the order in which they load. */
function inOrder(modulesFolder: string): readonly string[] {
  const root = join(modulesFolder, "../../..");
  const told = execFileSync(join(root, "bin/busybox"), ["depmod", "-n", "-b", root, basename(modulesFolder)], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  const needs = new Map<string, readonly string[]>();
  for (const line of told.split("\n").filter((each) => each.startsWith("kernel/"))) {
    const [path = "", rest = ""] = line.split(":");
    needs.set(path, rest.trim().split(" ").filter(Boolean));
  }
  const pathOf = (name: string) =>
    [...needs.keys()].find((path) => basename(path).replaceAll("-", "_") === `${name.replaceAll("-", "_")}.ko`);
  const ordered = new Set<string>();
  function add(path: string): void {
    for (const need of needs.get(path) ?? []) add(need);
    ordered.add(path);
  }
  for (const path of MODULES.map(pathOf)) if (path !== undefined) add(path);
  return [...ordered].map((path) => join(modulesFolder, path));
}

function extractKernel(compressed: string, into: string): void {
  const bytes = readFileSync(compressed);
  const at = bytes.indexOf(XZ_MAGIC);
  // The kernel's own loader lies behind the compressed data, so xz complains about what follows.
  const { stdout } = spawnSync("xz", ["-dc", "--single-stream"], { input: bytes.subarray(at), maxBuffer: 1 << 28 });
  if (at < 0 || stdout.length === 0) throw new Error(`${compressed} holds no kernel that xz unpacks`);
  writeFileSync(into, stdout);
}

function prepare(folder: string, kernel: string): void {
  execFileSync("apt-get", ["download", "-q", kernel, ...PROGRAMS, ...LIBRARIES], { cwd: folder, stdio: "pipe" });
  const root = join(folder, "root");
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".deb"))) {
    execFileSync("dpkg-deb", ["-x", join(folder, name), root]);
    rmSync(join(folder, name));
  }
  const boot = readdirSync(join(root, "boot")).find((name) => name.startsWith("vmlinuz")) ?? "";
  extractKernel(join(root, "boot", boot), join(folder, "vmlinux"));
  const version = readdirSync(join(root, "lib/modules"))[0] ?? "";
  mkdirSync(join(folder, "modules"));
  const modules = inOrder(join(root, "lib/modules", version));
  for (const path of modules) copyFileSync(path, join(folder, "modules", basename(path)));
  writeFileSync(join(folder, "modules.list"), `${modules.map((path) => `/modules/${basename(path)}`).join("\n")}\n`);
  rmSync(join(root, "lib/modules"), { recursive: true });
}

/** The first files that the kernel sees. @returns Their archive, made anew when the first process's script has changed. */
function initramfsOf(folder: string): string {
  const init = readFileSync(join(ROOT, "test/linux/air/init.sh"));
  const path = join(folder, `initramfs-${createHash("sha256").update(init).digest("hex").slice(0, 12)}`);
  if (existsSync(path)) return path;
  const named = (name: string): [string, Uint8Array] => [name, readFileSync(join(folder, name))];
  const files: [string, Uint8Array][] = [
    ["init", init],
    ["busybox", readFileSync(join(folder, "root/bin/busybox"))],
    named("modules.list"),
    ...readdirSync(join(folder, "modules")).map((name) => named(`modules/${name}`)),
  ];
  writeFileSync(`${path}.${process.pid}`, cpio(["dev", "proc", "sys", "host", "modules"], files));
  renameSync(`${path}.${process.pid}`, path);
  return path;
}

/** Why this machine can't run the guest, in one line; undefined when it can. */
export function whyNoGuest(): string | undefined {
  if (process.getuid?.() !== 0) return "it shares this machine's files with the guest, which takes root";
  for (const [program, name] of [
    ["qemu-system-x86_64", "qemu-system-x86"],
    ["apt-get", "apt"],
    ["xz", "xz-utils"],
  ] as const) {
    if (spawnSync(program, ["--version"]).error !== undefined)
      return `it needs ${program}; run: apt-get install -y ${name}`;
  }
  return undefined;
}

/** Downloads and unpacks what is not there yet. */
export function guestFiles(): GuestFiles {
  const kernel = kernelPackage();
  const folder = join(cacheFolder(), `linux-guest-${kernel}-${versionOf(kernel).replaceAll(/[^\w.-]/g, "_")}-4`);
  if (!existsSync(folder)) {
    mkdirSync(cacheFolder(), { recursive: true });
    const draft = mkdtempSync(join(cacheFolder(), "guest-"));
    prepare(draft, kernel);
    renameSync(draft, folder);
  }
  const file = (name: string) => join(folder, name);
  return { kernel: file("vmlinux"), initramfs: initramfsOf(folder), root: file("root") };
}
