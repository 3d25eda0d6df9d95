/**
 * The maker in tests: signs and encodes releases, and gives units their first flash. Random bytes are the same in
 * every run.
 */

import { toHex } from "#base/bytes.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { slotsOf } from "#device/ota/slots.ts";
import type { OtaTimes } from "#device/ota/state.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import type { Primitives } from "#trust/primitives.ts";
import { signKeyset, signRelease } from "#trust/releases/sign-release.ts";
import { encodeJournal } from "#wire/flash/journal.ts";
import { encodeLog } from "#wire/flash/record-log.ts";
import { settingRecord } from "#wire/flash/setting-record.ts";
import { encodeSlotHead, imageAddress } from "#wire/flash/slot.ts";
import { PROVISIONED } from "#wire/flash/stored-names.ts";
import { rootOfBytes } from "#wire/releases/blocks.ts";
import type { Keyset } from "#wire/releases/keyset.ts";
import type { Component, Consent, Release } from "#wire/releases/release.ts";
import { encodeStream } from "#wire/stream/stream-encoder.ts";
import type { Geometry } from "./flash-model.ts";

let random = 1;

/** Starts chance anew, so that a run can be told again. */
export function resetChance(): void {
  random = 1;
}

/** Signatures are pure functions of their input, and thousands of runs ask for the same ones. */
const known = new Map<string, unknown>();
function remembered<T>(work: (...parts: readonly Uint8Array[]) => T): (...parts: readonly Uint8Array[]) => T {
  const name = known.size.toString();
  known.set(name, work);
  return (...parts) => {
    const key = parts.reduce((text, part) => `${text}/${Buffer.from(part).toString("latin1")}`, name);
    if (!known.has(key)) known.set(key, work(...parts));
    return known.get(key) as T;
  };
}

/** The host's primitives, with random bytes that are the same in every run. */
export const crypto: Primitives = {
  ...nodePrimitives,
  ed25519VerifyRaw: remembered(nodePrimitives.ed25519VerifyRaw as never) as Primitives["ed25519VerifyRaw"],
  ed25519Sign: remembered(nodePrimitives.ed25519Sign as never) as Primitives["ed25519Sign"],
  ed25519PublicKey: remembered(nodePrimitives.ed25519PublicKey as never) as Primitives["ed25519PublicKey"],
  random(byteLength: number) {
    return Uint8Array.from({ length: byteLength }, () => {
      random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
      return random >>> 24;
    });
  },
};
const seed = (number: number) => new Uint8Array(32).fill(number);
const text = (value: string) => new TextEncoder().encode(value);
export const seedOf = (number: number) => new Uint8Array(32).fill(number);
export const [RELEASE_SEED, TIMESTAMP_SEED] = [seed(20), seed(30)];
export const KEYSET: Keyset = {
  version: 1,
  product: "lamp",
  releaseKeys: [crypto.ed25519PublicKey(RELEASE_SEED)],
  timestampKeys: [crypto.ed25519PublicKey(TIMESTAMP_SEED)],
  roots: undefined,
};
const ROOTS = [1, 2, 3].map((number) => crypto.ed25519PublicKey(seed(number)));
const SIGNED_KEYSET = signKeyset(crypto, [seed(1), seed(2)], KEYSET);

export const TIMES: OtaTimes = {
  answerMs: 1000,
  steadyMs: 100,
  trialMs: 5000,
  crashMs: 100,
  missMs: 100,
  failureMs: 100,
  longestMs: 10_000,
  deferMs: 60_000,
};

/** A release as the maker serves it. */
export interface Served {
  readonly signed: Uint8Array;
  readonly release: Release;
  /** Streams by the hexadecimal of their names. */
  readonly streams: ReadonlyMap<string, Uint8Array>;
}

export interface ImageSet {
  readonly images: ReadonlyMap<number, Uint8Array>;
  readonly sequence: number;
}

/** Signs a release of some images, each whole and, where there is a base, as a delta. */
export function serve(
  set: ImageSet,
  bases: ImageSet | undefined,
  change: {
    readonly consent?: Consent;
    readonly epoch?: number;
    readonly isDeltaOnly?: boolean;
    readonly notAfterS?: number;
    readonly by?: Uint8Array;
  } = {},
): Served {
  const streams = new Map<string, Uint8Array>();
  const components = [...set.images].map(([kind, image]): Component => {
    const add = (stream: Uint8Array, base: Uint8Array | undefined) => {
      const root = rootOfBytes(crypto.sha256, stream).slice(0, 16);
      streams.set(toHex(root), stream);
      return { streamBytes: stream.length, root, base: base && rootOfBytes(crypto.sha256, base).slice(0, 16) };
    };
    const base = bases?.images.get(kind);
    const whole = change.isDeltaOnly ? [] : [add(encodeStream(new Uint8Array(0), image), undefined)];
    const transfers = base === undefined ? whole : [...whole, add(encodeStream(base, image), base)];
    return { kind, imageBytes: image.length, imageRoot: rootOfBytes(crypto.sha256, image), transfers };
  });
  const release: Release = {
    sequence: set.sequence,
    product: "lamp",
    hardware: [1],
    notAfterS: change.notAfterS,
    consent: change.consent ?? "auto",
    epoch: change.epoch ?? 1,
    components,
  };
  return { signed: signRelease(crypto, change.by ?? RELEASE_SEED, release), release, streams };
}

/** Where things lie on a board of this geometry: two sectors each for settings and journal, slots that fit the images. */
function regionsFor(geometry: Geometry, sets: readonly ImageSet[]) {
  const { sectorBytes, board } = geometry;
  let at = 0;
  const region = (bytes: number) => {
    const start = at;
    at += bytes;
    return { start, bytes };
  };
  const slotBytes = (kind: number) => {
    const longest = Math.max(...sets.map((set) => set.images.get(kind)?.length ?? 0));
    return (1 + Math.ceil(longest / sectorBytes)) * sectorBytes;
  };
  const regions = {
    settings: region(2 * sectorBytes),
    journal: region(2 * sectorBytes),
    nativeA: region(slotBytes(0)),
    nativeB: region(slotBytes(0)),
    jsA: region(slotBytes(1)),
    jsB: region(slotBytes(1)),
  };
  return board === undefined
    ? { regions, flashBytes: at }
    : { regions: board.flash.regions as typeof regions, flashBytes: board.flash.bytes };
}

export type Regions = ReturnType<typeof regionsFor>["regions"];

/** Flash as it leaves the factory with these images in the A slots. */
export function factoryFlash(geometry: Geometry, sets: readonly ImageSet[]): { bytes: Uint8Array; regions: Regions } {
  const { regions, flashBytes } = regionsFor(geometry, sets);
  const bytes = new Uint8Array(flashBytes).fill(0xff);
  const [first] = sets as [ImageSet];
  const { signed } = serve(first, undefined);
  for (const [kind, [slot]] of slotsOf(geometry, regions)) {
    const image = first.images.get(kind);
    if (image === undefined) continue;
    bytes.set(encodeSlotHead(slot, signed), slot.start);
    bytes.set(image, imageAddress(slot));
  }
  bytes.set(
    encodeJournal({ ...regions.journal, ...geometry }, { sequence: first.sequence, epoch: 1, slots: 0 }) as Uint8Array,
    regions.journal.start,
  );
  const values = {
    [PROVISIONED.product]: text("lamp"),
    [PROVISIONED.hardware]: Uint8Array.of(1, 0),
    [PROVISIONED.roots]: encodeCbor(ROOTS),
    [PROVISIONED.keySet]: SIGNED_KEYSET,
    ...KEPT,
  };
  const records = Object.entries(values).map(([name, value]) => settingRecord(name, value));
  bytes.set(encodeLog({ ...regions.settings, ...geometry }, records) as Uint8Array, regions.settings.start);
  return { bytes, regions };
}

/** The ID that the unit's key stands for. */
export const DEVICE_ID = deviceIdOf(crypto, crypto.ed25519PublicKey(seed(77)));

/** What no power cut may lose: identity, Wi-Fi credentials, revocation floors. */
export const KEPT: Readonly<Record<string, Uint8Array>> = {
  key: seed(77),
  wifi: text("ssid and passphrase"),
  revocations: text("floors"),
};
