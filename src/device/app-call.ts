/**
 * Runs the maker's code. An exception or an invalid answer becomes a refusal and a report; it never ends the runtime.
 */
import { ok, type Result, refuse } from "#base/faults.ts";
import { type CborMap, decodeCbor } from "#codec/cbor.ts";
import type { ValueSchema } from "#wire/describe.ts";
import type { App, AppFunction, AppIo } from "./app-interface.ts";
import { ownEntry } from "./app-names.ts";
import { ANSWER_BYTES_MAX, encodeAppValue, messageOf } from "./app-values.ts";
import { fits } from "./value-schema.ts";

export interface RunningApp {
  readonly app: App;
  readonly io: AppIo;
  /** Told of each failure: in which function or variable, and what. A fatal one ends the run. */
  failed(name: string, message: string, isFatal: boolean): void;
}

/** What an async function throws after it has answered is reported too; unheard, it would end the run. */
function hear({ failed }: RunningApp, name: string, answer: unknown): void {
  if (answer instanceof Promise) answer.catch((error: unknown) => failed(name, messageOf(error), false));
}

/**
 * Runs a function or reads a variable.
 * @param argsCbor An encoded map of arguments by name.
 * @returns The encoded answer; APP_ARGUMENT, APP_NO_SUCH_NAME, APP_THREW, or APP_ANSWER for an answer that is no CBOR or
 *   does not fit into a record.
 */
export function callApp(running: RunningApp, name: string, argsCbor: Uint8Array): Result<Uint8Array> {
  const args = decodeCbor(argsCbor);
  if (!args.ok || !(args.value instanceof Map)) return refuse("APP_ARGUMENT");
  const func = ownEntry(running.app.functions, name);
  const variable = func === undefined ? ownEntry(running.app.variables, name) : undefined;
  if (func === undefined && variable === undefined) return refuse("APP_NO_SUCH_NAME");
  const values = valuesOf(func?.args ?? {}, args.value);
  if (values === undefined) return refuse("APP_ARGUMENT");
  try {
    const answer =
      func === undefined ? variable?.read(running.io as never) : func.run(values as never, running.io as never);
    hear(running, name, answer);
    return encodeAnswer(running, name, func?.answer ?? variable?.value, answer ?? null);
  } catch (error) {
    running.failed(name, messageOf(error), false);
    return refuse("APP_THREW");
  }
}

/** The arguments of a call, each of its kind, all of them and no others; undefined where they are not. */
function valuesOf(schemas: AppFunction["args"], args: CborMap): Readonly<Record<string, unknown>> | undefined {
  const names = Object.keys(schemas);
  if (args.size !== names.length) return undefined;
  const values: Record<string, unknown> = {};
  for (const name of names) {
    const value = args.get(name);
    if (!fits(schemas[name] as ValueSchema, value)) return undefined;
    values[name] = value;
  }
  return values;
}

function encodeAnswer(
  { failed }: RunningApp,
  name: string,
  schema: ValueSchema | undefined,
  answer: unknown,
): Result<Uint8Array> {
  const encoded = encodeAppValue(answer, ANSWER_BYTES_MAX);
  const isUnfit = typeof encoded !== "string" && schema !== undefined && !fits(schema, answer);
  const reason = isUnfit ? `outside its schema (${schema.type})` : encoded;
  if (typeof reason !== "string") return ok(reason);
  failed(name, `its answer is ${reason}`, false);
  return refuse("APP_ANSWER");
}

/** Tells the app that the button was released. */
export function pressApp(running: RunningApp, heldMs: number): void {
  try {
    hear(running, "pressed", running.app.pressed?.(heldMs, running.io as never));
  } catch (error) {
    running.failed("pressed", messageOf(error), false);
  }
}

/**
 * Starts the app and asks whether it works. An app that throws at its start ends a trial, as any crash does. Once its image
 * is confirmed the unit goes on without it, since an update can then mend it.
 */
export function startApp(running: RunningApp, isTrial: boolean): boolean {
  const { app, io, failed } = running;
  try {
    hear(running, "start", app.start?.(io as never));
  } catch (error) {
    failed("start", messageOf(error), isTrial);
    if (isTrial) throw error;
    return false;
  }
  try {
    return app.selfTest?.(io as never) ?? true;
  } catch (error) {
    failed("selfTest", messageOf(error), false);
    return false;
  }
}
