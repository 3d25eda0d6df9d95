/** Reads board.json once, and makes from it the definitions that the C sources use. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type BoardIo, type BoardPins, ioResources } from "#base/board-io.ts";
import { PACKAGE_FOLDER } from "#base/host/package-folder.ts";
import { BuildStop } from "./build-stop.ts";
import { CORTEX_M, type Core, RISCV, RISCV_COMPACT } from "./cores.ts";

export const ROOT = PACKAGE_FOLDER;

interface Region {
  readonly start: number;
  readonly bytes: number;
}

export interface BoardFile {
  readonly name: string;
  readonly engine: string;
  readonly flash: {
    readonly bytes: number;
    readonly sectorBytes: number;
    readonly writeBytes: number;
    readonly regions: Readonly<Record<string, Region>>;
  };
  readonly pins: BoardPins;
  /** The chip's number of each input and level pin. */
  readonly inputs?: Readonly<Record<string, number>>;
  /** The same for outputs, where their places in `pins` aren't their numbers. */
  readonly outputs?: Readonly<Record<string, number>>;
  readonly button?: string;
  readonly sleep?: { readonly pins: readonly string[] };
  readonly io?: BoardIo;
  readonly chipSecret?: boolean;
  readonly network: { readonly portalPort?: number };
  readonly budgets: Readonly<Record<string, number>>;
}

interface Chip {
  /** Below firmware/chips/. */
  readonly folder: string;
  readonly core: Core;
  /** What its time is counted in. */
  readonly hz: number;
  /** Where the runtime's code is copied to and runs. */
  readonly imageAddress: number;
}

const LINUX: Chip = { folder: "linux", core: CORTEX_M, hz: 1_000_000_000, imageAddress: 0x6000_0000 };

const CHIPS: Readonly<Record<string, Chip>> = {
  "qemu-mps2": { folder: "cmsdk", core: CORTEX_M, hz: 25_000_000, imageAddress: 0x1_0000 },
  "qemu-sf2": { folder: "smartfusion2", core: CORTEX_M, hz: 142_000_000, imageAddress: 0xa000_0000 },
  "qemu-riscv": { folder: "virt", core: RISCV, hz: 10_000_000, imageAddress: 0x8001_0000 },
  linux: LINUX,
  "linux-arm64": LINUX,
  "linux-armhf": LINUX,
  // An image runs where it lies in flash, at the slot that the boot stage chose.
  esp32c3: { folder: "esp32", core: RISCV_COMPACT, hz: 160_000_000, imageAddress: 0 },
  esp32c6: { folder: "esp32", core: RISCV, hz: 160_000_000, imageAddress: 0 },
};

/** Boards whose chip runs Linux: their native image is a program (linux.ts). */
export const isLinux = (name: string): boolean => CHIPS[name]?.folder === "linux";

const isRiscv = (name: string): boolean => CHIPS[name]?.folder === "virt";
/** Boards with a chip of the ESP32 family: their images are linked with the vendor's libraries (esp32.ts). */
export const isEsp32 = (name: string): boolean => CHIPS[name]?.folder === "esp32";

/** Boards whose native images run on the bare chip, which QEMU emulates, and come with the package. */
export const FIRMWARE_BOARDS: readonly string[] = Object.keys(CHIPS).filter(
  (name) => !isLinux(name) && !isRiscv(name) && !isEsp32(name),
);
/** Boards of another core, for the tests of what is compiled for it (ADR 0169). */
export const RISCV_BOARDS: readonly string[] = Object.keys(CHIPS).filter(isRiscv);
export const ESP32_BOARDS: readonly string[] = Object.keys(CHIPS).filter(isEsp32);
export const LINUX_BOARDS: readonly string[] = Object.keys(CHIPS).filter(isLinux);

export interface Layout {
  readonly board: BoardFile;
  readonly chip: string;
  readonly core: Core;
  readonly imageAddress: number;
  /** -D flags of every source of ours. */
  readonly definitions: readonly string[];
}

function outputsOf({ pins }: BoardFile): string {
  const names = Object.keys(pins).filter((name) => pins[name] === "output");
  return names.map((name) => `"${name}",`).join("");
}

/** @throws BuildStop for an output without a number. */
function outputNumbersOf({ name: board, pins, outputs = {} }: BoardFile): string {
  const names = Object.keys(pins).filter((name) => pins[name] === "output");
  const unnumbered = names.find((name) => outputs[name] === undefined);
  if (unnumbered !== undefined)
    throw new BuildStop(`boards/${board}/board.json: outputs has no number for ${unnumbered}`);
  return names.map((name) => `${outputs[name]}u,`).join("");
}

/** Names with numbers. @throws BuildStop for an input without a number, or a button that is no input. */
function inputsOf({ name: board, pins, inputs = {}, button }: BoardFile): string {
  const names = Object.keys(pins).filter((name) => pins[name] !== "output");
  const unnumbered = names.find((name) => inputs[name] === undefined);
  if (unnumbered !== undefined)
    throw new BuildStop(`boards/${board}/board.json: inputs has no number for ${unnumbered}`);
  if (button !== undefined && pins[button] !== "input") {
    throw new BuildStop(`boards/${board}/board.json: button is ${button}, which is not an input pin`);
  }
  return names.map((name) => `{"${name}",${inputs[name]}u},`).join("");
}

/** Kinds of hardware that firmware/port/io.c knows, and the definition that brings the code for each. */
const IO_KINDS: Readonly<Record<string, string | undefined>> = {
  output: "",
  input: "",
  analog: "BOARD_ANALOG",
  pwm: "BOARD_PWM",
  i2c: "BOARD_I2C",
  spi: "BOARD_SPI",
  bank: "BOARD_BANK",
  pulse: "BOARD_PULSE",
  serial: "BOARD_SERIAL",
};

/**
 * The table of what apps may open.
 * @param isModelled Whether models are part of it.
 * @throws BuildStop for a kind that the firmware has no code for.
 */
function ioOf({ name: board, pins, inputs, io }: BoardFile, isModelled: boolean): readonly string[] {
  const resources = ioResources(pins, io, inputs).filter((resource) => isModelled || !resource.isModelled);
  const unknown = resources.find(({ kind }) => IO_KINDS[kind] === undefined);
  if (unknown !== undefined) {
    throw new BuildStop(
      `boards/${board}/board.json: io has "${unknown.name}", which firmware/port/io.c has no code for`,
    );
  }
  const rows = resources.map(
    ({ name, kind, number, bits }) => `{"${name}",IO_${kind.toUpperCase()},${number}u,${bits}u},`,
  );
  const code = new Set(resources.map(({ kind }) => IO_KINDS[kind] ?? ""));
  return [
    `-DBOARD_IO=${rows.join("")}`,
    ...(isModelled ? ["-DBOARD_MODELLED"] : []),
    ...[...code].filter((name) => name !== "").map((name) => `-D${name}`),
  ];
}

/** @throws BuildStop when no board with native firmware has this name. */
export function layoutOf(name: string, isModelled = false): Layout {
  const path = join(ROOT, "boards", name, "board.json");
  const chip = CHIPS[name];
  if (chip === undefined || !existsSync(path)) {
    throw new BuildStop(`no firmware for a board ${name}; there is ${Object.keys(CHIPS).join(", ")}`);
  }
  const board = JSON.parse(readFileSync(path, "utf8")) as BoardFile;
  const numbers: Record<string, number> = {
    CPU_HZ: chip.hz,
    IMAGE_ADDRESS: chip.imageAddress,
    HEAP_BYTES: board.budgets.heapBytes ?? 0,
    APP_HEAP_BYTES: board.budgets.appHeapBytes ?? board.budgets.heapBytes ?? 0,
    ENGINE_STACK_BYTES: board.budgets.stackBytes ?? 0,
    FLASH_WRITE_BYTES: board.flash.writeBytes,
  };
  for (const [region, { start, bytes }] of Object.entries(board.flash.regions)) {
    numbers[`REGION_${region.toUpperCase()}_START`] = start;
    numbers[`REGION_${region.toUpperCase()}_BYTES`] = bytes;
  }
  // Where the program itself sends visitors of port 80.
  if (isLinux(name)) numbers.PORTAL_PORT = board.network.portalPort ?? 80;
  const definitions = Object.entries(numbers).map(([key, value]) => `-D${key}=${value}u`);
  definitions.push(`-DBOARD_OUTPUTS=${outputsOf(board)}`, `-DBOARD_INPUTS=${inputsOf(board)}`);
  definitions.push(...ioOf(board, isModelled));
  if (board.button !== undefined) definitions.push(`-DBOARD_BUTTON=${board.inputs?.[board.button]}u`);
  if (board.sleep !== undefined) definitions.push("-DBOARD_SLEEP");
  if (board.chipSecret === true) definitions.push("-DBOARD_CHIP_SECRET");
  if (board.outputs !== undefined) definitions.push(`-DBOARD_OUTPUT_PINS=${outputNumbersOf(board)}`);
  return { board, chip: chip.folder, core: chip.core, imageAddress: chip.imageAddress, definitions };
}
