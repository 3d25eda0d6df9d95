/** The flasher of ESP32 chips: esptool-js, the chip maker's own, over any line (ADR 0170). */
import { createHash } from "node:crypto";
import type { ESPLoader as Loader } from "esptool-js";
import type { FlashImage } from "#factory/images.ts";
import { CONSOLE_SPEED } from "#factory/serial/open-line.ts";
import type { OpenLine } from "#factory/serial/serial-line.ts";
import { flashSegments } from "./flash-segments.ts";
import { type ChipIdentity, type Flasher, FlasherError } from "./flasher.ts";
import { imageChip } from "./image-chip.ts";
import { webSerialPort } from "./web-serial-port.ts";

/** What a sector of these chips' flash has. @source ESP32-C6 datasheet; all chips of the family erase 4 KB. */
const SECTOR_BYTES = 4_096;
/** While writing, where the line has a speed that the chip can be told: the fastest that converters of all boards carry. */
const WRITE_SPEED = 460_800;
/** How long RTS holds the chip in reset. @source esptool, HardReset */
const RESET_MS = 100;
/**
 * How long esptool-js waits in each of its attempts to connect; how long it does over TCP, where an answer comes a longer way; and how
 * long one may take at least afterwards.
 */
const ATTEMPT_MS = 100;
const FAR_ATTEMPT_MS = 400;
const ANSWER_MS = 30_000;
/** What the chip said before it is looked through for why it does not answer. */
const HEARD_MAX = 4_096;

const hex = (address: number) => `0x${address.toString(16)}`;
const megabytes = (bytes: number) => `${bytes / 2 ** 20} MB`;
const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** "ESP32-C6" as boards are named. */
const boardNameOf = (chip: string) => chip.toLowerCase().replaceAll("-", "");

/** Loaded when it is used: the package brings loaders for a dozen chips. */
async function createLoader(line: OpenLine): Promise<Loader> {
  const { ESPLoader, Transport } = await import("esptool-js");
  const hasSpeed = line.setControl !== undefined;
  const attemptMs = hasSpeed ? ATTEMPT_MS : FAR_ATTEMPT_MS;
  class SilentTransport extends Transport {
    // It would write to the console even where tracing is off.
    override trace(): void {}
    // Some of its limits are 200 ms, which a busy machine exceeds; those of its attempts to connect are meant.
    override read(timeoutMs: number): Promise<Uint8Array> {
      return super.read(timeoutMs <= ATTEMPT_MS ? attemptMs : Math.max(timeoutMs, ANSWER_MS));
    }
  }
  return new ESPLoader({
    transport: new SilentTransport(webSerialPort(line)),
    baudrate: hasSpeed ? WRITE_SPEED : CONSOLE_SPEED,
    romBaudrate: CONSOLE_SPEED,
    terminal: { clean() {}, write() {}, writeLine() {} },
  });
}

/** Why nobody answered, from what came over the line meanwhile. */
function silenceOf(line: OpenLine, heard: string): FlasherError {
  if (line.isEnded()) return new FlasherError(`the line ${line.name} ended; check the cable, then try again`);
  const how = "hold BOOT, press and release RESET, release BOOT, then try again";
  if (/waiting for download/.test(heard)) {
    return new FlasherError(`the board on ${line.name} is in download mode but hears nothing; check its RX wire`);
  }
  return heard.trim() === ""
    ? new FlasherError(`nothing answers on ${line.name}; check that the cable carries data. If it does: ${how}`)
    : new FlasherError(`the board on ${line.name} runs its program and is not in download mode; ${how}`);
}

/** esptool-js would wait for answers of a line that has ended. @throws FlasherError as soon as it has */
function untilEnded<T>(line: OpenLine, work: Promise<T>): Promise<T> {
  const broken = line.ended.then(() => {
    throw silenceOf(line, "");
  });
  return Promise.race([work, broken]);
}

/** @param expected The board that is wanted; another chip is refused. Any when undefined. */
export function openEsp32Flasher(line: OpenLine, expected: string | undefined): Flasher {
  let loader: Loader | undefined;
  let identity: ChipIdentity | undefined;

  function connected(): Loader {
    if (loader === undefined) throw new FlasherError("the chip is not detected yet; detect it first");
    return loader;
  }

  /** What esptool-js throws becomes one line of ours. */
  async function told<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await untilEnded(line, work());
    } catch (error) {
      if (error instanceof FlasherError) throw error;
      const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
      throw new FlasherError(`the chip did not ${what} (${reason}); check the cable and its power, then try again`);
    }
  }

  async function identify(): Promise<ChipIdentity> {
    const chip = connected();
    identity ??= await told("say who it is", async () => {
      const mac = await chip.chip.readMac(chip);
      const size = await chip.detectFlashSize();
      if (size === undefined) {
        throw new FlasherError("the chip's flash does not answer; check that the module has one, and its power");
      }
      return { mac, flashBytes: chip.flashSizeBytes(size as never) };
    });
    return identity;
  }

  async function checkSize(segments: readonly FlashImage[]): Promise<void> {
    const { flashBytes } = await identify();
    const end = Math.max(0, ...segments.map(({ address, bytes }) => address + bytes.length));
    if (end > flashBytes) {
      const wanted = megabytes(2 ** Math.ceil(Math.log2(end)));
      throw new FlasherError(
        `the flash has ${megabytes(flashBytes)}, the images end at ${hex(end)}; take a module of ${wanted}`,
      );
    }
  }

  /** The loader's own image, where one is given, must be this chip's: another one would not start. */
  function checkChip(images: readonly FlashImage[]): void {
    const { CHIP_NAME, BOOTLOADER_FLASH_OFFSET } = connected().chip;
    const image = images.find(({ address }) => address === BOOTLOADER_FLASH_OFFSET);
    const [made, has] = [image && imageChip(image.bytes), boardNameOf(CHIP_NAME)];
    if (image === undefined || made === undefined || made === has) return;
    throw new FlasherError(
      `the image for ${hex(image.address)} is for the chip ${made}, the board has ${has}; take the board's own image`,
    );
  }

  async function verifySegments(segments: readonly FlashImage[]): Promise<void> {
    const chip = connected();
    for (const { address, bytes } of segments) {
      const held = await told("read its flash back", () => chip.flashMd5sum(address, bytes.length));
      if (held !== md5(bytes)) {
        throw new FlasherError(
          `the flash from ${hex(address)} to ${hex(address + bytes.length)} differs from what was to be written; write it again, or take another board`,
        );
      }
    }
  }

  return {
    async detect() {
      let heard = "";
      const stop = line.onBytes((bytes) => {
        heard = (heard + Buffer.from(bytes).toString("latin1")).slice(-HEARD_MAX);
      });
      const chip = await createLoader(line);
      let description: string;
      try {
        const way = line.setControl === undefined ? "no_reset" : "default_reset";
        description = await untilEnded(line, chip.main(way));
      } catch (error) {
        if (error instanceof FlasherError) throw error;
        if (chip.chip === undefined) throw silenceOf(line, heard);
        throw await told("start its loader", () => Promise.reject(error)).catch((trouble: unknown) => trouble);
      } finally {
        stop();
      }
      const name = boardNameOf(chip.chip.CHIP_NAME);
      if (expected !== undefined && name !== expected) {
        throw new FlasherError(
          `the board on ${line.name} has the chip ${description} (expected ${expected}); connect another, or name --board ${name}`,
        );
      }
      if (chip.secureDownloadMode) {
        throw new FlasherError("the chip's fuses allow secure download alone; it can't be written and read back so");
      }
      loader = chip;
      return { chip: name, description };
    },
    identify,
    read: (address, byteLength) =>
      told("read its flash back", async () => {
        const chip = connected();
        const bytes = await chip.readFlash(address, byteLength);
        // The loader's digest of it, which the package leaves on the line.
        const digest = await chip.transport.read(ANSWER_MS);
        if (Buffer.from(digest).toString("hex") !== md5(bytes)) throw new Error("what it read was damaged on its way");
        return bytes;
      }),
    async erase() {
      await told("erase its flash", () => connected().eraseFlash());
    },
    async write(images, onProgress) {
      const segments = flashSegments(images, SECTOR_BYTES);
      checkChip(images);
      await checkSize(segments);
      const all = segments.reduce((sum, { bytes }) => sum + bytes.length, 0);
      let before = 0;
      for (const segment of segments) {
        await told("take what was written", () =>
          connected().writeFlash({
            fileArray: [{ address: segment.address, data: segment.bytes }],
            ...{ flashMode: "keep", flashFreq: "keep", flashSize: "keep", eraseAll: false, compress: true },
            reportProgress: (_, sent, total) =>
              onProgress?.(before + Math.round((segment.bytes.length * sent) / total), all),
          }),
        );
        before += segment.bytes.length;
      }
      await verifySegments(segments);
    },
    async verify(images) {
      await verifySegments(flashSegments(images, SECTOR_BYTES));
    },
    async reset() {
      if (line.setControl === undefined) {
        // The loader itself starts the chip anew.
        await told("start anew", async () => {
          await connected().flashBegin(0, 0);
          await connected().flashFinish(true);
        });
      } else {
        // Not by the package's own: it releases RTS without having held it.
        await line.setControl({ dtr: false, rts: true });
        await sleep(RESET_MS);
        await line.setControl({ dtr: false, rts: false });
      }
      await connected().transport.disconnect();
      await line.setSpeed(CONSOLE_SPEED);
      loader = undefined;
      identity = undefined;
    },
  };
}
