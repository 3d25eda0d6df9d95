/** The outer side of the hardware that test builds of qemu-mps2 model (firmware/chips/cmsdk/modelled.c), through the flash file. */
import { closeSync, openSync, readSync, writeSync } from "node:fs";

/** The last sector of the board's 16 MB; no region lies there. */
const MODEL_START = 0xff_f000;
const PWM_START = MODEL_START + 0x80;
const INPUTS_START = MODEL_START + 0x100;

function withFile<T>(flashPath: string, use: (file: number) => T): T {
  const file = openSync(flashPath, "r+");
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}

/** Sets what an analogue input shows, while the unit runs or before. @param input `number` in board.json. */
export function setAnalog(flashPath: string, input: number, value: number): void {
  const word = Buffer.alloc(4);
  word.writeUInt32LE(value);
  withFile(flashPath, (file) => writeSync(file, word, 0, 4, MODEL_START + 4 * input));
}

/** Sets a digital input. @param input Its number among `inputs` in board.json. */
export function setInput(flashPath: string, input: number, isHigh: boolean): void {
  const word = Buffer.alloc(4);
  withFile(flashPath, (file) => {
    readSync(file, word, 0, 4, INPUTS_START);
    const low = word.readUInt32LE();
    word.writeUInt32LE((isHigh ? low & ~(1 << input) : low | (1 << input)) >>> 0);
    writeSync(file, word, 0, 4, INPUTS_START);
  });
}

function setWord(flashPath: string, at: number, value: number): void {
  const word = Buffer.alloc(4);
  word.writeUInt32LE(~value >>> 0);
  withFile(flashPath, (file) => writeSync(file, word, 0, 4, at));
}

/** Sets the switches of the input bank, a bit each. */
export function setSwitches(flashPath: string, value: number): void {
  setWord(flashPath, INPUTS_START + 4, value);
}

/** Says how many pulses a counter has seen; fewer than before when it was turned back. */
export function setPulses(flashPath: string, count: number): void {
  setWord(flashPath, INPUTS_START + 8, count);
}

/** The duty cycle and the frequency (Hz) that the unit gave a PWM output; all ones while it has given none. */
export function readPwm(flashPath: string, output: number): { readonly duty: number; readonly hz: number } {
  const words = Buffer.alloc(8);
  withFile(flashPath, (file) => readSync(file, words, 0, 8, PWM_START + 8 * output));
  return { duty: words.readUInt32LE(0), hz: words.readUInt32LE(4) };
}
