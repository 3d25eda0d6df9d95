/** Numbers: counts, ports, percentages and decimals within their bounds. */
import { ValueError, wrongValue } from "./value-error.ts";

interface Bounds {
  readonly min: number;
  readonly max: number;
}

function within(option: string, text: string, value: number, { min, max }: Bounds): number {
  if (value >= min && value <= max) return value;
  throw new ValueError(`${option}: ${text} is out of range (expected ${min} to ${max})`);
}

/** A whole number, in decimal digits. */
export function countOf(option: string, text: string, bounds: Bounds = { min: 0, max: 2 ** 31 }): number {
  if (!/^\d{1,15}$/.test(text)) wrongValue(option, text, `a whole number from ${bounds.min} to ${bounds.max}`);
  return within(option, text, Number(text), bounds);
}

/** Whether a text is a number as `decimalOf` reads it. */
export function isDecimal(text: string): boolean {
  return /^-?\d{1,15}(\.\d{1,15})?$/.test(text);
}

/** A number that may have a sign and a fraction. */
export function decimalOf(option: string, text: string, bounds?: Bounds): number {
  if (!isDecimal(text)) wrongValue(option, text, "a number, as 21 or -3.5");
  return bounds === undefined ? Number(text) : within(option, text, Number(text), bounds);
}

/** A TCP or UDP port. */
export function portOf(option: string, text: string): number {
  return countOf(option, text, { min: 1, max: 65_535 });
}

/** A percentage from 0 to 100, with or without its sign. */
export function percentageOf(option: string, text: string): number {
  const digits = text.replace(/%$/, "");
  if (!/^\d{1,3}(\.\d{1,6})?$/.test(digits) || Number(digits) > 100)
    wrongValue(option, text, "0 to 100, as 25 or 12.5%");
  return Number(digits);
}

/** Digits that a pattern has found, as a number. */
export function portNumber(digits: string): number {
  return Number(digits);
}

export interface Wave {
  readonly name: string;
  /** Of 10,000. */
  readonly share: number;
}

/** The waves of a rollout: "lab" and rising percentages, as lab,1,5,25,100. */
export function wavesOf(option: string, text: string): readonly Wave[] {
  const expected = "percentages with commas that rise, as lab,1,5,25,100";
  const waves = text.split(",").map((part): Wave => {
    if (part === "lab") return { name: "lab", share: 0 };
    if (!/^\d{1,3}(\.\d{1,2})?%?$/.test(part)) wrongValue(option, text, expected);
    const percent = percentageOf(option, part);
    return { name: `${percent} %`, share: Math.round(percent * 100) };
  });
  if (waves.some(({ share }, i) => i > 0 && share <= (waves[i - 1]?.share ?? 0))) wrongValue(option, text, expected);
  return waves;
}
