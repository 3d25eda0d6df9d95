/**
 * What may be done to a simulated unit's hardware from outside, as messages to its process: `{ "io": { "value": "analog soil",
 * "to": 1234 } }` sets a value, `{ "io": { "i2c": "i2c sda scl", "address": 72, "registers": { "0": [25, 0] } } }` puts a device
 * on a bus (null takes it away), `{ "io": { "line": "serial rx tx", "bytes": [1, 2] } }` comes in on a serial line.
 */
import type { IoModel } from "#app/testing/io-model.ts";
import { createRegisterDevice } from "#app/testing/register-device.ts";

type Command =
  | { readonly value: string; readonly to: number }
  | {
      readonly i2c: string;
      readonly address: number;
      readonly registers: Readonly<Record<number, readonly number[]>> | null;
    }
  | { readonly line: string; readonly bytes: readonly number[] };

export function commandIo(hardware: IoModel, message: unknown): void {
  const command = message as Command;
  if ("value" in command) hardware.setValue(command.value, command.to);
  else if ("line" in command) hardware.receive(command.line, Uint8Array.from(command.bytes));
  else {
    const { i2c, address, registers } = command;
    hardware.attachI2c(i2c, address, registers === null ? undefined : createRegisterDevice(registers));
  }
}
