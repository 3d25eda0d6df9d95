/**
 * Runs the maker's code. An exception or an invalid answer becomes a refusal and a report; it never ends the runtime.
 */
import { ok, type Result, refuse } from "#base/faults.ts";
import { decodeCbor } from "#codec/cbor.ts";
import type { App, AppIo } from "./app-interface.ts";
import { ANSWER_BYTES_MAX, encodeAppValue, messageOf } from "./app-values.ts";

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
  try {
    const answer = running.app.run(name, args.value, running.io);
    if (!answer.ok) return answer;
    hear(running, name, answer.value);
    const encoded = encodeAppValue(answer.value, ANSWER_BYTES_MAX);
    if (typeof encoded !== "string") return ok(encoded);
    running.failed(name, `its answer is ${encoded}`, false);
    return refuse("APP_ANSWER");
  } catch (error) {
    running.failed(name, messageOf(error), false);
    return refuse("APP_THREW");
  }
}

/** Tells the app that the button was released. */
export function pressApp(running: RunningApp, heldMs: number): void {
  try {
    hear(running, "pressed", running.app.pressed?.(heldMs, running.io));
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
    hear(running, "start", app.start(io));
  } catch (error) {
    failed("start", messageOf(error), isTrial);
    if (isTrial) throw error;
    return false;
  }
  try {
    return app.selfTest(io);
  } catch (error) {
    failed("selfTest", messageOf(error), false);
    return false;
  }
}
