/** `latchkey phone describe` and `latchkey phone read`: what a unit offers, and what a variable says. */
import type { Fault, Result } from "#base/faults.ts";
import { ValueError } from "#cli/values/value-error.ts";
import type { Cbor } from "#codec/cbor.ts";
import { call } from "#phone/call.ts";
import { type AppHealth, describeApp, describeUnit, type UnitDescription } from "#phone/describe.ts";
import type { Session } from "#phone/session.ts";
import { linkAdvice, type UnitCloud } from "#phone/unit-cloud.ts";
import type { Description, ValueSchema } from "#wire/describe.ts";
import { APP_FAULT_WORDS } from "#wire/link/app-failure.ts";
import { note } from "./given-keys.ts";
import { openUnitSession, type PhoneOptions, PhoneTrouble, print, unitId } from "./unit.ts";

/** Runs work in a session with the unit, and ends the session whatever comes of it. */
export async function inSession<T>(options: PhoneOptions, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await openUnitSession(options);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** The value of an answer. @throws PhoneTrouble with what the unit refuses, and its fault. */
export function answerOf<T>(answer: Result<T>, what: string): T {
  if (answer.ok) return answer.value;
  throw new PhoneTrouble(`${what} (${answer.fault})${adviceFor(answer.fault)}`, answer.fault);
}

function adviceFor(fault: Fault): string {
  if (fault === "SESSION_UNREACHABLE") return "; no answer came, try again";
  return fault === "CAVEAT_TIME_UNKNOWN" ? "; the unit does not know the time" : "";
}

/** Asks what the unit offers, and remembers it where this phone is the owner's. */
export async function describedUnit(options: PhoneOptions, session: Session): Promise<UnitDescription> {
  const description = answerOf(await describeUnit(session), "the unit does not describe itself");
  const { names, floor, isOwner } = description;
  if (isOwner) note(options.memory, await unitId(options), (known) => ({ ...known, names, floor }));
  return description;
}

const NEEDS: Readonly<Record<string, string>> = {
  call: "function",
  read: "variable",
  subscribe: "event",
  config: "function for the owner alone",
};

/** A schema as a person reads it: `0 to 100 %`, `yes or no`, `warm, cold`. */
export function schemaText({ type, min, max, maxLength, choices = [], unit }: ValueSchema): string {
  if (type === "bool") return "yes or no";
  if (type === "choice") return choices.join(", ");
  if (type === "text") return `text${maxLength === undefined ? "" : ` of at most ${maxLength} characters`}`;
  if (type === "bytes") return `bytes${maxLength === undefined ? "" : `, at most ${maxLength}`}`;
  const number = type === "int" ? "whole number" : "number";
  const range =
    min === undefined || max === undefined ? number : `${min} to ${max}${type === "int" ? "" : ", any number"}`;
  return unit === undefined ? range : `${range}${type === "int" || min === undefined ? ` ${unit}` : `, in ${unit}`}`;
}

function shown(name: string, what: string, texts?: Readonly<Record<string, { title: string }>>): string {
  const title = (texts?.en ?? Object.values(texts ?? {})[0])?.title;
  return `  ${name}: ${what}${title === undefined ? "" : ` (${title})`}`;
}

function appLines({ functions, variables, settings, events }: Description): readonly string[] {
  const owners = (right: string) => (right === "config" ? " for the owner alone" : "");
  return [
    ...Object.entries(functions).map(([name, { right, args, answer, texts }]) => {
      const taken = Object.entries(args).map(([arg, schema]) => `${arg}=${schemaText(schema)}`);
      const gives = answer === undefined ? "" : ` -> ${schemaText(answer)}`;
      return shown(name, `function${owners(right)}${taken.length === 0 ? "" : `, ${taken.join("; ")}`}${gives}`, texts);
    }),
    ...Object.entries(variables).map(([name, { right, value, history, texts }]) => {
      const keeps = history === undefined ? "" : `; keeps ${history.count}, one every ${history.everyS} s`;
      return shown(
        name,
        `variable${owners(right)}${value === undefined ? "" : `, ${schemaText(value)}`}${keeps}`,
        texts,
      );
    }),
    ...Object.entries(settings).map(([name, { value, texts, default: first }]) =>
      shown(name, `setting, ${schemaText(value)}; ${valueText(first)} from the factory`, texts),
    ),
    ...Object.entries(events).map(([name, { payload, texts }]) =>
      shown(name, `event${payload === undefined ? "" : `, ${schemaText(payload)}`}`, texts),
    ),
  ];
}

/** How its link stands, and what the owner can do where there is none. */
function linkLine({ address, link }: UnitCloud): string {
  if (address === undefined) return "it has no cloud";
  if (link === "up") return "its link to the cloud is up";
  return link === undefined
    ? "it has not connected to its cloud yet"
    : `it has no link to its cloud (${link}): ${linkAdvice(link)}`;
}

/** How its app fares, and what the owner can do. */
function healthLine({ isStopped, fault, name, count }: AppHealth): string {
  const last = `${name}: ${fault}, ${APP_FAULT_WORDS[fault] ?? "its code failed"}`;
  if (isStopped)
    return `its app is stopped (${last}); update the unit, or switch it off and on to try the app once more`;
  return `its app has failed ${count === 1 ? "once" : `${count} times`} since the unit started (last in ${last})`;
}

export async function describe(options: PhoneOptions): Promise<void> {
  await inSession(options, async (session) => {
    const description = await describedUnit(options, session);
    const { names, product, isOwner, isClaimed, allowsFleetCalls, appHealth, cloud, timeGrade, isDevelopment } =
      description;
    const told = await describeApp(session);
    const app = told.ok ? told.value : undefined;
    const lines = [
      `${await unitId(options)}${product === "" ? "" : `, a ${product}`}`,
      ...(app === undefined ? names.map(([name, right]) => `  ${name}: ${NEEDS[right] ?? right}`) : appLines(app)),
      isDevelopment ? "it is a development unit: whoever has its cable can change what it runs" : "",
      told.ok ? "" : `it does not tell what they take (${told.fault})`,
      names.length === 0 ? "  its app offers nothing" : "",
      isOwner ? "you are its owner" : "you are a guest",
      isClaimed ? "" : "nobody has claimed it yet",
      allowsFleetCalls ? "its owner lets keys of its fleet and product call functions" : "",
      appHealth === undefined ? "" : healthLine(appHealth),
      linkLine(cloud),
      timeGrade === "trusted" ? "it knows the time" : `it does not know the time (${timeGrade})`,
    ];
    print(
      options,
      { id: await unitId(options), ...description, app: app ?? null },
      lines.filter((line) => line !== "").join("\n"),
    );
  });
}

/** A value of an app as a person reads it. */
export function valueText(value: Cbor): string {
  if (value === null || value === undefined) return "nothing";
  return typeof value === "object" ? JSON.stringify(plainOf(value)) : String(value);
}

/** A value of an app as plain data: byte strings in hexadecimal, maps as objects. */
export function plainOf(value: Cbor): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(plainOf);
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, each]) => [String(key), plainOf(each)]));
  }
  return typeof value === "bigint" ? String(value) : (value ?? null);
}

/** Reads a variable: what is none is refused before anything is asked of the app. */
export async function readVariable(name: string, options: PhoneOptions): Promise<void> {
  await inSession(options, async (session) => {
    const { names } = await describedUnit(options, session);
    const right = names.find(([each]) => each === name)?.[1];
    if (right !== "read") {
      const offered = names.flatMap(([each, needs]) => (needs === "read" ? [each] : [])).join(", ") || "none";
      const found = right === undefined ? "the app has no such name" : `that is ${articleFor(right)}`;
      throw new ValueError(`${name} is not a variable: ${found} (variables: ${offered})`);
    }
    const value = answerOf(await call(session, name), `the unit refuses ${name}`);
    print(options, { name, value: plainOf(value) }, `${name}: ${valueText(value)}`);
  });
}

function articleFor(right: string): string {
  const kind = NEEDS[right] ?? right;
  const verb =
    right === "call" ? "; call it: latchkey phone call" : right === "subscribe" ? "; latchkey phone subscribe" : "";
  return `${/^[aeiou]/.test(kind) ? "an" : "a"} ${kind}${verb}`;
}
