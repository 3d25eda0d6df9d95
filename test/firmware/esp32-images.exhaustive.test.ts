/**
 * Both ESP32 images, built from nothing with what Debian, crates.io and PyPI give, and judged by the vendor's esptool, the linker's
 * sections and the compiler's frames. Where the tools or the network are missing, one line says so.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { exceeded, stackUse } from "#firmware/budget.ts";
import { cacheFolder } from "#firmware/cache-folder.ts";
import { buildEsp32, buildEsp32Boot, sectionsOf } from "#firmware/esp32.ts";
import { fetchCrates, RegistryUnreachable } from "#firmware/esp32-crates.ts";
import { chipOf, esptool, missingEsp32Packages, missingEsptool } from "#firmware/esp32-tools.ts";
import { ESP32_BOARDS, layoutOf } from "#firmware/layout.ts";
import { BLOCK_BYTES, BLOCKS_MAX, IMAGE_BYTES_MAX } from "#wire/releases/blocks.ts";
import { encodeStream } from "#wire/stream/stream-encoder.ts";

/** Compiling yields to all else that runs. */
const BUILD_MS = 3 * 60 * 60_000;
const SECTOR_BYTES = 4096;
const PAGE_BYTES = 0x1_0000;
/** What pip says when PyPI, and not what was asked of it, is why it fails. */
const PYPI_UNREACHABLE = /from versions: none|Retrying|timed out|connection/i;

/** Installs esptool and fetches the crates. @returns Why no image can be built here, in one line; undefined when all is there. */
async function provide(): Promise<string | undefined> {
  const packages = missingEsp32Packages();
  if (packages !== undefined) return `run: ${packages}`;
  const line = missingEsptool();
  if (line !== undefined) {
    const installer = spawn("sh", ["-c", line], { stdio: ["ignore", "ignore", "pipe"] });
    let words = "";
    installer.stderr.on("data", (chunk) => (words += chunk));
    const [code] = await once(installer, "close");
    if (code !== 0 && PYPI_UNREACHABLE.test(words)) return `PyPI can't be reached; where it can, run: ${line}`;
    if (code !== 0) throw new Error(`esptool can't be installed: ${words}`);
  }
  try {
    for (const name of ESP32_BOARDS) await fetchCrates(chipOf(name));
  } catch (error) {
    if (!(error instanceof RegistryUnreachable)) throw error;
    return `${error.message}; where it can, run: npm run firmware -- build --board esp32c3`;
  }
  return undefined;
}

const whyNot = await provide();
const BUILT = whyNot === undefined ? ESP32_BOARDS : [];

test("where no image can be built, one line says what to do", () => {
  if (whyNot === undefined) return expect(missingEsp32Packages() ?? missingEsptool()).toBeUndefined();
  process.stderr.write(`images of ${ESP32_BOARDS.join(", ")}: not built: ${whyNot}\n`);
  expect(whyNot).toMatch(/^[^\n]*run: [^\n]+$/);
});

/** Where the boot stage lies in RAM: boot.ld. */
const BOOT_RAM: Readonly<Record<string, readonly [from: number, to: number]>> = {
  esp32c3: [0x3fcb0000, 0x3fccc000],
  esp32c6: [0x40830000, 0x4084c000],
};
/** RAM by its one address: a C3's instructions have another. */
const ramAddress = (address: number) => (address >= 0x40380000 && address < 0x403e0000 ? address - 0x700000 : address);

interface Segment {
  readonly address: number;
  readonly bytes: number;
  /** In the image. */
  readonly offset: number;
}

/** @source ESP-IDF: esp_image_header_t, esp_image_segment_header_t */
function segmentsOf(image: Uint8Array): readonly Segment[] {
  const view = new DataView(image.buffer, image.byteOffset);
  let offset = 24;
  return Array.from({ length: view.getUint8(1) }, () => {
    const segment = {
      address: view.getUint32(offset, true),
      bytes: view.getUint32(offset + 4, true),
      offset: offset + 8,
    };
    offset = segment.offset + segment.bytes;
    return segment;
  });
}

const imageInfo = (path: string) => execFileSync(esptool(), ["image-info", path], { encoding: "utf8" });

describe.each(BUILT)("%s", (name) => {
  const { board } = layoutOf(name);
  const { budgets, flash } = board;

  test("a build that can't reach crates.io says so in one line", async () => {
    const nowhere = mkdtempSync(join(tmpdir(), "latchkey-cargo-"));
    const env = { ...process.env, CARGO_HOME: nowhere, CARGO_HTTP_PROXY: "http://127.0.0.1:1", CARGO_NET_RETRY: "0" };
    const words = ["bin/latchkey.mjs", "firmware", "build", "--board", name];
    const child = spawn(process.execPath, words, { env, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (chunk) => (said += chunk));
    const [code] = await once(child, "close");
    rmSync(nowhere, { recursive: true, force: true });
    expect([code, said]).toEqual([
      1,
      expect.stringMatching(/^latchkey: crates\.io can't be reached, [^\n]*try again\n$/),
    ]);
  });

  test(
    "the runtime is an image for this chip that fits its slot and the chip's memory",
    async () => {
      const { elf, binary, textBytes, ramBytes } = await buildEsp32(name);
      const info = imageInfo(binary);
      expect(info).toMatch(new RegExp(`Chip ID: .*${name.replace("esp32", "ESP32-?")}`, "i"));
      expect(info).toMatch(/Checksum: .*\(valid\)/);
      expect(info).toMatch(/Validation hash: .*\(valid\)/);
      expect(textBytes).toBeLessThanOrEqual(budgets.textBytes as number);
      // A release must be able to carry it.
      expect(textBytes).toBeLessThanOrEqual(IMAGE_BYTES_MAX);
      const stream = encodeStream(new Uint8Array(0), new Uint8Array(readFileSync(binary)));
      expect(stream.length).toBeLessThanOrEqual(BLOCKS_MAX * BLOCK_BYTES);
      for (const slot of ["nativeA", "nativeB"]) {
        expect(textBytes + SECTOR_BYTES).toBeLessThanOrEqual(flash.regions[slot]?.bytes as number);
      }
      const stackBytes = (budgets.stackBytes as number) + (budgets.nativeStackBytes as number);
      expect(ramBytes + stackBytes).toBeLessThanOrEqual(budgets.ramBytes as number);
      const sections = await sectionsOf(elf);
      const code = [".trap", ".rwtext", ".rwtext.wifi"].reduce((sum, each) => sum + (sections.get(each) ?? 0), 0);
      expect(code).toBeLessThanOrEqual(budgets.ramCodeBytes as number);
      expect(sections.get(".stack") ?? 0).toBeGreaterThanOrEqual(stackBytes);
      // firmware/chips/esp32/libc.c says where these would lie.
      expect(sections.get(".tbss") ?? 0).toBeLessThanOrEqual(124);
    },
    BUILD_MS,
  );

  test(
    "both stages keep their budgets, and our C's frames and deepest calls theirs",
    async () => {
      const images = { boot: await buildEsp32Boot(name), runtime: await buildEsp32(name) };
      expect(exceeded(name, images)).toEqual([]);
      const { boot, native } = stackUse(images);
      expect(boot.path.join(" ")).toMatch(/enter .*slot_verify .*crypto_sign_ed25519_verify_detached/);
      expect(native.bytes).toBeGreaterThan(3000);
    },
    BUILD_MS,
  );

  test(
    "what is flashed does not tell where this machine keeps its sources",
    async () => {
      const images = [(await buildEsp32Boot(name)).binary, (await buildEsp32(name)).binary];
      const places = [process.cwd(), homedir(), cacheFolder(), process.env.CARGO_HOME ?? join(homedir(), ".cargo")];
      for (const place of places) {
        for (const path of images) expect([place, readFileSync(path).includes(`${place}/`)]).toEqual([place, false]);
      }
    },
    BUILD_MS,
  );

  test(
    "the boot stage can map what the runtime has in flash, and copy the rest without touching itself",
    async () => {
      const { binary } = await buildEsp32(name);
      const segments = segmentsOf(readFileSync(binary));
      const [from, to] = BOOT_RAM[name] as readonly [number, number];
      const isMapped = ({ address }: Segment) =>
        (address >= 0x3c000000 && address < 0x3c400000) || (address >= 0x42000000 && address < 0x42400000);
      expect(segments.filter(isMapped)).toHaveLength(2);
      for (const segment of segments) {
        const start = ramAddress(segment.address);
        if (isMapped(segment)) expect(segment.offset % PAGE_BYTES).toBe(segment.address % PAGE_BYTES);
        else expect([start, start + segment.bytes <= from || start >= to]).toEqual([start, true]);
      }
    },
    BUILD_MS,
  );

  test(
    "the file for the flash's first byte begins with the vendor's boot loader, set to the flash's size, and ends with our boot stage",
    async () => {
      const { binary, textBytes } = await buildEsp32Boot(name);
      const whole = readFileSync(binary);
      expect(textBytes).toBeLessThanOrEqual(flash.regions.boot?.bytes as number);
      expect(whole.subarray(flash.regions.boot?.start)[0]).toBe(0xe9);
      expect(imageInfo(binary)).toMatch(/Flash size: 4MB/);
    },
    BUILD_MS,
  );
});
