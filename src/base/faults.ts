/**
 * Every reason for which Latchkey refuses something, as data. Long because it is one list. Numbers are append-only: a fault keeps its number for
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
  COSE_EDDSA: 127,
  BASE32_CHARACTER: 130,
  BASE32_LENGTH: 131,
  /** Not a POSIX TZ rule, or one without the dates of its summer time. */
  ZONE_RULE: 132,

  /** A description of an app is no description of version 1. */
  DESCRIBE_FORM: 150,
  /** A description of an app has a version that this program does not know. */
  DESCRIBE_VERSION: 151,

  // 2xx trust: cards, grants, caveats, revocation, time
  GRANT_AUDIENCE: 201,
  CARD_LENGTH: 202,
  CARD_CHECK: 203,
  CARD_VERSION: 204,
  CARD_LINK: 205,
  CHAIN_SIZE: 210,
  CHAIN_SHAPE: 211,
  CHAIN_VERSION: 212,
  CHAIN_DEPTH: 213,
  GRANT_CLAIM: 220,
  GRANT_CLAIM_MISSING: 221,
  GRANT_VERSION: 222,
  GRANT_CTI: 223,
  GRANT_KEY: 224,
  GRANT_SCOPE: 225,
  GRANT_TIME: 226,
  GRANT_EPOCH_SHAPE: 227,
  GRANT_ISSUER: 229,
  GRANT_SIGNATURE: 230,
  GRANT_DELEGATE: 231,
  GRANT_WIDENED: 232,
  GRANT_EPOCH: 233,
  GRANT_REVOKED: 234,
  GRANT_EXPIRED: 235,
  GRANT_FLEET: 236,
  GRANT_RIGHT: 237,
  GRANT_FLASH: 238,
  GRANT_KEY_WEAK: 239,
  GRANT_RESOLD: 219,
  CAVEAT_SHAPE: 240,
  CAVEAT_UNKNOWN: 241,
  CAVEAT_FUNCTION: 242,
  CAVEAT_ARGUMENT: 243,
  CAVEAT_NOT_BEFORE: 244,
  CAVEAT_NOT_AFTER: 245,
  CAVEAT_TIME_OF_DAY: 246,
  CAVEAT_TIME_UNKNOWN: 247,
  CAVEAT_GEOFENCE: 248,
  CAVEAT_POSITION_UNKNOWN: 249,
  CAVEAT_MOON: 250,
  CAVEAT_RATE: 251,
  CAVEAT_USES: 252,
  CAVEAT_LAN: 253,
  CAVEAT_BUTTON: 254,
  CAVEAT_DISCHARGE: 255,
  /** What the unit was told of the time is older, or less exact, than the key allows. */
  CAVEAT_TIME_OLD: 256,
  /** The key's hours are local, and the unit has no time zone. */
  CAVEAT_ZONE_UNKNOWN: 257,
  REVOCATION_SHAPE: 260,
  REVOCATION_SIGNATURE: 261,
  REVOCATION_AUDIENCE: 262,
  REVOCATION_SEQUENCE: 263,
  REVOCATION_FLOOR: 264,
  REVOCATION_SIGNER: 265,
  REVOCATION_FULL: 266,
  /** Everything that the statement says is in force on this unit already, so it changed nothing. */
  REVOCATION_UNCHANGED: 267,
  TIME_SHAPE: 270,
  TIME_SIGNATURE: 271,
  TIME_NONCE: 272,
  TIME_BEFORE_FLOOR: 273,
  TIME_STALE: 274,
  /** Somebody's word about the time is ahead of the maker's time, which the unit has. */
  TIME_AHEAD: 275,
  DISCHARGE_SHAPE: 280,
  DISCHARGE_SIGNATURE: 281,
  DISCHARGE_NONCE: 282,
  DISCHARGE_LINK: 283,

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
  APP_NO_SUCH_NAME: 390,
  APP_ARGUMENT: 391,
  APP_THREW: 392,
  /** The app's function answered with what cannot be encoded: the unit's console and cloud name it. */
  APP_ANSWER: 393,
  /** The app has not answered within ten seconds. What it does later comes to nothing. */
  APP_TIMEOUT: 394,
  /** The app's code did not come to its end within its budget, and was broken off. */
  APP_OVERDUE: 395,
  /** The app wanted more memory than it has: its code was broken off, or went on without. */
  APP_MEMORY: 396,
  /** The app raised events faster than the unit keeps them; some were dropped. */
  APP_EVENTS: 397,
  /** The app changed its state faster than flash may be written: the change waits for its turn. */
  APP_WRITES: 398,
  /** The app failed again and again, so the unit has stopped it and goes on without. An update, or power off and on, starts it. */
  APP_STOPPED: 399,
  SESSION_SEAL: 310,
  SESSION_REPLAY: 311,
  SESSION_ORDER: 312,
  SESSION_UNKNOWN: 313,
  SESSION_FULL: 314,
  SESSION_RATE: 315,
  SESSION_REQUEST: 316,
  SESSION_ANSWER: 317,
  SESSION_REFUSED: 318,
  SESSION_RELAY: 319,
  SESSION_NONCE: 320,
  SESSION_DEVICE: 321,
  SESSION_UNREACHABLE: 322,
  SESSION_BUTTON: 324,
  SESSION_FLOOR: 325,
  SESSION_OWNER: 326,
  /** An address of a cloud, or authorities, that no unit can use. */
  SESSION_CLOUD: 328,
  /** The unit sleeps, and the caller didn't want to wait until it wakes. */
  SESSION_ASLEEP: 329,
  AUDIT_CHAIN: 327,
  HTTP_REQUEST: 330,
  HTTP_PATH: 331,
  HTTP_METHOD: 332,
  HTTP_SIZE: 333,
  /** A request under a name that is not the unit's: neither its address nor its name on the local network. */
  HTTP_HOST: 334,
  /** A page of another origin than the maker's app. */
  HTTP_ORIGIN: 335,

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
  /** A form that did not come from the unit's own page. */
  PORTAL_TOKEN: 410,
  /** The phone's app broadcasts an older version of Air than this unit understands. Update the app. */
  AIR_VERSION: 411,

  // 5xx updates: releases, blocks, slots
  RELEASE_SIGNATURE: 501,
  /** Not a release: its CBOR, or a field that is out of its range. */
  RELEASE_SHAPE: 502,
  /** Signed by a key that the key set knows, but not for releases. */
  RELEASE_ROLE: 503,
  RELEASE_PRODUCT: 504,
  RELEASE_HARDWARE: 505,
  RELEASE_EXPIRED: 506,
  /** Not newer than what runs. */
  RELEASE_ROLLBACK: 507,
  /** Its security epoch is below the unit's. */
  RELEASE_EPOCH: 508,
  /** These images crashed three times here. */
  RELEASE_REJECTED: 509,
  /** A component that this board has no slot for, or one too long for it. */
  RELEASE_COMPONENT: 510,
  /** No transfer of a component can be used here: every delta has another base. */
  RELEASE_BASE: 511,
  /** The owner has not agreed yet. */
  RELEASE_CONSENT: 512,
  /** The timestamp names another release: this one is old, frozen or not yet out. */
  RELEASE_NOT_CURRENT: 513,
  /** The cloud withdrew the release. */
  RELEASE_WITHDRAWN: 514,
  TIMESTAMP_SHAPE: 520,
  TIMESTAMP_SIGNATURE: 521,
  /** Signed by a key that the key set knows, but not for timestamps. */
  TIMESTAMP_ROLE: 522,
  /** Over another nonce than the one asked with. */
  TIMESTAMP_NONCE: 523,
  /** For another unit than the one that asked. */
  TIMESTAMP_DEVICE: 524,
  /** Of the first version, which names no unit, or of one that is not known yet. */
  TIMESTAMP_VERSION: 525,
  KEYSET_SHAPE: 530,
  /** Fewer good signatures of different roots than two. */
  KEYSET_SIGNATURES: 531,
  /** Older than the one in use. */
  KEYSET_VERSION: 532,
  KEYSET_PRODUCT: 533,
  BLOCK_REQUEST: 540,
  BLOCK_RESPONSE: 541,
  /** A block that the hash list does not know. */
  BLOCK_HASH: 542,
  /** A hash list that the release does not know. */
  LEAVES_HASH: 543,
  /** An encoded stream that asks for what it can't have: a token, a place, a length. */
  STREAM_TOKEN: 550,
  /** The written image is not the one that was signed. */
  IMAGE_HASH: 560,
  /** The flash does not hold what was written. */
  IMAGE_FLASH: 561,
  /** A slot holds no whole head. */
  SLOT_EMPTY: 562,
  /** A trial ended: nobody proved to have reached the unit in time. */
  TRIAL_SILENCE: 570,
  TRIAL_POWER: 571,
  TRIAL_CRASH: 572,
  TRIAL_WATCHDOG: 573,
  TRIAL_SELF_TEST: 574,
  TRIAL_OUT_OF_MEMORY: 575,
  /** The boot stage found an image in the slot that it won't start. */
  TRIAL_IMAGE: 576,

  // 6xx link: MQTT, HTTP, broker
  LINK_PACKET: 601,
  LINK_PROOF: 602,
  LINK_NONCE: 603,
  /** The broker refused the connection; also what it never answered. */
  LINK_REFUSED: 604,
  LINK_TIMEOUT: 605,
  /** A packet longer than this unit takes. */
  LINK_PACKET_SIZE: 606,
  /** A server's answer that is not HTTP, is chunked, cut short or too long. */
  HTTP_RESPONSE: 607,
  /** The cloud knows no such unit, or knows it by another key. */
  LINK_DEVICE: 610,
  LINK_SIGNATURE: 611,
  /** The server's certificate does not lead to an authority that the unit was given, or is none for servers. */
  LINK_TLS_ISSUER: 620,
  /** The server's certificate names another server. */
  LINK_TLS_NAME: 621,
  /** The server's certificate is over, or not valid yet, as far as the unit knows the time. */
  LINK_TLS_TIME: 622,
  /** The server breaks the handshake or a record, or offers nothing that the unit takes: too old a version, no TLS at all. */
  LINK_TLS_PROTOCOL: 623,
  /** This image has no TLS, and the unit was told to use it. */
  LINK_TLS_ABSENT: 624,
  /** No memory for a session, or one is open already. */
  LINK_TLS_MEMORY: 625,

  // 7xx board: flash, radio, engine
  FLASH_RANGE: 701,
  /** The unit could not write what it must remember (its flash is worn or full), so it did nothing. */
  STORE_FAILED: 702,
  /** What the unit must remember can no longer be read, so it permits nothing that would depend on it. */
  STORE_UNREADABLE: 703,

  // 8xx factory and tools
  CONFIG_INVALID: 801,
  FACTORY_LINE: 802,
  FACTORY_PROVISIONED: 803,
  /** A request that development units alone answer. */
  DEVELOPMENT_ONLY: 820,
  /** What came over a recovering unit's line is no word of its boot stage. */
  RECOVERY_LINE: 804,
  /** The card is of another unit than the label. */
  SCAN_PAIR: 810,
} as const;

/** The name of a fault, as in `{ ok: false, fault: "GRANT_AUDIENCE" }`. */
export type Fault = keyof typeof FAULTS;

interface Refusal {
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

/** The number of a fault, as it crosses a boundary. */
export function faultNumber(fault: Fault): number {
  return FAULTS[fault];
}

/** The fault with a number that another party sent, or undefined for one that this version doesn't know. */
export function faultOf(number: number): Fault | undefined {
  return (Object.keys(FAULTS) as Fault[]).find((fault) => FAULTS[fault] === number);
}

/** What a unit's console says of a fault. Units know no names; whoever shows a console puts them there (withFaultNames). */
export function faultText(fault: Fault): string {
  return `fault ${faultNumber(fault)}`;
}

/** A line of a unit's console with names in the place of numbers: `offer refused: RELEASE_SIGNATURE`. */
export function withFaultNames(line: string): string {
  return line.replace(/\bfault (\d{3})\b/g, (text, digits: string) => faultOf(Number(digits)) ?? text);
}
