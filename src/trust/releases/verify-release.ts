/** Verifies releases and timestamps. The signer's role is determined first; unsigned content is never interpreted. */
import { equal } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { verifyEd25519 } from "#trust/ed25519-strict.ts";
import type { Primitives } from "#trust/primitives.ts";
import type { Keyset } from "#wire/releases/keyset.ts";
import { type Component, decodeRelease, imagesIdOf, RELEASE_BYTES_MAX, type Release } from "#wire/releases/release.ts";
import { decodeRoleEnvelope, keyNameOf, type RoleEnvelope } from "#wire/releases/role-envelope.ts";
import { decodeTimestamp, TIMESTAMP_BYTES_MAX, type Timestamp } from "#wire/releases/timestamp.ts";

type Crypto = Pick<Primitives, "ed25519VerifyRaw" | "sha256">;

/** What the unit is and knows, against which a release is held. */
export interface ReleaseFacts {
  readonly product: string;
  readonly hardware: number;
  /** Bytes that fit in a slot of each component that the board has, by kind. */
  readonly slotBytes: ReadonlyMap<number, number>;
  /** Sequence and security epoch of what is confirmed. */
  readonly sequence: number;
  readonly epoch: number;
  /** A time that has passed for sure, Unix seconds: the floor, or trusted time. */
  readonly timeFloorS: number;
  /** Images that crashed three times here. */
  readonly rejected: readonly Uint8Array[];
}

/**
 * Decides whether a release may be begun on this unit. Freshness and consent are asked for separately.
 * @param signed At most RELEASE_BYTES_MAX bytes.
 * @returns The release, or in this order: what the envelope refuses, RELEASE_ROLE, RELEASE_SIGNATURE, RELEASE_SHAPE,
 *   RELEASE_PRODUCT, RELEASE_HARDWARE, RELEASE_EPOCH, RELEASE_ROLLBACK, RELEASE_EXPIRED, RELEASE_COMPONENT, RELEASE_REJECTED.
 * @source PROTOCOL 8.3
 */
export function verifyRelease(
  crypto: Crypto,
  signed: Uint8Array,
  keyset: Keyset,
  facts: ReleaseFacts,
): Result<Release> {
  const release = openRelease(crypto, signed, keyset);
  return release.ok ? checkRelease(crypto, release.value, facts) : release;
}

/** Holds an opened release against a unit: what verifyRelease refuses from RELEASE_PRODUCT on. */
export function checkRelease(
  crypto: Pick<Primitives, "sha256">,
  release: Release,
  facts: ReleaseFacts,
): Result<Release> {
  const { product, hardware, epoch, sequence, notAfterS, components } = release;
  if (product !== facts.product) return refuse("RELEASE_PRODUCT");
  if (!hardware.includes(facts.hardware)) return refuse("RELEASE_HARDWARE");
  if (epoch < facts.epoch) return refuse("RELEASE_EPOCH");
  if (sequence <= facts.sequence) return refuse("RELEASE_ROLLBACK");
  if (notAfterS !== undefined && facts.timeFloorS > notAfterS) return refuse("RELEASE_EXPIRED");
  const fits = ({ kind, imageBytes }: Component) => imageBytes <= (facts.slotBytes.get(kind) ?? -1);
  if (!components.every(fits)) return refuse("RELEASE_COMPONENT");
  const images = imagesIdOf(crypto.sha256, release);
  if (facts.rejected.some((each) => equal(each, images))) return refuse("RELEASE_REJECTED");
  return ok(release);
}

/**
 * Opens a release by its signature alone, as the boot stage and the cloud do.
 * @returns The release, or what the envelope refuses, RELEASE_ROLE, RELEASE_SIGNATURE, RELEASE_SHAPE.
 */
export function openRelease(crypto: Crypto, signed: Uint8Array, keyset: Keyset): Result<Release> {
  const envelope = decodeRoleEnvelope("release", signed, RELEASE_BYTES_MAX);
  if (!envelope.ok) return envelope;
  if (findKey(crypto, keyset.timestampKeys, envelope.value) !== undefined) return refuse("RELEASE_ROLE");
  if (!isSigned(crypto, keyset.releaseKeys, envelope.value)) return refuse("RELEASE_SIGNATURE");
  return decodeRelease(envelope.value.payload);
}

/** What a unit asked for with its nonce. */
interface FreshnessAsk {
  readonly product: string;
  readonly nonce: Uint8Array;
  /** 12 bytes: the unit that asks. */
  readonly deviceId: Uint8Array;
}

/**
 * Opens a timestamp. Which release it must name is the caller's to compare, with isCurrent.
 * @returns The timestamp, or what the envelope refuses, TIMESTAMP_ROLE, TIMESTAMP_SIGNATURE, TIMESTAMP_SHAPE,
 *   TIMESTAMP_VERSION, TIMESTAMP_NONCE (another nonce or another product), TIMESTAMP_DEVICE (another unit).
 * @source PROTOCOL 8.12
 */
export function verifyTimestamp(
  crypto: Crypto,
  signed: Uint8Array,
  keyset: Keyset,
  ask: FreshnessAsk,
): Result<Timestamp> {
  const envelope = decodeRoleEnvelope("timestamp", signed, TIMESTAMP_BYTES_MAX);
  if (!envelope.ok) return envelope;
  if (findKey(crypto, keyset.releaseKeys, envelope.value) !== undefined) return refuse("TIMESTAMP_ROLE");
  if (!isSigned(crypto, keyset.timestampKeys, envelope.value)) return refuse("TIMESTAMP_SIGNATURE");
  const timestamp = decodeTimestamp(envelope.value.payload);
  if (!timestamp.ok) return timestamp;
  const isOurs = equal(timestamp.value.nonce, ask.nonce) && timestamp.value.product === ask.product;
  if (!isOurs) return refuse("TIMESTAMP_NONCE");
  return equal(timestamp.value.deviceId, ask.deviceId) ? timestamp : refuse("TIMESTAMP_DEVICE");
}

/** Whether a timestamp vouches for this release: RELEASE_NOT_CURRENT when it names another, RELEASE_EXPIRED by its time. */
export function checkCurrent(timestamp: Timestamp, release: Release, releaseId: Uint8Array): Result<Release> {
  if (timestamp.sequence === 0) return refuse("RELEASE_WITHDRAWN");
  if (timestamp.sequence !== release.sequence || !equal(timestamp.releaseId, releaseId)) {
    return refuse("RELEASE_NOT_CURRENT");
  }
  if (release.notAfterS !== undefined && timestamp.unixS > release.notAfterS) return refuse("RELEASE_EXPIRED");
  return ok(release);
}

function findKey(crypto: Crypto, keys: readonly Uint8Array[], envelope: RoleEnvelope): Uint8Array | undefined {
  return keys.find((key) => equal(keyNameOf(crypto.sha256, key), envelope.keyName));
}

function isSigned(crypto: Crypto, keys: readonly Uint8Array[], envelope: RoleEnvelope): boolean {
  const key = findKey(crypto, keys, envelope);
  return key !== undefined && verifyEd25519(crypto, envelope.toBeSigned, envelope.signature, key);
}
