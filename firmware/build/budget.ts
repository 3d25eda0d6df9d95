/** Compares the sizes of a board's images with the budgets in board.json. */
import { cacheFolder } from "./cache-folder.ts";
import { isEsp32, isLinux, layoutOf } from "./layout.ts";
import type { Image } from "./parts.ts";
import { type Depth, deepest, type Frame, type Frames, type KnownCalls, readFrames } from "./stack.ts";

interface Images {
  readonly boot: Image;
  readonly runtime: Image;
  /** Whether the runtime has the TLS client: its text has a budget of its own. */
  readonly tls?: boolean;
}

/** The visitors of a record log, and how the boot stage judges a slot. An item of CBOR is skipped eight levels deep. */
const BOOT_CALLS: KnownCalls = { pointedTo: ["visit", "is_valid"], recursions: { skip: 9 } };
/** The runtime's calls through pointers are not followed; below the stack lies a guard. */
const NATIVE_CALLS: KnownCalls = { pointedTo: [], recursions: {} };
/** What an ARMv7-M core stores when an interrupt comes, with the word that aligns it. An RV32 core stores nothing: `trap_interrupt` does. */
const INTERRUPT_FRAME_BYTES = 36;

/** Where an image begins: the second of an RV32 core and the third of an ESP32's boot stage, whose first is assembly. */
const ENTRIES = ["reset_handler", "start", "enter"];
const HANDLERS = ["systick_handler", "trap_interrupt", "console_irq", "radio_irq", "ether_irq"];

/** The deepest of these functions and their calls. */
function deepestOf(frames: Frames, names: readonly string[], known: KnownCalls): Depth {
  const depths = names.map((name) => deepest(frames, name, known));
  return depths.reduce((one, other) => (other.bytes > one.bytes ? other : one), { bytes: 0, path: [] });
}

/** What the stack must hold besides the engine's own frames, and where it is deepest. */
interface StackUse {
  readonly boot: Depth;
  readonly native: Depth;
  readonly frame: Frame | undefined;
}

export function stackUse({ boot, runtime }: Images): StackUse {
  const [bootFrames, frames] = [readFrames(boot.objects), readFrames(runtime.objects)];
  const withInterrupt = ({ bytes, path }: Depth, all: Frames): Depth => ({
    bytes: bytes + INTERRUPT_FRAME_BYTES + deepestOf(all, HANDLERS, NATIVE_CALLS).bytes,
    path,
  });
  // Nor is what stands in libsodium's place, whose tables of points are as large.
  const isOurs = ([, { file }]: [string, Frame]) =>
    !file.startsWith(cacheFolder()) && !file.includes("/firmware/curve25519/");
  const own = [...bootFrames, ...frames].filter(isOurs).map(([, frame]) => frame);
  // Objects are kept beyond one checkout, so that the folder before may be another's.
  const ports = [...frames].filter(([, { file }]) => file.includes("/firmware/port/")).map(([title]) => title);
  return {
    boot: withInterrupt(deepestOf(bootFrames, ENTRIES, BOOT_CALLS), bootFrames),
    native: withInterrupt(deepestOf(frames, ports, NATIVE_CALLS), frames),
    frame: own.sort((a, b) => b.bytes - a.bytes)[0],
  };
}

/** What each part takes, and its budget in board.json. */
function takes(name: string, images: Images): readonly (readonly [string, number, number])[] {
  const { budgets } = layoutOf(name).board;
  const { boot, runtime, tls = false } = images;
  if (isLinux(name)) return [["program", runtime.textBytes, budgets.textBytes ?? 0]];
  const stack = stackUse(images);
  // There the linker gives the stack what is left.
  const stackBytes = isEsp32(name) ? (budgets.stackBytes ?? 0) + (budgets.nativeStackBytes ?? 0) : 0;
  return [
    ["text", runtime.textBytes, (tls ? (budgets.textTlsBytes ?? budgets.textBytes) : budgets.textBytes) ?? 0],
    ["ram", runtime.ramBytes + stackBytes, budgets.ramBytes ?? 0],
    ["boot", boot.textBytes, budgets.bootBytes ?? 0],
    ["boot stack", stack.boot.bytes, budgets.bootStackBytes ?? 0],
    ["native stack", stack.native.bytes, budgets.nativeStackBytes ?? 0],
    [`frame of ${stack.frame?.name}`, stack.frame?.bytes ?? 0, budgets.frameBytes ?? 0],
  ];
}

/** The deepest calls, one line for each stack. */
export function stackLines(images: Images): string {
  const { boot, native } = stackUse(images);
  return `boot stack    ${boot.path.join(" > ")}\nnative stack  ${native.path.join(" > ")}`;
}

export function sizeLines(name: string, images: Images): string {
  return takes(name, images)
    .map(([what, bytes, budget]) => `${what.padEnd(24)} ${String(bytes).padStart(7)} B of ${budget} B`)
    .join("\n");
}

/** A line for each budget that is exceeded. */
export function exceeded(name: string, images: Images): readonly string[] {
  return takes(name, images)
    .filter(([, bytes, budget]) => bytes > budget)
    .map(([what, bytes, budget]) => `${what} takes ${bytes} B, the budget in board.json is ${budget} B`);
}
