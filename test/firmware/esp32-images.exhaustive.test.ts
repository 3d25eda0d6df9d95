/** Both ESP32 images, built with what Debian, crates.io and PyPI give, and judged by the vendor's esptool and the linker's sections. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { buildEsp32, buildEsp32Boot, sectionsOf } from "#firmware/esp32.ts";
import { esptool, hasCrates, missingForEsp32 } from "#firmware/esp32-tools.ts";
import { ESP32_BOARDS, layoutOf } from "#firmware/layout.ts";
import { BLOCK_BYTES, BLOCKS_MAX, IMAGE_BYTES_MAX } from "#wire/releases/blocks.ts";
import { encodeStream } from "#wire/stream/stream-encoder.ts";

const BUILD_MS = 45 * 60_000;
const SECTOR_BYTES = 4096;
const PAGE_BYTES = 0x1_0000;

/** Why this machine does not build a board's image now, in one line. */
function whyNot(name: string): string | undefined {
  const missing = missingForEsp32();
  if (missing.length > 0) return `run: ${missing.join(" && ")}`;
  if (hasCrates(name)) return undefined;
  return `its crates are not compiled on this machine, which takes minutes; run: npm run firmware -- build --board ${name}`;
}

const BUILT = ESP32_BOARDS.filter((name) => whyNot(name) === undefined);

test("where an image can't be built now, one line says what to run", () => {
  for (const name of ESP32_BOARDS.filter((each) => !BUILT.includes(each))) {
    process.stderr.write(`image of ${name}: not built: ${whyNot(name)}\n`);
    expect(whyNot(name)).toMatch(/run: [^\n]+$/);
  }
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
      const sections = sectionsOf(elf);
      const code = [".trap", ".rwtext", ".rwtext.wifi"].reduce((sum, each) => sum + (sections.get(each) ?? 0), 0);
      expect(code).toBeLessThanOrEqual(budgets.ramCodeBytes as number);
      expect(sections.get(".stack") ?? 0).toBeGreaterThanOrEqual(stackBytes);
      // firmware/chips/esp32/libc.c says where these would lie.
      expect(sections.get(".tbss") ?? 0).toBeLessThanOrEqual(124);
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
