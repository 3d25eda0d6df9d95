/** Sessions on the wire: what Latchkey's profile of EDHOC fixes, and the messages inside sealed records. */
import { concat } from "#base/bytes.ts";
import { type Fault, faultNumber, faultOf, ok, type Result, refuse } from "#base/faults.ts";
import { type Cbor, decodeCbor, decodeCborSequence, encodeCbor } from "#codec/cbor.ts";

/** Private-use labels of the EDHOC registries (RFC 9528 section 10): the chain in EAD_3, the key of the records. */
export const CHAIN_EAD_LABEL = 36864;
export const RECORD_KEY_LABEL = 36864;

/** The kids that stand for the caller and for the unit: both keys are known from elsewhere (PROTOCOL 5.4). */
export const CALLER_KID = Uint8Array.of(0);
export const UNIT_KID = Uint8Array.of(1);
/** C_I: a caller has one session in hand, so its name for it never varies. */
export const CALLER_ID = Uint8Array.of(0);

/** Paths of the HTTP interface (PROTOCOL 5.3). */
export const PATH = { edhoc: "/.well-known/edhoc", record: "/latchkey", key: "/latchkey/key" } as const;
export type SessionPath = keyof typeof PATH;

/** What stands before an EDHOC message sent to the unit: true before message 1, C_R before message 3 (RFC 9528 A.2). */
export const MESSAGE_1_MARK = 0xf5;

/** Longest body in either direction, in bytes: message 3 with a chain of four links, or a record. */
export const BODY_BYTES_MAX = 2048;

const CREDENTIAL_HEAD = Uint8Array.of(0xa1, 8, 0xa1, 1, 0xa3, 1, 1, 0x20, 6, 0x21, 0x58, 0x20);

/**
 * CRED_I and CRED_R: a CWT claims set that holds the key and nothing else, {8: {1: COSE_Key}}.
 * @param publicKey Ed25519, 32 bytes.
 * @source RFC 9528 section 3.5.2; RFC 8747 section 3.1
 */
export function credentialItem(publicKey: Uint8Array): Uint8Array {
  return concat(CREDENTIAL_HEAD, publicKey);
}

const ERROR = { unspecified: 1, wrongSuite: 2 } as const;
/** The suite that units speak: SUITES_R of an error message. */
const UNIT_SUITE = 4;

/**
 * A refusal in clear, where there is no key yet: an error message of EDHOC, with our fault's number as its text.
 * @source RFC 9528 section 6
 */
export function encodeRefusal(fault: Fault): Uint8Array {
  return fault === "EDHOC_SUITE"
    ? concat(encodeCbor(ERROR.wrongSuite), encodeCbor(UNIT_SUITE))
    : concat(encodeCbor(ERROR.unspecified), encodeCbor(String(faultNumber(fault))));
}

/** The fault that an error message names; SESSION_REFUSED for one of another kind. It is a hint, since anyone may send it. */
export function readRefusal(bytes: Uint8Array): Fault {
  const items = decodeCborSequence(bytes);
  const [code, info] = items.ok && items.value.length === 2 ? items.value : [];
  if (code === ERROR.wrongSuite) return "EDHOC_SUITE";
  const isOurs = code === ERROR.unspecified && typeof info === "string";
  return (isOurs ? faultOf(Number(info)) : undefined) ?? "SESSION_REFUSED";
}

/** One thing asked within a session. Names and arguments are the app's; all else is the unit's own. */
export type SessionRequest =
  /** Runs a function or reads a variable. `args`: encoded map of arguments by name. */
  | { readonly op: "call"; readonly name: string; readonly args: Uint8Array }
  /** What the app has, and what the caller may need to mint for others. */
  | { readonly op: "describe" }
  /** Ends the session; there are only a few. */
  | { readonly op: "close" }
  /** Events raised after a number. */
  | { readonly op: "events"; readonly after: number }
  /** A fresh nonce of the unit, to be signed over by a time key, a voucher or the key of a discharge. */
  | { readonly op: "nonce" }
  | { readonly op: "time"; readonly statement: Uint8Array }
  /** What the signer of one link (0: of the grant; behind the last: the caller) says about the time. */
  | { readonly op: "vouch"; readonly link: number; readonly statement: Uint8Array }
  | { readonly op: "discharge"; readonly statement: Uint8Array }
  /** Statements of revocation, as a phone carries them (PROTOCOL 4.8). */
  | { readonly op: "revoke"; readonly delivery: Uint8Array }
  /** Raises the floor of the session's own key to this epoch, which must be the next one. */
  | { readonly op: "raise-floor"; readonly epoch: number }
  | { readonly op: "audit"; readonly from: number }
  /** Agrees to, or asks for, the release of this sequence. */
  | { readonly op: "update"; readonly sequence: number }
  /** Brings a signed release by hand: the unit fetches its blocks from `from`, host and port, over HTTP (PROTOCOL 8.13). */
  | { readonly op: "carry"; readonly signed: Uint8Array; readonly from: string }
  /** Hands the unit to the holder of a new card; the answer is the new owner's grant (PROTOCOL 5.30). */
  | { readonly op: "resale"; readonly holder: Uint8Array; readonly airKey: Uint8Array }
  /** Whether fleet and product grants may call functions on this unit. */
  | { readonly op: "agree"; readonly agreed: boolean }
  /** Asks for the owner's grant, so that the owner's phone can mint children beneath it. */
  | { readonly op: "grant" }
  /** Installs the air key of the owner's new card, after the maker's reissue (PROTOCOL 5.31). */
  | { readonly op: "air-key"; readonly airKey: Uint8Array }
  /** Where the unit is, for geofences: [latitude, longitude] in degrees times 100,000, or null to forget it (PROTOCOL 5.33). */
  | { readonly op: "place"; readonly place: readonly [latitudeE5: number, longitudeE5: number] | null }
  /** What is in force of the session key's own revocations, and which of these ctis (joined, ascending) are revoked. */
  | { readonly op: "revoked"; readonly ctis: Uint8Array }
  /** Where the unit's cloud is from now on, as stored (wire/link/cloud-address.ts); both of no bytes: the factory's again. */
  | { readonly op: "cloud"; readonly address: Uint8Array; readonly tls: Uint8Array }
  /** Brings a signed key set; its version shows in `describe` once it is in use (PROTOCOL 8.11). */
  | { readonly op: "key-set"; readonly signed: Uint8Array }
  /** What the unit wants to be told by this caller: [nonce to sign the time over, or null; whether it has no time zone]. */
  | { readonly op: "wanted" }
  /** The zone where the unit is, as a POSIX TZ rule (PROTOCOL 4.6.1), or null to forget it. */
  | { readonly op: "zone"; readonly rule: string | null }
  /** One part of the app's description (wire/describe.ts); the answer is [number of parts, JSON]. */
  | { readonly op: "description"; readonly part: number }
  /** The lines of the unit's log after a number (unit-log.ts). */
  | { readonly op: "logs"; readonly after: number }
  /** The app's last crash as it lies in flash, or null. */
  | { readonly op: "crash" }
  /** What the maker sees of a crash, by its number (unit-log.ts). Only the owner may say. */
  | { readonly op: "diagnostics"; readonly level: number };

type Kind = "text" | "bytes" | "key" | "count" | "bool" | "place" | "rule";

/** Number and fields of each operation. Numbers are append-only. */
const FORMS: { readonly [op in SessionRequest["op"]]: readonly [number, ...(readonly [string, Kind])[]] } = {
  call: [1, ["name", "text"], ["args", "bytes"]],
  describe: [2],
  events: [3, ["after", "count"]],
  close: [4],
  nonce: [16],
  time: [17, ["statement", "bytes"]],
  discharge: [18, ["statement", "bytes"]],
  revoke: [19, ["delivery", "bytes"]],
  "raise-floor": [20, ["epoch", "count"]],
  update: [22, ["sequence", "count"]],
  resale: [23, ["holder", "key"], ["airKey", "key"]],
  agree: [24, ["agreed", "bool"]],
  grant: [25],
  "air-key": [26, ["airKey", "key"]],
  vouch: [27, ["link", "count"], ["statement", "bytes"]],
  carry: [28, ["signed", "bytes"], ["from", "text"]],
  place: [29, ["place", "place"]],
  revoked: [30, ["ctis", "bytes"]],
  cloud: [33, ["address", "bytes"], ["tls", "bytes"]],
  "key-set": [34, ["signed", "bytes"]],
  wanted: [31],
  zone: [32, ["rule", "rule"]],
  // Number 21 was a log without times and names.
  audit: [35, ["from", "count"]],
  description: [36, ["part", "count"]],
  logs: [40, ["after", "count"]],
  crash: [41],
  diagnostics: [42, ["level", "count"]],
};

function isOf(kind: Kind, value: Cbor): boolean {
  switch (kind) {
    case "text":
      return typeof value === "string";
    case "bool":
      return typeof value === "boolean";
    case "count":
      return Number.isSafeInteger(value) && (value as number) >= 0;
    case "rule":
      return value === null || typeof value === "string";
    case "place":
      return value === null || isPlace(value);
    default:
      return value instanceof Uint8Array && (kind === "bytes" || value.length === 32);
  }
}

/** Whether this is [latitude, longitude] in degrees times 100,000, on the globe. */
export function isPlace(value: Cbor): boolean {
  const [north, east] = Array.isArray(value) && value.length === 2 ? (value as readonly Cbor[]) : [];
  const isWithin = (degreesE5: Cbor, max: number) =>
    Number.isInteger(degreesE5) && Math.abs(degreesE5 as number) <= max;
  return isWithin(north, 9e6) && isWithin(east, 18e6);
}

/** A request as the plaintext of a record: [number, ...fields]. */
export function encodeRequest(request: SessionRequest): Uint8Array {
  const [number, ...fields] = FORMS[request.op];
  return encodeCbor([number, ...fields.map(([name]) => (request as unknown as Record<string, Cbor>)[name])]);
}

/** Reads the plaintext of a request, or SESSION_REQUEST when it is none of ours. */
export function decodeRequest(plaintext: Uint8Array): Result<SessionRequest> {
  const item = decodeCbor(plaintext);
  const [number, ...values] = item.ok && Array.isArray(item.value) ? (item.value as readonly Cbor[]) : [];
  for (const op in FORMS) {
    const [known, ...fields] = FORMS[op as SessionRequest["op"]];
    if (known !== number) continue;
    if (values.length !== fields.length || !fields.every(([, kind], i) => isOf(kind, values[i]))) break;
    const request: Record<string, unknown> = { op };
    fields.forEach(([name], i) => {
      request[name] = values[i];
    });
    return ok(request as unknown as SessionRequest);
  }
  return refuse("SESSION_REQUEST");
}

/** An answer as the plaintext of a record: [0, value] or [fault's number]. */
export function encodeAnswer(answer: Result<Cbor>): Uint8Array {
  return encodeCbor(answer.ok ? [0, answer.value] : [faultNumber(answer.fault)]);
}

/** The same for an answer whose value is encoded already, so that a unit needn't decode what its app said. */
export function encodeAnswerOf(value: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(0x82, 0), value);
}

/** Reads an answer: the value, the unit's refusal, or SESSION_ANSWER when it is neither. */
export function decodeAnswer(plaintext: Uint8Array): Result<Cbor> {
  const item = decodeCbor(plaintext);
  const fields = item.ok && Array.isArray(item.value) ? (item.value as readonly Cbor[]) : [];
  const [number, value] = fields;
  if (number === 0 && fields.length === 2) return ok(value);
  if (typeof number !== "number" || number === 0 || fields.length !== 1) return refuse("SESSION_ANSWER");
  return refuse(faultOf(number) ?? "SESSION_REFUSED");
}
