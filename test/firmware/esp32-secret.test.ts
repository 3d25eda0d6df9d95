/**
 * An ESP32's key in fuses, through the C that reads them and the bundle's settings, on this machine (firmware/chips/host): which block
 * counts, what of the device key lies in flash, and that compiled code hangs on the same secret.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { concat, toHex } from "#base/bytes.ts";
import { bareImages, throwawayMaker } from "#boards/qemu-mps2/host/bare-unit.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { buildScript } from "#factory/bundle/bundle.ts";
import { buildHost, HOST_FLASH_BYTES, type HostPrograms } from "#firmware/host.ts";
import { ESP32_BOARDS } from "#firmware/layout.ts";
import { OWN } from "#wire/flash/stored-names.ts";
import { whileProgressing } from "../progress.ts";

const SEED = Uint8Array.from({ length: 32 }, (_, i) => 0x91 ^ (i * 7));
const HMAC_UP = 8;

/** What it tells of its key at a start. */
const TOLD = /^(key .*)$/m;
const scriptOf = (board: string) => `import { port } from "./boards/${board}/port.ts";
import { openSealedSettings } from "./src/device/sealed-key.ts";
import { toHex } from "./src/base/bytes.ts";
import { utf8 } from "./src/base/utf8.ts";
import board from "./boards/${board}/board.json" with { type: "json" };
const { settings, reporter } = openSealedSettings(port, board.flash.regions.settings);
const [effect] = reporter.step(null, { kind: "start" }).effects;
port.onEvent(() => {});
port.console.write(utf8("key " + toHex(settings.get("key")) + " " + effect.text + "\\n"));`;

interface Key {
  readonly block: number;
  readonly purpose?: number;
  readonly isReadable?: boolean;
  readonly isWritable?: boolean;
  readonly bytes?: Uint8Array;
}

/** The fuses with these keys: block 0 as the vendor's manuals have it, then KEY0 to KEY5, which are blocks 4 to 9. */
function fusesOf(keys: readonly Key[]): Uint8Array {
  const words = new Uint32Array(6);
  const blocks: Uint8Array[] = Array.from({ length: 6 }, () => new Uint8Array(32));
  for (const { block, purpose = HMAC_UP, isReadable = false, isWritable = false, bytes } of keys) {
    const number = block - 4;
    const bit = 88 + 4 * number;
    words[bit >> 5] = (words[bit >> 5] as number) | (purpose << (bit & 31));
    if (!isWritable) words[0] = (words[0] as number) | (1 << (23 + number));
    if (!isReadable) words[1] = (words[1] as number) | (1 << number);
    blocks[number] = bytes ?? new Uint8Array(32).fill(block);
  }
  return concat(new Uint8Array(words.buffer), ...blocks);
}

describe.each(ESP32_BOARDS)("%s", (name) => {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-secret-"));
  const flashPath = join(folder, "flash");
  let programs: HostPrograms;
  let made: Uint8Array;

  beforeAll(async () => {
    const board = readBoard(name);
    programs = await buildHost({ board: name });
    const { bytes } = await buildScript(scriptOf(name));
    made = new Uint8Array(HOST_FLASH_BYTES).fill(0xff);
    const images = bareImages(
      board,
      throwawayMaker(),
      new Uint8Array(20_000).fill(1),
      bytes,
      new Map([[OWN.key, SEED]]),
    );
    for (const { address, bytes: image } of images) made.set(image, address);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Starts the unit once. @returns What it told, and whether it compiled its bundle. */
  async function start(keys: readonly Key[] | undefined): Promise<{ told: string; isCompiled: boolean; text: string }> {
    const fuses = join(folder, "fuses");
    if (keys !== undefined) writeFileSync(fuses, fusesOf(keys));
    const env = {
      ...{ CHIP_FLASH: flashPath, CHIP_BOOT: programs.boot, CHIP_MAIN: programs.main },
      ...(keys !== undefined && { CHIP_FUSES: fuses }),
    };
    const child = spawn(programs.boot, [], { env, stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    const run = (progress: () => void) =>
      new Promise<void>((resolve, reject) => {
        child.stdout.on("data", (chunk) => {
          progress();
          text += chunk;
          if (/^latchkey: started/m.test(text)) child.kill("SIGKILL");
        });
        child.on("error", reject);
        child.on("close", () => resolve());
      });
    await whileProgressing(run, () => text).finally(() => child.kill("SIGKILL"));
    return { told: TOLD.exec(text)?.[1] ?? text, isCompiled: /^latchkey: compiled/m.test(text), text };
  }

  const leave = () => writeFileSync(flashPath, made);
  const isInFlash = () => readFileSync(flashPath).includes(Buffer.from(SEED));
  const seed = toHex(SEED);
  const PLAIN = `key ${seed} device key: not sealed, no key in the fuses`;
  const SEALED = `key ${seed} device key: sealed by this chip`;

  test("fuses as they leave the factory: the key lies in flash as it is", async () => {
    leave();
    expect(await start(undefined)).toMatchObject({ told: PLAIN, isCompiled: true });
    expect(await start(undefined)).toMatchObject({ told: PLAIN, isCompiled: false });
    expect(isInFlash()).toBe(true);
  });

  test("a block burned later: the next start seals the key, and its bytes are gone from the flash", async () => {
    leave();
    await start(undefined);
    expect(isInFlash()).toBe(true);
    // Compiled code hangs on the secret too, so it is written anew, once.
    expect(await start([{ block: 4 }])).toMatchObject({ told: SEALED, isCompiled: true });
    expect(isInFlash()).toBe(false);
    expect(await start([{ block: 4 }])).toMatchObject({ told: SEALED, isCompiled: false });
  });

  test("the same flash in another chip: the key is not told, and compiled code does not count", async () => {
    leave();
    await start([{ block: 4 }]);
    const another = await start([{ block: 4, bytes: new Uint8Array(32).fill(99) }]);
    expect(another.told).toMatch(/device key: sealed by another key than these fuses hold$/);
    expect(another.told).not.toContain(seed);
    expect(another.isCompiled).toBe(true);
    const none = await start(undefined);
    expect(none.told).toMatch(/device key: sealed by another chip: this one's fuses hold no key$/);
    expect((await start([{ block: 4 }])).told).toBe(SEALED);
  });

  test.each([4, 5, 6, 7, 8, 9])("block %i, the others in use for something else", async (block) => {
    leave();
    const others = [4, 5, 6, 7, 8, 9].filter((each) => each !== block).map((each) => ({ block: each, purpose: 7 }));
    expect((await start([...others, { block }])).told).toBe(SEALED);
  });

  test.each([
    ["can be read", { block: 5, isReadable: true }],
    ["can be burned further", { block: 5, isWritable: true }],
  ])("a block that %s is not used, and the console says so", async (_, key) => {
    leave();
    const { told, text } = await start([key]);
    expect(told).toBe(PLAIN);
    expect(text).toMatch(/latchkey: not used, since it can be read or burned further: HMAC key in block 5\b/);
  });
});
