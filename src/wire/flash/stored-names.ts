/**
 * Names under which a unit remembers things, and who writes each. What the factory gives is written once; a reset never
 * touches it.
 * @source PROTOCOL 9.2
 */

/** Given by the factory (see factory-line.ts), read by the machines at every start. */
export const PROVISIONED = {
  /** UTF-8 text. */
  product: "product",
  /** UTF-8 text, part of MQTT topics. */
  fleet: "fleet",
  /** u16, little-endian: the board's hardware revision. */
  hardware: "hardware",
  /** The owner's grant, as printed for the card's holder: COSE_Sign1 bytes. */
  ownerGrant: "owner-grant",
  /** 32 bytes derived from the card's secret: opens what the owner's phone broadcasts. */
  airKey: "air-key",
  /** CBOR map of kid (integer) to the 32-byte Ed25519 key of an issuer of grants. */
  issuers: "issuers",
  /** 32-byte Ed25519 key that signs time for this product. */
  timeKey: "time-key",
  /** The key set for releases, signed by the offline roots (wire/releases/keyset.ts), with the roots in `roots`. */
  keySet: "key-set",
  /** CBOR list of the three 32-byte root keys. */
  roots: "roots",
  /** CBOR [host, MQTT port, HTTP port, broker's name]; absent on a unit without a cloud. */
  cloud: "cloud",
  /**
   * CBOR [name that the cloud's servers prove, DER of the authorities that vouch for them]; the link is under TLS where it
   * is there, and there is none otherwise.
   */
  cloudTls: "cloud-tls",
  /** CBOR [list of legacy protocols' names that are switched on, SoftAP as bool, their AES-128 key where the app has one]. */
  onboarding: "onboarding",
  /** Whose rules the radio keeps: ISO 3166-1 alpha-2, two upper-case letters; absent where the product names none. */
  country: "country",
} as const;

/** Written by the unit itself. */
export const OWN = {
  /** The device key's seed: made on the unit, never told. */
  key: "key",
  /** CBOR list of the names that the factory gave; written last, so a unit cut off before is still a bare one. */
  provisioned: "provisioned",
  /** Network credentials that were proved: SSID and passphrase, each behind its length byte. */
  wifi: "wifi",
  /** Counter of the last Air message accepted: 5 bytes, little-endian. Cleared by holding the button alone. */
  airCounter: "air-counter",
  /** Present, of no bytes, once the owner has opened a session: from then on fleet grants need the owner's consent. */
  claimed: "claimed",
  /** Present, of no bytes, while the owner agrees that fleet and product grants may call functions. */
  fleetCalls: "fleet-calls",
  /** Revoked ctis and epoch floors, one entry a signing key (trust/grants/revocations.ts). Nothing ever clears them. */
  revocations: "revocations",
  /** Uses of links that count them: CBOR [[cti, uses, uses lately], ...]. Nothing but revocation clears them. */
  usage: "usage",
  /** Unix seconds, CBOR: the present is not before. Raised by the maker's time key alone. */
  timeFloor: "time-floor",
  /** Unix seconds, CBOR, of the last resale: issuers' grants for this unit from before it are over (PROTOCOL 4.13). */
  resoldAt: "resold-at",
  /** A resale on its way: CBOR [grant, air key, revocations, resold at]. Present only between its first write and its last. */
  resale: "resale",
  /** The key set before `key-set`, while what runs is signed by a key that only that one has. */
  keySetBefore: "key-set-before",
  /** The release that is being installed: CBOR [signed release, whether it was brought by hand]. */
  update: "update",
  /**
   * Where the owner said that the unit's cloud is: CBOR [address, TLS], the values of `cloud` and `cloud-tls`, TLS of no bytes
   * for a cloud in the clear. Counts instead of what the factory gave. A reset and a resale forget it.
   */
  cloudMoved: "cloud-moved",
  /** Where the unit was said to be: CBOR [latitude, longitude] in degrees times 100,000. A reset and a resale forget it. */
  place: "place",
  /** What the app threw that ended a trial (wire/link/app-failure.ts), until the cloud has been told. */
  appFailure: "app-failure",
  /** What signers of links have proved to be past: CBOR [[key, Unix second], ...]. Ended by a risen floor of that key (PROTOCOL 4.10). */
  signerTimes: "signer-times",
  /** The zone where the unit is, as a POSIX TZ rule in UTF-8. A reset and a resale forget it. */
  zone: "zone",
  /** What was set of the app's settings: CBOR map by name. A reset and a resale forget it. */
  appSettings: "app-settings",
  /** What the app keeps: CBOR map by name. A reset and a resale forget it. */
  appState: "app-state",
  /** What went wrong last in the app's code (wire/sessions/unit-log.ts). A reset and a resale forget it. */
  appCrash: "app-crash",
  /** What the owner lets the maker see of a crash: one byte, the number of one of DIAGNOSTICS (wire/sessions/unit-log.ts); absent for the first choice. A reset and a resale forget it. */
  diagnostics: "diagnostics",
  /** Starts in a row that the app did not survive: CBOR [how many, number of the last fault]; -1 of them once an image was on trial. */
  appStarts: "app-starts",
} as const;
