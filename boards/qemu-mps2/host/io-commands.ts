/**
 * What may be done to an emulated unit's hardware from outside, by the same messages as to a simulated one
 * (boards/sim/host/io-commands.ts): `{ "io": { "value": "analog soil", "to": 1234 } }` for a modelled input, `"digital light"` for a digital
 * one, and register 0 of the
 * emulator's thermometer as `{ "io": { "i2c": "i2c sda scl", "address": 72, "registers": { "0": [25, 0] } } }`.
 */
import type { Board } from "#boards/sim/host/board.ts";
import { readPwm, setAnalog, setInput } from "./modelled-io.ts";
import type { Qmp } from "./qmp.ts";

/** The thermometer on the default bus, which starts at 0 degrees Celsius. */
export const THERMOMETER = ["-device", "tmp105,id=thermometer,bus=i2c,address=0x48"] as const;

/** A press that firmware does not miss. */
const PRESS_MS = 50;

interface Command {
  readonly value?: string;
  readonly to?: number;
  readonly registers?: Readonly<Record<string, readonly number[]>>;
}

/** Sets what QEMU's thermometer measures. */
export async function setTemperature(qmp: Qmp, celsius: number): Promise<void> {
  // The device rounds down to a step of its own; half a thousandth keeps it from falling to the one below.
  const value = Math.round(celsius * 1_000 + 0.5);
  await qmp.execute("qom-set", { path: "/machine/peripheral/thermometer", property: "temperature", value });
}

export async function commandIo(
  { io = {}, inputs = {} }: Board,
  { qmp, flashPath }: { readonly qmp: Qmp; readonly flashPath: string },
  message: unknown,
): Promise<void> {
  const { value, to = 0, registers } = message as Command;
  const input = io.analog?.find(({ pin }) => value === `analog ${pin}`);
  if (input !== undefined) return setAnalog(flashPath, input.number, to);
  const pin = Object.entries(inputs).find(([name]) => value === `digital ${name}`);
  if (pin !== undefined) return setInput(flashPath, pin[1], to !== 0);
  const [high = 0, low = 0] = registers?.["0"] ?? [];
  if (registers !== undefined) return setTemperature(qmp, (((high << 24) >> 16) | low) / 256);
  throw new Error(`${JSON.stringify(message)} can't be done to an emulated unit`);
}

/** Holds the button of a test build down for so long. */
export async function pressButton(
  { button = "", inputs = {} }: Board,
  flashPath: string,
  heldMs: number,
): Promise<void> {
  const number = inputs[button];
  if (number === undefined) throw new Error("this board has no button");
  setInput(flashPath, number, true);
  await new Promise((resolve) => setTimeout(resolve, Math.max(heldMs, PRESS_MS)));
  setInput(flashPath, number, false);
}

/** Watches the modelled outputs and tells of each change; the emulator has no notice of them. */
export function watchPwm({ io = {} }: Board, flashPath: string, told: (name: string, value: number) => void): void {
  const last = new Map<string, number>();
  const look = () => {
    for (const { pin, number } of io.pwm ?? []) {
      const { duty } = readPwm(flashPath, number);
      if (duty !== (last.get(pin) ?? 0xffff_ffff)) told(`pwm ${pin}`, duty);
      last.set(pin, duty);
    }
  };
  setInterval(look, 100);
}
