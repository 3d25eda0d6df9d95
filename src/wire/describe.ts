/**
 * The description of an app, version 1: what a unit's functions, variables, settings and events are called, which right each
 * requires, and which values they take and give. It is JSON, so that any client can make a user interface from it.
 * @source PROTOCOL 5.38
 */
import { ok, type Result, refuse } from "#base/faults.ts";

/** Texts by language tag (BCP 47), as in { en: { title: "Lamp" }, de: { title: "Lampe" } }. */
export type Texts = Readonly<Record<string, { readonly title: string; readonly help?: string }>>;

/** The values that something takes or gives. */
export interface ValueSchema {
  readonly type: "bool" | "int" | "number" | "text" | "choice" | "bytes";
  /** Of int and number, both included. */
  readonly min?: number;
  readonly max?: number;
  /** What an input steps by; values in between are allowed. */
  readonly step?: number;
  /** Of text in UTF-16 units, of bytes in bytes. */
  readonly maxLength?: number;
  /** Of choice: the texts to choose from. */
  readonly choices?: readonly string[];
  /** As a person reads it, such as "°C" or "%". */
  readonly unit?: string;
}

/** The right that a caller needs. */
export type AppRight = "read" | "call" | "subscribe" | "config";
/** A value of a setting. */
export type SettingValue = boolean | number | string;

interface Described {
  readonly texts?: Texts;
}
interface DescribedFunction extends Described {
  readonly right: AppRight;
  readonly args: Readonly<Record<string, ValueSchema>>;
  /** Absent where the function answers nothing, or something of no fixed form. */
  readonly answer?: ValueSchema;
}
interface DescribedVariable extends Described {
  readonly right: AppRight;
  /** Absent where it has no fixed form. */
  readonly value?: ValueSchema;
  /** The unit keeps the last `count` values, one every `everyS` seconds. */
  readonly history?: { readonly count: number; readonly everyS: number };
}
/** Read and changed with the config right. */
interface DescribedSetting extends Described {
  readonly value: ValueSchema;
  readonly default: SettingValue;
}
interface DescribedEvent extends Described {
  readonly right: AppRight;
  readonly payload?: ValueSchema;
}

export interface Description {
  readonly v: 1;
  readonly product: string;
  readonly release: string;
  readonly board: string;
  readonly functions: Readonly<Record<string, DescribedFunction>>;
  readonly variables: Readonly<Record<string, DescribedVariable>>;
  readonly settings: Readonly<Record<string, DescribedSetting>>;
  readonly events: Readonly<Record<string, DescribedEvent>>;
}

/** Longest part of a description in bytes of UTF-8: one answer of a session holds it. */
const PART_BYTES_MAX = 1_800;
/** Longest description in bytes. */
export const DESCRIPTION_BYTES_MAX = 16_384;

function utf8Bytes(character: string): number {
  const code = character.codePointAt(0) as number;
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

/** The description as JSON, in the parts in which a unit tells it. */
export function descriptionParts(description: Description): readonly string[] {
  const parts: string[] = [];
  let part = "";
  let bytes = 0;
  for (const character of JSON.stringify(description)) {
    const more = utf8Bytes(character);
    if (bytes + more > PART_BYTES_MAX) {
      parts.push(part);
      part = "";
      bytes = 0;
    }
    part += character;
    bytes += more;
  }
  return [...parts, part];
}

type Json = Readonly<Record<string, unknown>>;
const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isAbsentOr = (type: "number" | "string", value: unknown) => value === undefined || typeof value === type;
const TYPES = ["bool", "int", "number", "text", "choice", "bytes"];
const RIGHTS = ["read", "call", "subscribe", "config"];

function isSchema(value: unknown): boolean {
  if (!isRecord(value) || !TYPES.includes(value.type as string)) return false;
  const { choices } = value;
  const isChoice = Array.isArray(choices) && choices.length > 0 && choices.every((each) => typeof each === "string");
  return (
    (value.type === "choice" ? isChoice : choices === undefined) &&
    [value.min, value.max, value.step, value.maxLength].every((each) => isAbsentOr("number", each)) &&
    isAbsentOr("string", value.unit)
  );
}

function areTexts(value: unknown): boolean {
  if (value === undefined) return true;
  if (!isRecord(value)) return false;
  return Object.values(value).every(
    (each) => isRecord(each) && typeof each.title === "string" && isAbsentOr("string", each.help),
  );
}

const isAbsentOrSchema = (value: unknown) => value === undefined || isSchema(value);

function isHistory(value: unknown): boolean {
  return (
    value === undefined || (isRecord(value) && [value.count, value.everyS].every((each) => Number.isInteger(each)))
  );
}

const ENTRIES: Readonly<Record<string, (entry: Json) => boolean>> = {
  functions: ({ right, args, answer }) =>
    RIGHTS.includes(right as string) &&
    isRecord(args) &&
    Object.values(args).every(isSchema) &&
    isAbsentOrSchema(answer),
  variables: ({ right, value, history }) =>
    RIGHTS.includes(right as string) && isAbsentOrSchema(value) && isHistory(history),
  settings: (entry) => isSchema(entry.value) && ["boolean", "number", "string"].includes(typeof entry.default),
  events: ({ right, payload }) => RIGHTS.includes(right as string) && isAbsentOrSchema(payload),
};

/**
 * Reads the description that a unit told, all parts joined. Members that this version does not know are kept.
 * @returns The description; DESCRIBE_VERSION for one of another version, DESCRIBE_FORM for what is none.
 */
export function readDescription(text: string): Result<Description> {
  let item: unknown;
  try {
    item = JSON.parse(text);
  } catch {
    return refuse("DESCRIBE_FORM");
  }
  if (!isRecord(item)) return refuse("DESCRIBE_FORM");
  if (item.v !== 1) return refuse(Number.isInteger(item.v) ? "DESCRIBE_VERSION" : "DESCRIBE_FORM");
  const about = [item.product, item.release, item.board].every((each) => typeof each === "string");
  const isWhole = Object.entries(ENTRIES).every(([kind, isEntry]) => {
    const entries = item[kind];
    return (
      isRecord(entries) &&
      Object.values(entries).every((each) => isRecord(each) && areTexts(each.texts) && isEntry(each))
    );
  });
  return about && isWhole ? ok(item as unknown as Description) : refuse("DESCRIBE_FORM");
}
