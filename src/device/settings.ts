/**
 * The unit's settings: values under short names in a record log (PROTOCOL 8.1, 8.2), so that a power cut during a
 * write leaves the old value or the new one. Values are read from flash when asked for; memory holds their places only.
 */
import { assert } from "#base/assert.ts";
import { equal } from "#base/bytes.ts";
import { fromUtf8 } from "#base/utf8.ts";
import {
  appendRecord,
  compactLog,
  type FlashOp,
  type LogChange,
  type LogEnd,
  type LogRecord,
  type LogRegion,
  RECORD_HEADER_BYTES,
  type ReadFlash,
  readLog,
} from "#wire/flash/record-log.ts";
import { SETTING_KIND, settingName, settingRecord } from "#wire/flash/setting-record.ts";
import { flashLogIn } from "./flash-log.ts";
import type { Stored } from "./machine.ts";
import type { Flash } from "./port.ts";

/** Values as bytes under their names in flash. Machines see them as typed facts (store/store.ts). */
export interface Settings extends Stored {
  /** Remembers a value before it returns. False when the flash won't hold it (full or worn): the old value stays. */
  put(name: string, value: Uint8Array): boolean;
  /** Forgets a value; false as for put. Its bytes leave the flash with the compaction after next. */
  remove(name: string): boolean;
  names(): readonly string[];
}

interface Place {
  readonly address: number;
  readonly byteLength: number;
}

/** The log, and where in it each value lies. */
interface Store {
  readonly flash: Flash;
  readonly log: LogRegion;
  readonly read: ReadFlash;
  readonly places: Map<string, Place>;
  end: LogEnd;
}

/** Opens the settings of a board; an empty or unreadable region gives empty settings. */
export function openSettings(flash: Flash, region: { readonly start: number; readonly bytes: number }): Settings {
  const { region: log, read } = flashLogIn(flash, region);
  const places = new Map<string, Place>();
  const store: Store = { flash, log, read, places, end: load(log, read, places) };
  return {
    get: (name) => getValue(store, name),
    put: (name, value) => putValue(store, name, value),
    remove: (name) =>
      !places.has(name) || write(store, { kind: SETTING_KIND.forget, payload: settingName(name) }, name),
    names: () => [...places.keys()],
  };
}

function load(log: LogRegion, read: ReadFlash, places: Map<string, Place>): LogEnd {
  places.clear();
  return readLog(log, read, (record, address) => {
    const nameBytes = 1 + (record.payload[0] ?? 0);
    const name = fromUtf8(record.payload.subarray(1, nameBytes));
    if (name === undefined) return;
    if (record.kind === SETTING_KIND.forget) places.delete(name);
    else places.set(name, { address: address + nameBytes, byteLength: record.payload.length - nameBytes });
  });
}

function getValue({ flash, places }: Store, name: string): Uint8Array | undefined {
  const place = places.get(name);
  // A copy: on a board with memory-mapped flash a read may be a view of what is erased later.
  return place === undefined ? undefined : flash.read(place.address, place.byteLength).slice();
}

function putValue(store: Store, name: string, value: Uint8Array): boolean {
  const old = getValue(store, name);
  return old !== undefined && equal(old, value) ? true : write(store, putRecord(name, value), name);
}

function perform(store: Store, change: LogChange | undefined): boolean {
  const done = change?.ops.every((op) => performOp(store.flash, op)) ?? false;
  // What the flash holds is what counts, also after an operation that failed half-way.
  store.end = load(store.log, store.read, store.places);
  return done;
}

function write(store: Store, record: LogRecord, name: string): boolean {
  const { flash, log, read, places } = store;
  const change = appendRecord(log, read, store.end, record);
  if (change?.ops.every((op) => performOp(flash, op))) {
    const nameBytes = 1 + (record.payload[0] as number);
    const written = change.ops[0] as FlashOp;
    if (record.kind === SETTING_KIND.forget) places.delete(name);
    else
      places.set(name, {
        address: written.address + RECORD_HEADER_BYTES + nameBytes,
        byteLength: record.payload.length - nameBytes,
      });
    store.end = change.end;
    return true;
  }
  const others = [...places.keys()].filter((each) => each !== name);
  const rest = others.map((each) => putRecord(each, getValue(store, each)));
  return perform(store, compactLog(log, store.end, record.kind === SETTING_KIND.forget ? rest : [...rest, record]));
}

/** Performs one flash operation on a port. */
export function performOp(flash: Flash, op: FlashOp): boolean {
  return op.kind === "flash-erase" ? flash.eraseSector(op.address) : flash.write(op.address, op.bytes);
}

function putRecord(name: string, value: Uint8Array | undefined): LogRecord {
  assert(value !== undefined, "a setting that is listed can be read");
  return settingRecord(name, value);
}
