/** Reads what a person typed or chose as a value of a schema. */
import type { Value, ValueSchema } from "./described.ts";

/** Why an input is no value: the key of a text, and what the text names. */
export interface InputProblem {
  readonly key:
    | "missing"
    | "notWhole"
    | "notNumber"
    | "tooSmall"
    | "tooLarge"
    | "step"
    | "tooLong"
    | "notHex"
    | "chooseOne";
  readonly values?: Readonly<Record<string, string | number>>;
}

type Read = { readonly value: Value } | { readonly problem: InputProblem };

/** Digits of a number that a person may have typed with a comma. */
const NUMBER = /^[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?$/i;

function readNumber(schema: ValueSchema, text: string): Read {
  const { type, min, max, step } = schema;
  if (text === "") return { problem: { key: "missing" } };
  if (!NUMBER.test(text)) return { problem: { key: type === "int" ? "notWhole" : "notNumber" } };
  const value = Number(text.replace(",", "."));
  if (type === "int" && !Number.isSafeInteger(value)) return { problem: { key: "notWhole" } };
  if (min !== undefined && value < min) return { problem: { key: "tooSmall", values: { min } } };
  if (max !== undefined && value > max) return { problem: { key: "tooLarge", values: { max } } };
  if (step !== undefined && step > 0) {
    const steps = (value - (min ?? 0)) / step;
    if (Math.abs(steps - Math.round(steps)) > 1e-6) return { problem: { key: "step", values: { step } } };
  }
  return { value };
}

/** @param input What the control holds: a boolean of a switch, else its text. */
export function readInput(schema: ValueSchema, input: string | boolean): Read {
  const text = String(input);
  switch (schema.type) {
    case "bool":
      return { value: input === true };
    case "int":
    case "number":
      return readNumber(schema, text.trim());
    case "choice":
      return (schema.choices ?? []).includes(text) ? { value: text } : { problem: { key: "chooseOne" } };
    case "bytes": {
      const digits = text.replace(/\s+/g, "").toLowerCase();
      if (!/^([0-9a-f]{2})*$/.test(digits)) return { problem: { key: "notHex" } };
      const max = schema.maxLength ?? Number.POSITIVE_INFINITY;
      return digits.length / 2 > max ? { problem: { key: "tooLong", values: { max: max * 2 } } } : { value: digits };
    }
    case "text": {
      const max = schema.maxLength ?? Number.POSITIVE_INFINITY;
      return text.length > max ? { problem: { key: "tooLong", values: { max } } } : { value: text };
    }
  }
}

/** What a control holds before anybody touched it. */
export function firstInput(schema: ValueSchema, value?: Value): string | boolean {
  if (schema.type === "bool") return value === true;
  if (value !== undefined && value !== null) return String(value);
  if (isSlider(schema)) return String(schema.min ?? 0);
  return schema.type === "choice" ? (schema.choices?.[0] ?? "") : "";
}

/** A range of both ends is set by a slider as well as typed. */
export function isSlider({ type, min, max }: ValueSchema): boolean {
  return (type === "int" || type === "number") && min !== undefined && max !== undefined && max - min <= 100_000;
}
