/**
 * A release on the maker's disk, one file: the payload or, once signed, the signed release, and the streams that devices
 * will fetch. Deterministic CBOR: ["latchkey release", 1, signed or null, payload, [stream...], {kind: image}].
 * @source PROTOCOL 7.40
 */
import { equal } from "#base/bytes.ts";
import { type Cbor, decodeCbor, encodeCbor } from "#codec/cbor.ts";
import { rootOfBytes, TRANSFER_NAME_BYTES } from "#wire/releases/blocks.ts";
import { COMPONENT, decodeRelease, encodeRelease, type Release } from "#wire/releases/release.ts";
import { isMissing, readBytes, writeWhole } from "./files.ts";
import { nodePrimitives } from "./node-primitives.ts";

const MAGIC = "latchkey release";
const BYTES_MAX = 64 * 1024 * 1024;

/** A release can't be built, read or published. The message is one line that says what to do. */
export class ReleaseTrouble extends Error {
  override name = "ReleaseTrouble";
}

export interface ReleaseFile {
  readonly release: Release;
  /** The release as its role signed it, or undefined before that. */
  readonly signed: Uint8Array | undefined;
  /** What devices fetch, one for each transfer of the release. */
  readonly streams: readonly Uint8Array[];
  /** The images themselves by kind, as bases for later deltas. */
  readonly images: ReadonlyMap<number, Uint8Array>;
}

/** First 16 bytes of the root over a byte string's blocks: a transfer's name, and an image's as a base. */
export const nameOf = (bytes: Uint8Array) => rootOfBytes(nodePrimitives.sha256, bytes).slice(0, TRANSFER_NAME_BYTES);

export function encodeReleaseFile(file: ReleaseFile): Uint8Array {
  const images = new Map([...file.images].sort(([a], [b]) => a - b));
  return encodeCbor([MAGIC, 1, file.signed ?? null, encodeRelease(file.release), file.streams, images]);
}

/** @throws ReleaseTrouble when the bytes are no release file, or its streams are not the ones that the release names. */
export function decodeReleaseFile(bytes: Uint8Array, path: string): ReleaseFile {
  const wrong = (what: string) => new ReleaseTrouble(`${path} ${what}; build it again: latchkey release build`);
  const item = decodeCbor(bytes, { bytesMax: BYTES_MAX, depthMax: 4 });
  if (!item.ok || !Array.isArray(item.value) || item.value.length !== 6) throw wrong("is no release file");
  const [magic, version, signed, payload, streams, images] = item.value as readonly Cbor[];
  if (magic !== MAGIC || version !== 1 || !(payload instanceof Uint8Array)) throw wrong("is no release file");
  const release = decodeRelease(payload);
  if (!release.ok) throw wrong(`holds no release (${release.fault})`);
  if (signed !== null && !(signed instanceof Uint8Array)) throw wrong("is no release file");
  if (!Array.isArray(streams) || !streams.every((each) => each instanceof Uint8Array))
    throw wrong("is no release file");
  if (!(images instanceof Map)) throw wrong("is no release file");
  const names = (streams as readonly Uint8Array[]).map(nameOf);
  for (const { kind, transfers, imageRoot } of release.value.components) {
    const image: unknown = images.get(kind);
    if (!(image instanceof Uint8Array) || !equal(rootOfBytes(nodePrimitives.sha256, image), imageRoot)) {
      throw wrong(`holds another ${componentName(kind)} image than it names`);
    }
    for (const { root } of transfers) {
      if (!names.some((name) => equal(name, root))) throw wrong(`lacks a stream of component ${componentName(kind)}`);
    }
  }
  return {
    release: release.value,
    signed: signed ?? undefined,
    streams: streams as readonly Uint8Array[],
    images: images as unknown as ReadonlyMap<number, Uint8Array>,
  };
}

export function readReleaseFile(path: string): ReleaseFile {
  let bytes: Uint8Array;
  try {
    bytes = readBytes(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new ReleaseTrouble(`there is no release at ${path}; build one: latchkey release build`);
  }
  return decodeReleaseFile(bytes, path);
}

/**
 * Writes a release file that the reader of every later step takes; a release that it refuses leaves an earlier file as it was.
 * @throws ReleaseTrouble when the reader refuses it; FileError
 */
export function writeReleaseFile(path: string, file: ReleaseFile): void {
  const bytes = encodeReleaseFile(file);
  try {
    decodeReleaseFile(bytes, "it");
  } catch (error) {
    if (!(error instanceof ReleaseTrouble)) throw error;
    throw new ReleaseTrouble(
      `${path} was not written: units would refuse this release (${error.message.replace(/; build it again.*/, "")}); look at its sequence, hardware, epoch and images`,
    );
  }
  writeWhole(path, bytes);
}

export function componentName(kind: number): string {
  return Object.entries(COMPONENT).find(([, number]) => number === kind)?.[0] ?? String(kind);
}
