/**
 * The values that an app keeps over power loss: settings, which whoever holds the config right changes, and state, which the
 * app changes. Each is one entry of the store, so that a power cut leaves all of the old values or all of the new ones.
 * @source docs/adr/0127-what-an-app-keeps.md
 */
import { equal } from "#base/bytes.ts";
import { faultText, ok, type Result, refuse } from "#base/faults.ts";
import type { Cbor, CborMap } from "#codec/cbor.ts";
import type { SettingValue } from "#wire/describe.ts";
import { failed, guarded } from "./app-guard.ts";
import { forgetHistory } from "./app-history.ts";
import type { App } from "./app-interface.ts";
import { ownEntry } from "./app-names.ts";
import type { AppRuntime, AppValues } from "./app-runtime.ts";
import { encodeAppValue } from "./app-values.ts";
import { createRateLimit, takeTurn } from "./rate-limit.ts";
import type { Facts } from "./store/facts.ts";
import { performStore, remember } from "./store/store.ts";
import { fits } from "./value-schema.ts";

/** Writes of settings, and as many of state: so many at once, and one every ten minutes. Neither takes the turns of the other. */
const WRITES = { burst: 60, everyMs: 600_000 };
const WRITES_ALL = { burst: 120, everyMs: 300_000 };
/** Longest state and longest settings in bytes of CBOR. */
const KEPT_BYTES_MAX = 1_024;

export function createAppValues(app: App, facts: Facts): AppValues {
  const values = {
    ...{ settings: {}, state: {}, stateBytes: new Uint8Array(0), isDue: false },
    writes: createRateLimit(WRITES, WRITES_ALL),
  };
  readValues(values, app, facts);
  return values;
}

/** What is stored, where it fits what this release declares; else what the maker gave. */
function readValues(values: AppValues, app: App, { appSettings, appState }: Facts): void {
  for (const [name, { value, default: first }] of Object.entries(app.settings ?? {})) {
    const stored = appSettings?.get(name);
    values.settings[name] = fits(value, stored) ? (stored as SettingValue) : first;
  }
  for (const [name, first] of Object.entries(app.state ?? {})) {
    const stored = appState?.get(name);
    values.state[name] = isAlike(stored, first) ? stored : first;
  }
  const bytes = encodeState(values, app);
  values.stateBytes = typeof bytes === "string" ? values.stateBytes : bytes;
}

/** Whether a stored value may stand for one that the maker gave: they are of one type. */
function isAlike(stored: Cbor | undefined, first: unknown): boolean {
  return typeof stored === typeof first && Array.isArray(stored) === Array.isArray(first);
}

function encodeState({ state }: AppValues, app: App): Uint8Array | string {
  return encodeAppValue(new Map(Object.keys(app.state ?? {}).map((name) => [name, state[name]])), KEPT_BYTES_MAX);
}

/**
 * Changes a setting, in flash and then in memory.
 * @returns Its new value as encoded; APP_ARGUMENT for one that does not fit, SESSION_RATE when flash was written too often lately,
 *   STORE_FAILED when the flash does not take it.
 */
export function changeSetting(runtime: AppRuntime, name: string, args: CborMap): Result<Uint8Array> {
  const { app, values, store, port } = runtime;
  const value = args.get("value");
  const schema = ownEntry(app.settings, name)?.value;
  if (args.size !== 1 || schema === undefined || !fits(schema, value)) return refuse("APP_ARGUMENT");
  if (value !== values.settings[name]) {
    const changed = new Map<string, Cbor>(Object.entries({ ...values.settings, [name]: value }));
    if (typeof encodeAppValue(changed, KEPT_BYTES_MAX) === "string") return refuse("APP_ARGUMENT");
    // Nothing may be written before a resale that is on its way (gate/owner.ts).
    if (store.facts.resale !== undefined) return refuse("STORE_FAILED");
    if (!takeTurn(values.writes, "settings", port.clock.milliseconds())) return refuse("SESSION_RATE");
    if (!performStore(store, "app", remember("appSettings", changed))) return refuse("STORE_FAILED");
    values.settings[name] = value as SettingValue;
  }
  return settingOf(runtime, name);
}

/** A setting as encoded for a caller. */
export function settingOf({ values }: AppRuntime, name: string): Result<Uint8Array> {
  const encoded = encodeAppValue(values.settings[name], KEPT_BYTES_MAX);
  return typeof encoded === "string" ? refuse("APP_ANSWER") : ok(encoded);
}

/** Compares the state with what it was, after the maker's code ran, and writes it as soon as there is a turn for that. */
export function keepState(runtime: AppRuntime): void {
  const { app, values } = runtime;
  if (app.state === undefined || runtime.stopped !== undefined) return;
  const encoded = guarded(runtime, "state", () => encodeState(values, app));
  const bytes = encoded?.value as Uint8Array | string | undefined;
  if (bytes === undefined || typeof bytes === "string") {
    // What cannot be stored would be lost with the power: better that the maker hears of it now.
    readValues(values, app, runtime.store.facts);
    if (bytes !== undefined)
      failed(runtime, "state", `its state is ${bytes}; it is as it was last stored`, "APP_ANSWER");
    return;
  }
  if (equal(bytes, values.stateBytes)) return;
  values.stateBytes = bytes;
  if (!values.isDue) {
    values.isDue = true;
    writeState(runtime);
    if (values.isDue) failed(runtime, "state", faultText("APP_WRITES"), "APP_WRITES");
  }
}

/**
 * Writes the state where it waits and has a turn.
 * @param isLast The run ends: this write has no turn to wait for.
 */
export function writeState({ app, values, store, port }: AppRuntime, isLast = false): void {
  if (!values.isDue || store.facts.resale !== undefined) return;
  if (!isLast && !takeTurn(values.writes, "state", port.clock.milliseconds())) return;
  values.isDue = false;
  const state = new Map(Object.keys(app.state ?? {}).map((name) => [name, values.state[name] as Cbor]));
  performStore(store, "app", remember("appState", state));
}

/** When a state that waits is to be looked at again. */
export function nextWriteMs({ values, port }: AppRuntime): number {
  return values.isDue ? port.clock.milliseconds() + WRITES.everyMs / 10 : Number.POSITIVE_INFINITY;
}

/** The stored values are gone: a reset or a resale has forgotten them. */
export function forgetValues({ app, values, store, history }: AppRuntime): void {
  values.isDue = false;
  forgetHistory(history);
  readValues(values, app, store.facts);
}
