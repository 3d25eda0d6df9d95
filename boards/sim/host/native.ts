/** The sim board's native functions: the host side of every facet of src/device/port.ts. */
import type { IoModel } from "#app/testing/io-model.ts";
import type { Radio, ResetReason, RestartReason, SleepPort } from "#device/port.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import type { Board } from "./board.ts";
import type { NativeObject } from "./engine.ts";
import type { FlashFile } from "./flash-file.ts";
import type { GuestFunction } from "./marshal.ts";
import type { Network } from "./network.ts";

export interface NativeParts {
  readonly flash: FlashFile;
  /** The board's pins, as in board.json. */
  readonly pins: Board["pins"];
  /** The hardware of the board, its pins included. */
  readonly hardware: IoModel;
  readonly radio: Radio;
  readonly network: Network;
  readonly resetReason: ResetReason;
  readonly isTrial: boolean;
  milliseconds(): number;
  onEvent(receive: GuestFunction): void;
  wakeAt(milliseconds: number): void;
  consoleWrite(bytes: Uint8Array): void;
  restart(reason: RestartReason): never;
  heapBytes(): number;
  /** Absent in tests of what does not sleep. */
  readonly sleep?: SleepPort;
}

type Facet = Readonly<Record<string, (...args: never[]) => unknown>>;

/** Functions of known argument types, as the engine calls them: the bundle is compiled against port.ts. */
const facet = (functions: Facet) => functions as unknown as NativeObject;

export function nativeObject(parts: NativeParts): NativeObject {
  const { flash, hardware } = parts;
  const kindOf = (pin: string) => (Object.hasOwn(parts.pins, pin) ? parts.pins[pin] : undefined);
  return {
    onEvent: (receive) => parts.onEvent(receive as GuestFunction),
    clock: facet({ milliseconds: parts.milliseconds, wakeAt: parts.wakeAt }),
    crypto: facet({ ...nodePrimitives } as unknown as Facet),
    flash: {
      sectorBytes: flash.sectorBytes,
      writeBytes: flash.writeBytes,
      byteLength: flash.byteLength,
      ...facet({ read: flash.read, write: flash.write, eraseSector: flash.eraseSector }),
    },
    radio: facet({ ...parts.radio }),
    tcp: facet({ ...parts.network.tcp }),
    udp: facet({ ...parts.network.udp }),
    pins: facet({
      // Names that board.json lacks are refused with the words of firmware/port/pins.c.
      write(pin: string, value: number) {
        if (kindOf(pin) !== "output") throw new RangeError("no such output pin");
        hardware.setOutput(`digital ${pin}`, value);
      },
      read(pin: string) {
        if (kindOf(pin) === undefined) throw new RangeError("no such pin");
        return hardware.value(`digital ${pin}`);
      },
    }),
    io: facet({ ...hardware.io }),
    ...(parts.sleep && {
      sleep: { wokenBy: parts.sleep.wokenBy, ...facet({ kept: parts.sleep.kept, enter: parts.sleep.enter }) },
    }),
    console: facet({ write: parts.consoleWrite }),
    system: {
      resetReason: parts.resetReason,
      isTrial: parts.isTrial,
      ...facet({ restart: parts.restart, feedWatchdog: () => undefined, heapBytes: parts.heapBytes }),
    },
  };
}
