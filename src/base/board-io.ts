/**
 * The hardware that apps reach through the IO classes of ECMA-419, as `io` and `pins` in board.json list it. Each piece has a name
 * made of its kind and its pins, such as `i2c sda scl`: by it the classes, the board's native code and the check of an app before
 * it is built speak of the same thing.
 */

/** `pins` in board.json. */
export type BoardPins = Readonly<Record<string, "output" | "input" | "level">>;

interface Entry {
  /** By which the board's native code knows it among those of its kind. */
  readonly number: number;
  /** It exists in test builds only: a model stands for hardware that the emulator lacks. */
  readonly modelled?: boolean;
}

/** `io` in board.json; boards/board.schema.json explains each key. */
export interface BoardIo {
  /** Modes beyond plain input and output in which a pin may be opened. */
  readonly digital?: readonly { readonly pin: string; readonly modes: readonly Mode[] }[];
  readonly digitalBank?: readonly (Entry & { readonly bank: string; readonly mode: Mode; readonly bits: number })[];
  readonly analog?: readonly (Entry & { readonly pin: string; readonly bits: number })[];
  readonly pwm?: readonly (Entry & { readonly pin: string; readonly bits: number })[];
  readonly pulseCount?: readonly (Entry & { readonly signal: string; readonly control: string })[];
  readonly i2c?: readonly (Entry & { readonly data: string; readonly clock: string })[];
  readonly spi?: readonly (Entry & { readonly out?: string; readonly in?: string; readonly clock: string })[];
  readonly serial?: readonly (Entry & { readonly receive?: string; readonly transmit?: string })[];
}

type IoKind = "output" | "input" | "bank" | "analog" | "pwm" | "pulse" | "i2c" | "spi" | "serial";

export interface IoResource {
  readonly name: string;
  readonly kind: IoKind;
  /** For outputs their place among the outputs of board.json; for inputs the chip's number. */
  readonly number: number;
  /** Bits of a value; 1 for single pins, 0 for buses and counters. */
  readonly bits: number;
  readonly isModelled: boolean;
}

/** Modes of a digital pin by the names that ECMA-419 gives them, clause 10, Digital. The numbers are ours. */
export const MODES = {
  Input: 0,
  InputPullUp: 1,
  InputPullDown: 2,
  InputPullUpDown: 3,
  Output: 8,
  OutputOpenDrain: 9,
} as const;

type Mode = keyof typeof MODES;

export function digitalName(pin: unknown, mode: unknown): string {
  return `digital ${pin} ${mode}`;
}

export function bankName(bank: unknown, mode: unknown): string {
  return `bank ${bank ?? "default"} ${mode}`;
}

export function analogName(pin: unknown): string {
  return `analog ${pin}`;
}

export function pwmName(pin: unknown): string {
  return `pwm ${pin}`;
}

export function pulseName(signal: unknown, control: unknown): string {
  return `pulse ${signal} ${control}`;
}

export function i2cName(data: unknown, clock: unknown): string {
  return `i2c ${data} ${clock}`;
}

export function spiName(out: unknown, input: unknown, clock: unknown): string {
  return `spi ${out ?? "-"} ${input ?? "-"} ${clock}`;
}

export function serialName(receive: unknown, transmit: unknown): string {
  return `serial ${receive ?? "-"} ${transmit ?? "-"}`;
}

/** Whether something exists in test builds only. */
export function hasModels(io: BoardIo = {}): boolean {
  return (Object.values(io).flat() as readonly object[]).some(
    (entry) => "modelled" in entry && entry.modelled === true,
  );
}

/** Everything that a board has, in the order by which its native code numbers it. `inputs` as in board.json. */
export function ioResources(
  pins: BoardPins,
  io: BoardIo = {},
  inputs: Readonly<Record<string, number>> = {},
): readonly IoResource[] {
  const names = Object.keys(pins);
  const outputs = names.filter((name) => pins[name] === "output");
  const digital = names
    .filter((name) => pins[name] !== "level")
    .flatMap((pin) => {
      const kind: IoKind = pins[pin] === "output" ? "output" : "input";
      const number = kind === "output" ? outputs.indexOf(pin) : (inputs[pin] ?? 0);
      const more = (io.digital ?? []).filter((each) => each.pin === pin).flatMap(({ modes }) => modes);
      const modes: Mode[] = [kind === "output" ? "Output" : "Input", ...more];
      return modes.map((mode) => ({
        ...{ name: digitalName(pin, MODES[mode]), kind, number, bits: 1, isModelled: false },
      }));
    });
  const of =
    <T extends Entry>(kind: IoKind, name: (each: T) => string) =>
    (each: T): IoResource => ({
      ...{ name: name(each), kind, number: each.number, isModelled: each.modelled === true },
      bits: (each as { bits?: number }).bits ?? 0,
    });
  return [
    ...digital,
    ...(io.digitalBank ?? []).map(of("bank", ({ bank, mode }) => bankName(bank, MODES[mode]))),
    ...(io.analog ?? []).map(of("analog", ({ pin }) => analogName(pin))),
    ...(io.pwm ?? []).map(of("pwm", ({ pin }) => pwmName(pin))),
    ...(io.pulseCount ?? []).map(of("pulse", ({ signal, control }) => pulseName(signal, control))),
    ...(io.i2c ?? []).map(of("i2c", ({ data, clock }) => i2cName(data, clock))),
    ...(io.spi ?? []).map(of("spi", (each) => spiName(each.out, each.in, each.clock))),
    ...(io.serial ?? []).map(of("serial", ({ receive, transmit }) => serialName(receive, transmit))),
  ];
}
