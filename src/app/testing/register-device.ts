/** A model of a simple I2C device: registers of some bytes, behind a pointer that is written first. */
import type { I2cDevice } from "./io-model.ts";

export interface RegisterDevice extends I2cDevice {
  /** What is in each register now; the device's own code, or a test, may change it. */
  readonly registers: Map<number, Uint8Array>;
}

/**
 * The first byte of a write selects the register, further ones are written to it. A read gives the selected register, again and
 * again. A register that is not listed isn't acknowledged.
 * @param registers Their first bytes.
 */
export function createRegisterDevice(registers: Readonly<Record<number, readonly number[]>>): RegisterDevice {
  const held = new Map(Object.entries(registers).map(([at, bytes]) => [Number(at), Uint8Array.from(bytes)]));
  let pointer = 0;
  return {
    registers: held,
    write([first, ...rest]) {
      if (first === undefined) return true;
      const register = held.get(first);
      if (register === undefined) return false;
      pointer = first;
      register.set(rest.slice(0, register.length));
      return true;
    },
    read(byteLength) {
      const register = held.get(pointer) ?? Uint8Array.of(0xff);
      return Uint8Array.from({ length: byteLength }, (_, i) => register[i % register.length] as number);
    },
  };
}

/** The registers of a TMP102 or TMP105 at a temperature: 12 bits of a sixteenth of a degree Celsius, from the left. */
export function tmp105Registers(celsius: number): Readonly<Record<number, readonly number[]>> {
  const value = (Math.round(celsius * 16) << 4) & 0xffff;
  return { 0: [value >> 8, value & 0xff], 1: [0, 0], 2: [0x4b, 0], 3: [0x50, 0] };
}
