/**
 * Settings of a board whose chip can derive a secret from a key in its fuses: the device key lies in flash sealed by that secret
 * (ADR 0168). Where the fuses hold no such key it lies there as it is, as on every other board, whose bundles hold nothing of this.
 * @source PROTOCOL 9.2.4
 */
import { concat, equal } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";
import { compactLog, readLog } from "#wire/flash/record-log.ts";
import { settingRecord } from "#wire/flash/setting-record.ts";
import { OWN } from "#wire/flash/stored-names.ts";
import type { LogLevel } from "#wire/sessions/unit-log.ts";
import { flashLogIn } from "./flash-log.ts";
import type { Effect, Machine } from "./machine.ts";
import type { Port } from "./port.ts";
import { openSettings, performOp, type Settings } from "./settings.ts";

type Region = { readonly start: number; readonly bytes: number };
/** What this needs of a port. */
export type SealingPort = Pick<Port, "flash" | "crypto" | "secret"> & {
  readonly system: Pick<Port["system"], "isTrial">;
};

interface SealedSettings {
  readonly settings: Settings;
  /** Tells at the start how the device key lies in flash. */
  readonly reporter: Machine<null>;
}

/** What a sealed key begins with: whether the other bank of the log may still hold the key as it was before. */
const FORM = { afterPlain: 1, alone: 2 } as const;
const ABOUT = utf8("latchkey 1 device key");
const SEED_BYTES = 32;
const NONCE_BYTES = 12;
const HEAD_BYTES = 1 + NONCE_BYTES;
const TAG_BYTES = 16;

/** Opens the settings, and seals a key that lies there as it is as soon as the fuses have what it takes. */
export function openSealedSettings(port: SealingPort, region: Region): SealedSettings {
  const secret = port.secret?.();
  let inFlash = openSettings(port.flash, region);
  // The release before this one may not know of sealing, and may come back until this one is confirmed.
  const isSealing = secret !== undefined && !port.system.isTrial;
  if (isSealing && stored(inFlash)?.length === SEED_BYTES) inFlash = sealPlain(port, region, inFlash, secret);
  if (isSealing && stored(inFlash)?.[0] === FORM.afterPlain) forgetPlain(port, region, inFlash, secret);
  const report = reportOf(port, inFlash, secret);
  return {
    settings: secret === undefined ? inFlash : opened(port, inFlash, secret, isSealing),
    reporter: {
      name: "sealed-key",
      initial: null,
      step: (state, { kind }) => ({ state, effects: kind === "start" ? report : [] }),
    },
  };
}

const stored = (settings: Settings): Uint8Array | undefined => settings.get(OWN.key);

/** The same settings with the key as machines know it. A sealed one that can't be opened counts as unreadable: no seed has its length. */
function opened({ crypto }: SealingPort, inFlash: Settings, secret: Uint8Array, isSealing: boolean): Settings {
  return {
    names: inFlash.names,
    remove: inFlash.remove,
    get(name) {
      const value = inFlash.get(name);
      return name === OWN.key && value !== undefined ? (open(crypto, secret, value) ?? value) : value;
    },
    put(name, value) {
      if (name !== OWN.key || !isSealing) return inFlash.put(name, value);
      return inFlash.put(name, seal(crypto, secret, FORM.alone, value)) && holds(crypto, inFlash, secret, value);
    },
  };
}

/** Replaces all records at once, so that after a power cut the log has the key in the old form alone or in the new one alone. */
function sealPlain({ flash, crypto }: SealingPort, region: Region, settings: Settings, secret: Uint8Array): Settings {
  const { region: log, read } = flashLogIn(flash, region);
  const records = settings.names().map((name) => {
    const value = settings.get(name) as Uint8Array;
    return settingRecord(name, name === OWN.key ? seal(crypto, secret, FORM.afterPlain, value) : value);
  });
  const change = compactLog(
    log,
    readLog(log, read, () => {}),
    records,
  );
  change?.ops.every((op) => performOp(flash, op));
  return openSettings(flash, region);
}

/** Erases the bank in which the key lay as it was. Once that is over, and not before, the key says that it lies there alone. */
function forgetPlain({ flash, crypto }: SealingPort, region: Region, settings: Settings, secret: Uint8Array): void {
  const seed = open(crypto, secret, stored(settings));
  if (seed === undefined) return;
  const { region: log, read } = flashLogIn(flash, region);
  const end = readLog(log, read, () => {});
  // To begin the other bank is to erase it.
  const erases = compactLog(log, end, [])?.ops.filter(({ kind }) => kind === "flash-erase") ?? [];
  const isBlank = erases.every(
    (op) => performOp(flash, op) && read(op.address, flash.sectorBytes).every((byte) => byte === 0xff),
  );
  if (isBlank) settings.put(OWN.key, seal(crypto, secret, FORM.alone, seed));
}

function holds(crypto: Port["crypto"], settings: Settings, secret: Uint8Array, seed: Uint8Array): boolean {
  const there = open(crypto, secret, stored(settings));
  return there !== undefined && equal(there, seed);
}

/** Form, nonce, then the seed under ChaCha20-Poly1305. */
function seal(crypto: Port["crypto"], secret: Uint8Array, form: number, seed: Uint8Array): Uint8Array {
  const nonce = crypto.random(NONCE_BYTES);
  return concat(Uint8Array.of(form), nonce, crypto.chacha20Poly1305Seal(secret, nonce, ABOUT, seed));
}

function open(crypto: Port["crypto"], secret: Uint8Array, value: Uint8Array | undefined): Uint8Array | undefined {
  if (value?.length !== HEAD_BYTES + SEED_BYTES + TAG_BYTES) return undefined;
  return crypto.chacha20Poly1305Open(secret, value.subarray(1, HEAD_BYTES), ABOUT, value.subarray(HEAD_BYTES));
}

/** The line for console and log; none without a key. */
function reportOf(port: SealingPort, settings: Settings, secret: Uint8Array | undefined): readonly Effect[] {
  const value = stored(settings);
  if (value === undefined) return [];
  const [level, text] = wordsOf(port, value, secret);
  return [{ kind: "log", level, text: `device key: ${text}` }];
}

function wordsOf(
  { crypto, system }: SealingPort,
  value: Uint8Array,
  secret: Uint8Array | undefined,
): readonly [LogLevel, string] {
  if (value.length === SEED_BYTES) {
    if (secret === undefined) return ["info", "not sealed, no key in the fuses"];
    if (system.isTrial) return ["info", "not sealed before this release is confirmed"];
    return ["error", "not sealed, the flash did not take it"];
  }
  if (secret === undefined) return ["error", "sealed by another chip: this one's fuses hold no key"];
  if (open(crypto, secret, value) === undefined) return ["error", "sealed by another key than these fuses hold"];
  if (value[0] === FORM.afterPlain) return ["warn", "sealed, its older copy is not erased yet"];
  return ["info", "sealed by this chip"];
}
