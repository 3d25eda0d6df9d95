/** The signals of a board as the page shows them, and what is said to the unit's process when a person sets one. */

import { tmp105Registers } from "#app/testing/register-device.ts";
import { hasModels, ioResources } from "#base/board-io.ts";
import type { Board } from "#boards/sim/host/board.ts";
import type { Signal } from "#web/dev/interface.ts";

/** Address of the thermometer that the page puts on a bus: that of a TMP102 or TMP105 whose address pins are low. */
const THERMOMETER_ADDRESS = 0x48;
/** A level that board.json gives no width. */
const LEVEL_MAX = 65_535;

const KINDS = { bank: "bank", analog: "analog", pwm: "pwm", pulse: "count", i2c: "i2c" } as const;
/** Whether the outside sets it: banks say it by their mode, in the name's last part. */
const isOutputBank = (name: string) => name.endsWith(" 8") || name.endsWith(" 9");

/** What can be set on a board with models (boards/qemu-mps2/host/io-commands.ts). */
const isModelled = ({ name, kind }: Omit<Signal, "canSet">) =>
  kind === "analog" || kind === "input" || kind === "level" || name === "i2c sda scl";

export function signalsOf({ name: board, pins, io }: Board): readonly Signal[] {
  const isSimulated = board === "sim";
  const canSet = (signal: Omit<Signal, "canSet">) =>
    signal.isInput && (isSimulated || (hasModels(io) && isModelled(signal)));
  // Firmware reads one bit of a pin, whatever its kind.
  const shown = (signal: Omit<Signal, "canSet">) =>
    signal.kind === "level" && !isSimulated ? { ...signal, max: 1 } : signal;
  return hardwareOf({ pins, io }).map((signal) => ({ ...shown(signal), canSet: canSet(signal) }));
}

/** Whether the page can press the board's button. */
export function canPress({ name, io, button }: Board): boolean {
  return name === "sim" || (hasModels(io) && button !== undefined);
}

function hardwareOf({
  pins,
  io,
}: Pick<Board, "pins"> & { readonly io: Board["io"] | undefined }): readonly Omit<Signal, "canSet">[] {
  const ofPins = Object.entries(pins).map(
    ([pin, kind]): Omit<Signal, "canSet"> => ({
      ...{ name: `digital ${pin}`, title: pin, kind, isInput: kind !== "output", value: 0 },
      max: kind === "level" ? LEVEL_MAX : 1,
    }),
  );
  const ofIo = ioResources(pins, io).flatMap(({ name, kind, bits }): readonly Omit<Signal, "canSet">[] => {
    const shown = (KINDS as Readonly<Record<string, Signal["kind"]>>)[kind];
    if (shown === undefined) return [];
    const title = name
      .split(" ")
      .slice(1, kind === "bank" ? 2 : undefined)
      .join(", ");
    const isInput = shown === "bank" ? !isOutputBank(name) : shown !== "pwm";
    return [{ name, title, kind: shown, isInput, max: 2 ** (bits || 16) - 1, value: shown === "i2c" ? null : 0 }];
  });
  return [...ofPins, ...ofIo];
}

/** The message to the process of a simulated unit (boards/sim/host/io-commands.ts). */
export function commandOf({ name, kind }: Signal, value: number | null): object {
  if (kind !== "i2c") return { io: { value: name, to: value ?? 0 } };
  const registers = value === null ? null : tmp105Registers(value);
  return { io: { i2c: name, address: THERMOMETER_ADDRESS, registers } };
}
