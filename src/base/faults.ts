/**
 * Every reason for which Latchkey refuses something, as data. Numbers are append-only: a fault keeps its number for
 * ever, since units in the field report it. The hundreds name the room that refuses.
 */
export const FAULTS = {
  // 1xx codec: bytes that are not what they claim to be
  CBOR_TRUNCATED: 101,
  CBOR_NOT_SHORTEST: 102,
  CBOR_INDEFINITE: 103,
  CBOR_RESERVED: 104,
  CBOR_TRAILING: 105,
  CBOR_KEY_ORDER: 106,
  CBOR_KEY_DUPLICATE: 107,
  CBOR_KEY_TYPE: 108,
  CBOR_DEPTH: 109,
  CBOR_SIZE: 110,
  CBOR_UTF8: 111,
  COSE_SHAPE: 120,
  COSE_TAG: 121,
  COSE_HEADER: 122,
  COSE_ALGORITHM: 123,
  COSE_UNPROTECTED: 124,
  COSE_SIGNATURE_BYTES: 125,
  COSE_KEY: 126,
  BASE32_CHARACTER: 130,
  BASE32_LENGTH: 131,

  // 2xx trust: cards, grants, caveats, revocation, time
  GRANT_AUDIENCE: 201,

  // 3xx session: EDHOC, sealed records, calls
  SESSION_RECORD: 301,
  EDHOC_MESSAGE: 302,
  EDHOC_METHOD: 303,
  EDHOC_SUITE: 304,
  EDHOC_EAD: 305,
  EDHOC_KEY: 306,
  EDHOC_CREDENTIAL: 307,
  EDHOC_SIGNATURE: 308,
  EDHOC_SEAL: 309,

  // 4xx air: onboarding by broadcast
  /** A field is longer than its protocol carries, or not what it must be. */
  AIR_FIELD: 401,
  /** The randomness handed to an encoder is not of the length that its message needs. */
  AIR_RANDOMNESS: 402,
  /** More ESP-TOUCH v2 sequences than the official receiver takes. */
  AIR_SEQUENCES: 403,
  /** A sealed onboarding message whose tag does not hold under this key. */
  AIR_SEAL: 404,
  /** A sealed onboarding message whose counter is not above the last one accepted. */
  AIR_REPLAY: 405,
  /** A hello whose form, key hash or signature does not hold. */
  HELLO_FORGED: 406,
  /** A hello in answer to another broadcast than ours. */
  HELLO_STALE: 407,
  /** Nobody answered in the time given. */
  ONBOARD_TIMEOUT: 408,
  /** A radio line frame of unknown type, or with a payload that is not its type's. */
  RADIO_LINE: 409,

  // 5xx updates: releases, blocks, slots
  RELEASE_SIGNATURE: 501,

  // 6xx link: MQTT, HTTP, broker
  LINK_PACKET: 601,

  // 7xx board: flash, radio, engine
  FLASH_RANGE: 701,

  // 8xx factory and tools
  CONFIG_INVALID: 801,
} as const;

/** The name of a fault, as in `{ ok: false, fault: "GRANT_AUDIENCE" }`. */
export type Fault = keyof typeof FAULTS;

export interface Refusal {
  readonly ok: false;
  readonly fault: Fault;
}

/** What a decision gives: a value, or the first check that failed. */
export type Result<T> = { readonly ok: true; readonly value: T } | Refusal;

export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

export function refuse(fault: Fault): Refusal {
  return { ok: false, fault };
}

const NAMES: ReadonlyMap<number, Fault> = new Map(
  (Object.entries(FAULTS) as [Fault, number][]).map(([fault, number]) => [number, fault]),
);

/** The fault with a number that another party sent, or undefined for one that this version doesn't know. */
export function faultOf(number: number): Fault | undefined {
  return NAMES.get(number);
}
