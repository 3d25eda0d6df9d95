/**
 * Runs the maker's code. An exception or an invalid answer becomes a refusal and a report; it never ends the runtime.
 */
import { ok, type Result, refuse } from "#base/faults.ts";
import { type CborMap, decodeCbor, encodeCbor } from "#codec/cbor.ts";
import type { ValueSchema } from "#wire/describe.ts";
import { failed, guarded, type Outcome, rejected } from "./app-guard.ts";
import { historyPart } from "./app-history.ts";
import type { AppFunction } from "./app-interface.ts";
import { deliverIo } from "./app-io.ts";
import { changeSetting, keepState, settingOf } from "./app-keeping.ts";
import { ownEntry } from "./app-names.ts";
import type { AppRuntime } from "./app-runtime.ts";
import { mayStart, startFailed } from "./app-starts.ts";
import { takeNext } from "./app-timers.ts";
import { ANSWER_BYTES_MAX, encodeAppValue } from "./app-values.ts";
import { fits } from "./value-schema.ts";

/** Runs a piece of the maker's code. */
function attempt(runtime: AppRuntime, name: string, work: () => unknown): Outcome {
  const outcome = guarded(runtime, name, work);
  const fault = runtime.lastFault;
  keepState(runtime);
  // Whoever waits for an answer hears why there is none, and not what became of the state.
  if (outcome === undefined) runtime.lastFault = fault;
  return outcome;
}

/**
 * Waits for what an async function promised. What it throws is reported; unheard, it would end the run.
 * @param then Called with what it gave; undefined when it threw.
 */
function whenSettled(
  runtime: AppRuntime,
  name: string,
  promise: Promise<unknown>,
  then: (outcome: Outcome) => void,
): void {
  const settle = (outcome: Outcome) => {
    keepState(runtime);
    then(outcome);
  };
  promise.then(
    (value) => runtime.later(() => settle({ value })),
    (error: unknown) =>
      runtime.later(() => {
        rejected(runtime, name, error);
        settle(undefined);
      }),
  );
}

/** Runs a piece of the maker's code from which nobody wants an answer. */
function tell(runtime: AppRuntime, name: string, work: () => unknown): void {
  const outcome = attempt(runtime, name, work);
  if (outcome?.value instanceof Promise) whenSettled(runtime, name, outcome.value, () => undefined);
}

/**
 * Runs a function, reads a variable, or reads or changes a setting.
 * @param argsCbor An encoded map of arguments by name; of a setting, none to read it or its new `value`.
 * @param answer   Called once, now or later, with the encoded answer; or APP_ARGUMENT, APP_NO_SUCH_NAME, APP_THREW, or APP_ANSWER for
 *   an answer that is no CBOR, does not fit its schema or does not fit into a record; of a setting, what changeSetting refuses.
 */
export function callApp(
  runtime: AppRuntime,
  name: string,
  argsCbor: Uint8Array,
  answer: (result: Result<Uint8Array>) => void,
): void {
  const { app, io } = runtime;
  const args = decodeCbor(argsCbor);
  if (!args.ok || !(args.value instanceof Map)) return answer(refuse("APP_ARGUMENT"));
  const func = ownEntry(app.functions, name);
  const variable = func === undefined ? ownEntry(app.variables, name) : undefined;
  if (func === undefined && variable === undefined) return answer(callSetting(runtime, name, args.value));
  if (func === undefined && args.value.size === 1) return answer(callHistory(runtime, name, args.value));
  const values = valuesOf(func?.args ?? {}, args.value);
  if (values === undefined) return answer(refuse("APP_ARGUMENT"));
  if (runtime.stopped !== undefined) return answer(refuse("APP_STOPPED"));
  const outcome = attempt(runtime, name, () =>
    func === undefined ? variable?.read(io as never) : func.run(values as never, io as never),
  );
  const schema = func?.answer ?? variable?.value;
  const finish = (said: Outcome) =>
    answer(said ? encodeAnswer(runtime, name, schema, said.value ?? null) : refuse(runtime.lastFault));
  if (outcome?.value instanceof Promise) whenSettled(runtime, name, outcome.value, finish);
  else finish(outcome);
}

/**
 * Reads a variable for its history. What it throws is not reported: a sensor that is away for a day would say so all day long.
 * @param then Called once, now or later: undefined where it threw, or its value does not fit.
 */
export function readVariable(runtime: AppRuntime, name: string, then: (value: unknown) => void): void {
  const variable = ownEntry(runtime.app.variables, name);
  const finish = (value: unknown) => {
    keepState(runtime);
    then(variable?.value !== undefined && fits(variable.value, value) ? value : undefined);
  };
  const value = guarded(runtime, name, () => variable?.read(runtime.io as never), { isQuiet: true })?.value;
  const finishLater = (late: unknown) => runtime.later(() => finish(late));
  if (value instanceof Promise) value.then(finishLater, () => finishLater(undefined));
  else finish(value);
}

function callHistory({ history, port }: AppRuntime, name: string, args: CborMap): Result<Uint8Array> {
  const part = historyPart(history, name, args.get("history"), port.clock.milliseconds());
  return part === undefined ? refuse("APP_ARGUMENT") : ok(encodeCbor(part));
}

function callSetting(runtime: AppRuntime, name: string, args: CborMap): Result<Uint8Array> {
  if (ownEntry(runtime.app.settings, name) === undefined) return refuse("APP_NO_SUCH_NAME");
  if (args.size === 0) return settingOf(runtime, name);
  const before = runtime.values.settings[name];
  const changed = changeSetting(runtime, name, args);
  const { app, io, values } = runtime;
  if (changed.ok && values.settings[name] !== before) tell(runtime, "changed", () => app.changed?.(name, io as never));
  return changed;
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
  runtime: AppRuntime,
  name: string,
  schema: ValueSchema | undefined,
  answer: unknown,
): Result<Uint8Array> {
  // A large answer takes the app's memory.
  const encoded = guarded(runtime, name, () => encodeAppValue(answer, ANSWER_BYTES_MAX));
  if (encoded === undefined) return refuse(runtime.lastFault);
  const isUnfit = typeof encoded.value !== "string" && schema !== undefined && !fits(schema, answer);
  const reason = isUnfit ? `outside its schema (${schema.type})` : encoded.value;
  if (typeof reason !== "string") return ok(reason as Uint8Array);
  failed(runtime, name, `its answer is ${reason}`, "APP_ANSWER");
  return refuse("APP_ANSWER");
}

/** Tells the app that the button was released. */
export function pressApp(runtime: AppRuntime, heldMs: number): void {
  tell(runtime, "pressed", () => runtime.app.pressed?.(heldMs, runtime.io as never));
}

/** Tells the app's IO classes of a changed value. */
export function changeIo(runtime: AppRuntime, resource: number, value: number): void {
  tell(runtime, "onReadable", () => deliverIo(resource, value));
}

/** Tells the app that this run ends. What it promises is not waited for. */
export function stopApp(runtime: AppRuntime): void {
  tell(runtime, "stop", () => runtime.app.stop?.(runtime.io as never));
}

/** Runs the timer that is due first. Other events come in between it and the next. */
export function runTimer(runtime: AppRuntime): void {
  const timer = takeNext(runtime);
  if (timer === undefined) return;
  const outcome = attempt(runtime, timer.name, timer.run);
  if (!(outcome?.value instanceof Promise)) return;
  timer.isBusy = true;
  whenSettled(runtime, timer.name, outcome.value, () => {
    timer.isBusy = false;
  });
}

/**
 * Starts the app and asks whether it works. An app that fails at its start ends a trial, as any crash does (AppRuntime.crash). Once its
 * image is confirmed the unit goes on without it, since an update can then mend it.
 * @param done Called once, now or later, with whether it works.
 */
export function startApp(runtime: AppRuntime, isTrial: boolean, done: (passed: boolean) => void): void {
  const { app, io } = runtime;
  if (!mayStart(runtime)) return done(false);
  const finish = (outcome: Outcome) => {
    if (outcome !== undefined) return testApp(runtime, done);
    if (isTrial) return;
    startFailed(runtime, runtime.lastFault);
    done(false);
  };
  const started = guarded(runtime, "start", () => app.start?.(io as never), { isTrial });
  const promise = started?.value;
  if (!(promise instanceof Promise)) return finish(started);
  promise.then(
    (value) => runtime.later(() => finish({ value })),
    (error: unknown) => runtime.later(() => finish(rejected(runtime, "start", error, isTrial))),
  );
}

function testApp(runtime: AppRuntime, done: (passed: boolean) => void): void {
  keepState(runtime);
  const { app, io } = runtime;
  if (app.selfTest === undefined) return done(true);
  const outcome = attempt(runtime, "selfTest", () => app.selfTest?.(io as never));
  if (outcome?.value instanceof Promise)
    whenSettled(runtime, "selfTest", outcome.value, (said) => done(said?.value === true));
  else done(outcome?.value === true);
}
