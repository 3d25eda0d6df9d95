import { ok, type Result, refuse } from "#base/faults.ts";
import type { Sha256 } from "#base/sha256.ts";
import { type Cbor, decodeCbor, encodeCbor } from "#codec/cbor.ts";
import { IMAGES_ID_BYTES } from "#wire/flash/journal.ts";
import { BLOCK_BYTES, BLOCKS_MAX, IMAGE_BYTES_MAX, TRANSFER_NAME_BYTES } from "./blocks.ts";

/** Bytes of a signed release at most, for two components with a delta each. */
export const RELEASE_BYTES_MAX = 400;

/** Kinds of components; the number is also the bit in the journal's `slots`. */
export const COMPONENT = { native: 0, js: 1, config: 2 } as const;
export type ComponentName = keyof typeof COMPONENT;

/** auto: installs when it can; defer: the owner may put it off for a while; agree: waits until the owner says yes. */
export const CONSENT = { auto: 0, defer: 1, agree: 2 } as const;
export type Consent = keyof typeof CONSENT;

/** One way to get an image: an encoded stream (wire/stream.ts) of its own, or one over a base image. */
export interface Transfer {
  readonly streamBytes: number;
  /** First 16 bytes of the root over the stream's blocks: its name on the wire. */
  readonly root: Uint8Array;
  /** First 16 bytes of the root of the image that the stream is a patch of; none for a whole image. */
  readonly base: Uint8Array | undefined;
}

export interface Component {
  readonly kind: number;
  readonly imageBytes: number;
  /** Root over the image in blocks of 4 KB, 32 bytes. */
  readonly imageRoot: Uint8Array;
  readonly transfers: readonly Transfer[];
}

export interface Release {
  /** Counts releases of a product; a unit only goes up. */
  readonly sequence: number;
  readonly product: string;
  /** Hardware revisions that this release is for; never empty. */
  readonly hardware: readonly number[];
  /** Unix seconds after which no unit begins with it any more. It goes on running where it runs. */
  readonly notAfterS: number | undefined;
  readonly consent: Consent;
  /** Security epoch: once confirmed, no release of a lower one is installed or started again. */
  readonly epoch: number;
  readonly components: readonly Component[];
}

const PRODUCT = /^[a-z0-9-]{1,32}$/;

/** Whether a text may name a product: 1 to 32 lower-case letters, digits and hyphens. */
export function isProduct(name: string): boolean {
  return PRODUCT.test(name);
}

const VERSION = 1;
const U32_MAX = 0xffffffff;
const PRODUCT_BYTES_MAX = 32;

export function encodeRelease(release: Release): Uint8Array {
  return encodeCbor([
    VERSION,
    release.sequence,
    release.product,
    release.hardware,
    release.notAfterS ?? null,
    CONSENT[release.consent],
    release.epoch,
    release.components.map((component) => [
      component.kind,
      component.imageBytes,
      component.imageRoot,
      component.transfers.map((transfer) =>
        transfer.base === undefined
          ? [transfer.streamBytes, transfer.root]
          : [transfer.streamBytes, transfer.root, transfer.base],
      ),
    ]),
  ]);
}

/** @returns The release, or RELEASE_SHAPE when it is anything but what encodeRelease gives. */
export function decodeRelease(payload: Uint8Array): Result<Release> {
  const item = decodeCbor(payload, { bytesMax: RELEASE_BYTES_MAX * 2, depthMax: 6 });
  if (!item.ok || !Array.isArray(item.value) || item.value.length !== 8) return refuse("RELEASE_SHAPE");
  const [version, sequence, product, hardware, notAfterS, consentNumber, epoch, components] =
    item.value as readonly Cbor[];
  const consent = (Object.keys(CONSENT) as Consent[]).find((name) => CONSENT[name] === consentNumber);
  if (version !== VERSION || !isCount(sequence, U32_MAX) || !isCount(epoch, U32_MAX)) return refuse("RELEASE_SHAPE");
  if (typeof product !== "string" || product === "" || product.length > PRODUCT_BYTES_MAX || consent === undefined) {
    return refuse("RELEASE_SHAPE");
  }
  if (notAfterS !== null && !isCount(notAfterS, Number.MAX_SAFE_INTEGER)) return refuse("RELEASE_SHAPE");
  if (!Array.isArray(hardware) || hardware.length === 0 || !hardware.every((each) => isCount(each, 0xffff))) {
    return refuse("RELEASE_SHAPE");
  }
  if (!Array.isArray(components) || components.length === 0) return refuse("RELEASE_SHAPE");
  const parsed: Component[] = [];
  for (const each of components as readonly Cbor[]) {
    const component = componentOf(each);
    if (component === undefined || component.kind <= (parsed.at(-1)?.kind ?? -1)) return refuse("RELEASE_SHAPE");
    parsed.push(component);
  }
  return ok({
    sequence,
    product,
    hardware: hardware as readonly number[],
    notAfterS: notAfterS ?? undefined,
    consent,
    epoch,
    components: parsed,
  });
}

function componentOf(item: Cbor): Component | undefined {
  if (!Array.isArray(item) || item.length !== 4) return undefined;
  const [kind, imageBytes, imageRoot, transfers] = item as readonly Cbor[];
  if (!isCount(kind, COMPONENT.config) || !isCount(imageBytes, IMAGE_BYTES_MAX) || imageBytes === 0) {
    return undefined;
  }
  if (!(imageRoot instanceof Uint8Array) || imageRoot.length !== 32) return undefined;
  if (!Array.isArray(transfers) || transfers.length === 0) return undefined;
  const parsed = (transfers as readonly Cbor[]).map(transferOf);
  return parsed.every((each) => each !== undefined) ? { kind, imageBytes, imageRoot, transfers: parsed } : undefined;
}

function transferOf(item: Cbor): Transfer | undefined {
  if (!Array.isArray(item) || item.length < 2 || item.length > 3) return undefined;
  const [streamBytes, root, base] = item as readonly Cbor[];
  if (!isCount(streamBytes, BLOCKS_MAX * BLOCK_BYTES) || streamBytes === 0) return undefined;
  if (!isName(root) || (base !== undefined && !isName(base))) return undefined;
  return { streamBytes, root, base };
}

function isCount(item: Cbor, max: number): item is number {
  return typeof item === "number" && Number.isInteger(item) && item >= 0 && item <= max;
}

function isName(item: Cbor): item is Uint8Array {
  return item instanceof Uint8Array && item.length === TRANSFER_NAME_BYTES;
}

/** Names a release on the wire: first 16 bytes of SHA-256 of its signed bytes. */
export function releaseIdOf(sha256: Sha256, signed: Uint8Array): Uint8Array {
  return sha256(signed).slice(0, 16);
}

/** Names what runs when a release runs, whoever signs it again: it is this that is rejected after three crashes. */
export function imagesIdOf(sha256: Sha256, release: Release): Uint8Array {
  const parts = release.components.flatMap(({ kind, imageRoot }) => [Uint8Array.of(kind), imageRoot]);
  return sha256(...parts).slice(0, IMAGES_ID_BYTES);
}
