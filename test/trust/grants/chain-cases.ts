/**
 * Makes test/vectors/chains.json: what a unit must refuse, each with the fault by which it does, and what it allows
 * beside it. Long because every case is a line of its own, and the corpus is worth reading in one place.
 */
import { concat, fromHex, toHex } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";
import { type Cbor, type CborKey, type CborMap, decodeCbor, encodeCbor } from "#codec/cbor.ts";
import { sign1ToBeSigned } from "#codec/cose.ts";
import { chainOf, issueChild, issueGrant } from "#trust/grants/mint.ts";
import { parentBinding } from "#trust/grants/open-chain.ts";
import type { Signer } from "#trust/signer.ts";
import { type Caveat, encodeCaveat } from "#wire/grants/caveat.ts";
import { CLAIM, encodeClaims } from "#wire/grants/grant.ts";
import { encodeScope, LEVEL } from "#wire/grants/scope.ts";
import {
  childClaims,
  ctiOf,
  grantChain,
  guest,
  guestChain,
  guestWith,
  installer,
  issuer,
  NOW,
  owner,
  ownerChain,
  ownerClaims,
  ownerGrant,
  person,
  primitives,
  unitId,
} from "./household.ts";

/** What differs from the ordinary call; see the file's `unit`. */
export interface ChainInput {
  readonly chain: string;
  readonly ask?: {
    readonly right?: string;
    readonly name?: string | null;
    readonly args?: Readonly<Record<string, number | string | boolean>>;
    readonly arrival?: string;
    readonly buttonHeldMs?: number;
    readonly position?: { latitudeE5: number; longitudeE5: number; ageS: number };
    readonly uses?: readonly number[];
  };
  readonly time?: {
    readonly grade: string;
    readonly earliestS?: number;
    readonly latestS?: number;
    readonly ageS?: number;
  };
  /** What signers of links said about the time: their keys, and the least that the present can be. */
  readonly vouched?: readonly { readonly key: string; readonly floorS: number }[];
  /** The rule of the unit's time zone. */
  readonly zone?: string;
  readonly revocations?: readonly { key: string; floor: number; revoked: readonly string[] }[];
  readonly claimed?: boolean;
  readonly fleetCalls?: boolean;
  readonly resoldAtS?: number;
}
export interface ChainCase {
  readonly name: string;
  readonly input: ChainInput;
  /** "allowed" or a fault. */
  readonly expect: string;
}

const bytes = (hex: string) => fromHex(hex) as Uint8Array;
const NONE = new Uint8Array(0);
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const NEW_YORK = "EST5EDT,M3.2.0,M11.1.0";
/** 14 March 2027, 13:00 UTC. */
const SPRING_S = 1_805_029_200;
const cases: ChainCase[] = [];

function add(name: string, expect: string, chain: Uint8Array, change: Omit<ChainInput, "chain"> = {}): void {
  cases.push({ name, input: { chain: toHex(chain), ...change }, expect });
}

/** A byte string with a head of its own, for wrong heads. */
function bstr(content: Uint8Array, head?: string): Uint8Array {
  return head === undefined ? encodeCbor(content) : concat(bytes(head), content);
}

/** The parts of a link as bytes, each of which a case may put wrong before or after signing. */
interface Parts {
  tags?: string;
  array?: string;
  end?: string;
  header?: Uint8Array;
  headerHead?: string;
  unprotected?: string;
  payload?: Uint8Array;
  payloadHead?: string;
  signatureHead?: string;
  signature?: (good: Uint8Array) => Uint8Array;
  aad?: Uint8Array;
  signer?: Signer;
}

const ROOT_HEADER = encodeCbor(
  new Map<CborKey, Cbor>([
    [1, -19],
    [4, issuer.kid],
  ]),
);
const CHILD_HEADER = bytes("a10132");
const ROOT_PAYLOAD = encodeClaims(ownerClaims());
const CHILD_PAYLOAD = encodeClaims(childClaims("guest", guest));
const BINDING = parentBinding(primitives, ownerGrant);

function link(defaults: Required<Pick<Parts, "tags" | "header" | "payload" | "aad" | "signer">>, change: Parts) {
  const part = { ...defaults, ...change };
  const good = part.signer.sign(sign1ToBeSigned(part.header, part.aad, part.payload));
  return concat(
    bytes(part.tags),
    bytes(part.array ?? "84"),
    bstr(part.header, part.headerHead),
    bytes(part.unprotected ?? "a0"),
    bstr(part.payload, part.payloadHead),
    bstr(part.signature?.(good) ?? good, part.signatureHead),
    bytes(part.end ?? ""),
  );
}
const ROOT = { tags: "d83dd2", header: ROOT_HEADER, payload: ROOT_PAYLOAD, aad: NONE, signer: issuer };
const CHILD = { tags: "", header: CHILD_HEADER, payload: CHILD_PAYLOAD, aad: BINDING, signer: owner };
const chain = (...links: readonly Uint8Array[]) => concat(bytes("8201"), Uint8Array.of(0x80 | links.length), ...links);
const root = (change: Parts) => chain(link(ROOT, change));
const child = (change: Parts) => chain(ownerGrant, link(CHILD, change));

/** Both a grant and a child with the same part wrong. */
function both(name: string, expect: string, change: Parts): void {
  add(`grant: ${name}`, expect, root(change));
  add(`child: ${name}`, expect, child(change));
}

/** The payload with claims put in, replaced, or (undefined) left out; signed as it then is. */
function withClaims(payload: Uint8Array, change: readonly (readonly [CborKey, Cbor | "gone"])[]): Uint8Array {
  const decoded = decodeCbor(payload);
  const map = new Map(decoded.ok ? (decoded.value as CborMap) : []);
  for (const [key, value] of change) value === "gone" ? map.delete(key) : map.set(key, value);
  return encodeCbor(map);
}
function claims(name: string, expect: string, ...change: readonly (readonly [CborKey, Cbor | "gone"])[]): void {
  add(`grant: ${name}`, expect, root({ payload: withClaims(ROOT_PAYLOAD, change) }));
  if (change.every(([key]) => key !== CLAIM.aud)) {
    add(`child: ${name}`, expect, child({ payload: withClaims(CHILD_PAYLOAD, change) }));
  }
}

/** Replaces the first occurrence of some bytes, written as hexadecimal. */
function patched(payload: Uint8Array, from: string, to: string): Uint8Array {
  const text = toHex(payload);
  if (!text.includes(from)) throw new Error(`nothing to patch: ${from}`);
  return bytes(text.replace(from, to));
}

function plusOrder(signature: Uint8Array, times: number): Uint8Array {
  let scalar = 0n;
  for (let i = 63; i >= 32; i--) scalar = (scalar << 8n) | BigInt(signature[i] as number);
  scalar += ORDER * BigInt(times);
  const malleated = signature.slice();
  for (let i = 32; i < 64; i++, scalar >>= 8n) malleated[i] = Number(scalar & 255n);
  return malleated;
}

const flipped = (at: number) => (good: Uint8Array) => good.map((byte, i) => (i === at ? byte ^ 1 : byte));

function encodings(): void {
  for (let k = 1; k <= 7; k++) both(`S + ${k} L`, "GRANT_SIGNATURE", { signature: (good) => plusOrder(good, k) });
  for (const at of [0, 31, 32, 63]) both(`signature byte ${at} flipped`, "GRANT_SIGNATURE", { signature: flipped(at) });
  both("signature of 63 bytes", "COSE_SIGNATURE_BYTES", { signature: (good) => good.slice(0, 63) });
  both("signature of 65 bytes", "COSE_SIGNATURE_BYTES", { signature: (good) => concat(good, Uint8Array.of(0)) });
  both("signature empty", "COSE_SIGNATURE_BYTES", { signature: () => NONE });
  for (const [name, tags] of [
    ["tag 61 dropped", "d2"],
    ["both tags dropped", ""],
    ["tag 18 dropped", "d83d"],
    ["tags swapped", "d2d83d"],
    ["tag 18 twice", "d83dd2d2"],
    ["tag 61 twice", "d83dd83dd2"],
    ["tag 98", "d83dd862"],
    ["a tag in front", "d9d9f7d83dd2"],
  ] as const) {
    add(`grant: ${name}`, "COSE_TAG", root({ tags }));
  }
  add("child: tag 18", "COSE_TAG", child({ tags: "d2" }));
  add("child: tags 61 and 18", "COSE_TAG", child({ tags: "d83dd2" }));
  add("grant: tag 61 in three bytes", "CBOR_NOT_SHORTEST", root({ tags: "d9003dd2" }));
  add("grant: tag 18 in two bytes", "CBOR_NOT_SHORTEST", root({ tags: "d83dd812" }));
  both("unprotected header holds a kid", "COSE_UNPROTECTED", { unprotected: "a1044101" });
  both("unprotected header holds an algorithm", "COSE_UNPROTECTED", { unprotected: "a10132" });
  both("unprotected header is an array", "COSE_SHAPE", { unprotected: "80" });
  both("array length padded", "CBOR_NOT_SHORTEST", { array: "9804" });
  both("array of indefinite length", "CBOR_INDEFINITE", { array: "9f", end: "ff" });
  both("five elements", "COSE_SHAPE", { array: "85", end: "f6" });
  both("unprotected map padded", "CBOR_NOT_SHORTEST", { unprotected: "b800" });
  both("unprotected map of indefinite length", "CBOR_INDEFINITE", { unprotected: "bfff" });
  both("signature length padded", "CBOR_NOT_SHORTEST", { signatureHead: "590040" });
  both("signature length padded to four bytes", "CBOR_NOT_SHORTEST", { signatureHead: "5a00000040" });
  both("signature in chunks", "CBOR_INDEFINITE", { signatureHead: "5f5840", end: "ff" });
  both("signature is text", "CBOR_UTF8", { signatureHead: "7840", signature: () => new Uint8Array(64).fill(0xff) });
  for (const [place, length] of [
    ["grant", ROOT_PAYLOAD.length],
    ["child", CHILD_PAYLOAD.length],
  ] as const) {
    const size = length.toString(16).padStart(2, "0");
    const make = place === "grant" ? root : child;
    add(`${place}: payload length padded`, "CBOR_NOT_SHORTEST", make({ payloadHead: `5900${size}` }));
    add(
      `${place}: payload in chunks`,
      "CBOR_INDEFINITE",
      make({ payloadHead: `5f58${size}`, signatureHead: "ff5840" }),
    );
  }
  add("grant: header length padded", "CBOR_NOT_SHORTEST", root({ headerHead: "5806" }));
  add("child: header length padded", "CBOR_NOT_SHORTEST", child({ headerHead: "5803" }));
  add("grant: payload is null", "COSE_SHAPE", root({ payload: NONE, payloadHead: "f6" }));
  add("grant: header is a map", "COSE_SHAPE", root({ headerHead: "" }));
  add("bytes after the chain", "CBOR_TRAILING", concat(guestChain(), Uint8Array.of(0)));
  add("no bytes", "CBOR_TRUNCATED", NONE);
  for (const keep of [1, 3, 10, 100]) add(`cut to ${keep} bytes`, "CBOR_TRUNCATED", guestChain().slice(0, keep));
  add("cut by one byte", "CBOR_TRUNCATED", guestChain().slice(0, -1));
  add("nested 600 deep", "CBOR_DEPTH", bytes(`${"81".repeat(600)}00`));
  add("nested 600 tags deep", "CBOR_DEPTH", bytes(`${"c6".repeat(600)}00`));
  add("an array of four thousand million items", "CBOR_TRUNCATED", bytes("9affffffff"));
  add("a reserved head", "CBOR_RESERVED", bytes("8201811c"));
  add("1,537 bytes", "CHAIN_SIZE", concat(bytes("590600"), new Uint8Array(1534)));
}

function headers(): void {
  const header = (...entries: readonly (readonly [CborKey, Cbor])[]) => encodeCbor(new Map(entries));
  const kid = [4, issuer.kid] as const;
  const rootHeader = (name: string, expect: string, bytesOfHeader: Uint8Array) =>
    add(`grant: ${name}`, expect, root({ header: bytesOfHeader }));
  rootHeader("algorithm -8, EdDSA", "COSE_EDDSA", header([1, -8], kid));
  rootHeader("algorithm -7, ES256", "COSE_ALGORITHM", header([1, -7], kid));
  rootHeader("algorithm -53, Ed448", "COSE_ALGORITHM", header([1, -53], kid));
  rootHeader("algorithm -257, RS256", "COSE_ALGORITHM", header([1, -257], kid));
  rootHeader("algorithm 5, HMAC 256", "COSE_ALGORITHM", header([1, 5], kid));
  rootHeader("algorithm as text", "COSE_ALGORITHM", header([1, "Ed25519"], kid));
  rootHeader("algorithm as float", "COSE_ALGORITHM", bytes("a201f9ccc0044101"));
  rootHeader("no algorithm", "COSE_ALGORITHM", header(kid));
  rootHeader("no header", "COSE_ALGORITHM", NONE);
  rootHeader("no kid", "COSE_HEADER", CHILD_HEADER);
  rootHeader("kid empty", "COSE_HEADER", header([1, -19], [4, NONE]));
  rootHeader("kid of nine bytes", "COSE_HEADER", header([1, -19], [4, new Uint8Array(9)]));
  rootHeader("kid as a number", "COSE_HEADER", header([1, -19], [4, 1]));
  rootHeader("crit", "COSE_HEADER", header([1, -19], [2, [4]], kid));
  rootHeader("content type", "COSE_HEADER", header([1, -19], [3, 61], kid));
  rootHeader("header is no map", "COSE_SHAPE", bytes("820132"));
  rootHeader("header with bytes after it", "CBOR_TRAILING", concat(ROOT_HEADER, Uint8Array.of(0)));
  rootHeader("header's keys unsorted", "CBOR_KEY_ORDER", bytes("a20441010132"));
  rootHeader("header's key twice", "CBOR_KEY_DUPLICATE", bytes("a301320132044101"));
  rootHeader("header's key padded", "CBOR_NOT_SHORTEST", bytes("a2180132044101"));
  rootHeader("header's map of indefinite length", "CBOR_INDEFINITE", bytes("bf0132044101ff"));
  rootHeader("kid unknown", "GRANT_ISSUER", header([1, -19], [4, Uint8Array.of(77)]));
  rootHeader("kid of the unit itself", "GRANT_SIGNATURE", header([1, -19], [4, Uint8Array.of(0)]));
  add("child: algorithm -8, EdDSA", "COSE_EDDSA", child({ header: header([1, -8]) }));
  add("child: algorithm -7, ES256", "COSE_ALGORITHM", child({ header: header([1, -7]) }));
  add("child: a kid", "COSE_HEADER", child({ header: ROOT_HEADER }));
}

function payloads(): void {
  const padded = (name: string, expect: string, from: string, to: string) => {
    add(`grant: ${name}`, expect, root({ payload: patched(ROOT_PAYLOAD, from, to) }));
    add(`child: ${name}`, expect, child({ payload: patched(CHILD_PAYLOAD, from, to) }));
  };
  padded("claim key padded", "CBOR_NOT_SHORTEST", "0748", "180748");
  padded("cti length padded", "CBOR_NOT_SHORTEST", "0748", "075808");
  padded("cti in chunks", "CBOR_INDEFINITE", "0748", "075f48");
  padded("cnf of indefinite length", "CBOR_INDEFINITE", "08a101", "08bf01");
  padded("cnf key padded", "CBOR_NOT_SHORTEST", "08a101", "08a11801");
  padded("cose key twice", "CBOR_KEY_DUPLICATE", "a301012006", "a401010101");
  padded("cose key unsorted", "CBOR_KEY_ORDER", "a301012006", "a320060101");
  padded("epoch padded", "CBOR_NOT_SHORTEST", "83010080", "8301180080");
  padded("caveats of indefinite length", "CBOR_INDEFINITE", "83010080", "8301009fff");
  padded("version padded", "CBOR_NOT_SHORTEST", "83010080", "8318010080");
  padded("key of ours padded", "CBOR_NOT_SHORTEST", "3a00010000", "3b0000000000010000");
  padded("cti twice", "CBOR_KEY_DUPLICATE", "0748", "074800000000000000000748");
  add(
    "grant: iat in eight bytes",
    "CBOR_NOT_SHORTEST",
    root({ payload: patched(ROOT_PAYLOAD, "061a", "061b00000000") }),
  );
  add("grant: claims unsorted", "CBOR_KEY_ORDER", root({ payload: patched(ROOT_PAYLOAD, "034c", "0a4c") }));
  both("payload is no map", "GRANT_CLAIM", { payload: bytes("80") });
  both("payload empty", "CBOR_TRUNCATED", { payload: NONE });
  both("bytes after the payload", "CBOR_TRAILING", { payload: concat(ROOT_PAYLOAD, Uint8Array.of(0)) });
  both("claims nested too deep", "CBOR_DEPTH", { payload: bytes(`a101${"81".repeat(20)}00`) });
  claims("iss", "GRANT_CLAIM", [1, "https://maker.example"]);
  claims("sub", "GRANT_CLAIM", [2, "me"]);
  claims("nbf", "GRANT_CLAIM", [5, NOW]);
  claims("nonce", "GRANT_CLAIM", [10, new Uint8Array(16)]);
  claims("a claim by text", "GRANT_CLAIM", ["admin", true]);
  claims("aud missing", "GRANT_AUDIENCE", [CLAIM.aud, "gone"]);
  claims("aud null", "GRANT_AUDIENCE", [CLAIM.aud, null]);
  claims("aud an untyped text", "GRANT_AUDIENCE", [CLAIM.aud, toHex(unitId)]);
  claims("aud of 11 bytes", "GRANT_AUDIENCE", [CLAIM.aud, unitId.slice(1)]);
  claims("aud of 13 bytes", "GRANT_AUDIENCE", [CLAIM.aud, concat(unitId, NONE, Uint8Array.of(0))]);
  claims("aud empty", "GRANT_AUDIENCE", [CLAIM.aud, NONE]);
  claims("aud a list", "GRANT_AUDIENCE", [CLAIM.aud, [unitId]]);
  claims("aud of another tag", "GRANT_AUDIENCE", [CLAIM.aud, { tag: 27757, value: "lamp" }]);
  claims("aud a product without name", "GRANT_AUDIENCE", [CLAIM.aud, { tag: 27755, value: "" }]);
  claims("aud a device under a tag", "GRANT_AUDIENCE", [CLAIM.aud, { tag: 27755, value: unitId }]);
  add("grant: iat missing", "GRANT_CLAIM_MISSING", root({ payload: withClaims(ROOT_PAYLOAD, [[CLAIM.iat, "gone"]]) }));
  for (const [name, key] of Object.entries({ cti: CLAIM.cti, cnf: CLAIM.cnf, scope: CLAIM.scope, ours: CLAIM.ours })) {
    claims(`${name} missing`, "GRANT_CLAIM_MISSING", [key, "gone"]);
  }
  claims("version 2", "GRANT_VERSION", [CLAIM.ours, [2, 0, []]]);
  claims("ours of two", "GRANT_VERSION", [CLAIM.ours, [1, 0]]);
  claims("ours of four", "GRANT_VERSION", [CLAIM.ours, [1, 0, [], 0]]);
  for (const [name, time] of [
    ["negative", -1],
    ["a text", "soon"],
    ["a float", { float: NOW }],
    ["null", null],
    ["2^63", 2n ** 63n],
  ] as const) {
    claims(`exp ${name}`, "GRANT_TIME", [CLAIM.exp, time]);
  }
  claims("cti of seven bytes", "GRANT_CTI", [CLAIM.cti, new Uint8Array(7)]);
  claims("cti of nine bytes", "GRANT_CTI", [CLAIM.cti, new Uint8Array(9)]);
  claims("cti a text", "GRANT_CTI", [CLAIM.cti, "12345678"]);
  claims("epoch negative", "GRANT_EPOCH_SHAPE", [CLAIM.ours, [1, -1, []]]);
  claims("epoch 2^32", "GRANT_EPOCH_SHAPE", [CLAIM.ours, [1, 2 ** 32, []]]);
  claims("epoch a float", "GRANT_EPOCH_SHAPE", [CLAIM.ours, [1, { float: 0 }, []]]);
  claims("caveats no list", "CAVEAT_SHAPE", [CLAIM.ours, [1, 0, null]]);
  claims("17 caveats", "CAVEAT_SHAPE", [CLAIM.ours, [1, 0, Array.from({ length: 17 }, () => [9])]]);
}

function keys(): void {
  const key = (...entries: readonly (readonly [CborKey, Cbor])[]): Cbor => new Map([[1, new Map(entries)]]);
  const x = guest.publicKey;
  const good = [
    [1, 1],
    [-1, 6],
    [-2, x],
  ] as const;
  claims("cnf a kid", "GRANT_KEY", [CLAIM.cnf, new Map([[3, x]])]);
  claims("cnf two ways", "GRANT_KEY", [
    CLAIM.cnf,
    new Map<CborKey, Cbor>([
      [1, new Map<CborKey, Cbor>(good)],
      [3, x],
    ]),
  ]);
  claims("cnf a bare key", "GRANT_KEY", [CLAIM.cnf, x]);
  claims("cnf X25519", "GRANT_KEY", [CLAIM.cnf, key([1, 1], [-1, 4], [-2, x])]);
  claims("cnf EC2", "GRANT_KEY", [CLAIM.cnf, key([1, 2], [-1, 6], [-2, x])]);
  claims("cnf of 31 bytes", "GRANT_KEY", [CLAIM.cnf, key([1, 1], [-1, 6], [-2, x.slice(1)])]);
  claims("cnf with an algorithm", "GRANT_KEY", [CLAIM.cnf, key(...good, [3, -19])]);
  claims("cnf with a private key", "GRANT_KEY", [CLAIM.cnf, key(...good, [-4, x])]);
  for (const [order, hex] of [
    ["0", "00".repeat(32)],
    ["1", `01${"00".repeat(31)}`],
    ["2", `ec${"ff".repeat(30)}7f`],
    ["8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"],
    ["8, the other", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"],
    ["1, sign set", `01${"00".repeat(30)}80`],
    ["not canonical, p", `ed${"ff".repeat(30)}7f`],
    ["not canonical, p + 1", `ee${"ff".repeat(30)}7f`],
  ] as const) {
    claims(`cnf of small order ${order}`, "GRANT_KEY_WEAK", [CLAIM.cnf, key([1, 1], [-1, 6], [-2, bytes(hex)])]);
  }
}

function scopes(): void {
  const scope = (name: string, item: Cbor) => claims(`scope: ${name}`, "GRANT_SCOPE", [CLAIM.scope, encodeCbor(item)]);
  scope("empty", []);
  scope("a text", "noFlash");
  scope("an entry of three", [["*", 7, 0]]);
  scope("an entry without a name", [[7, 7]]);
  scope("rights 0", [["*", 0]]);
  scope("rights 64", [["*", 64]]);
  scope("rights negative", [["*", -1]]);
  scope("rights a float", [["*", 1.5]]);
  scope("unsorted", [
    ["b", 1],
    ["a", 1],
  ]);
  scope("a name twice", [
    ["a", 1],
    ["a", 2],
  ]);
  scope("an empty name", [["", 1]]);
  scope("a name of 65 bytes", [["n".repeat(65), 1]]);
  scope("flash by name", [["setLamp", 32]]);
  scope("delegate by name", [["setLamp", 16]]);
  scope("config by name", [["setLamp", 8]]);
  scope(
    "33 entries",
    Array.from({ length: 33 }, (_, i) => [`f${String(i).padStart(2, "0")}`, 1]),
  );
  claims("scope no byte string", "GRANT_SCOPE", [CLAIM.scope, "read call"]);
  claims("scope padded inside", "CBOR_NOT_SHORTEST", [CLAIM.scope, bytes("8182612a1807")]);
  claims("scope of indefinite length", "CBOR_INDEFINITE", [CLAIM.scope, bytes("9f82612a07ff")]);
}

function caveatForms(): void {
  const caveat = (name: string, expect: string, item: Cbor) => {
    add(`caveat ${name}`, expect, child({ payload: withClaims(CHILD_PAYLOAD, [[CLAIM.ours, [1, 0, [item]]]]) }));
  };
  for (const code of [14, 15, 255, -1, "moon", 1.5] as const)
    caveat(`of unknown code ${code}`, "CAVEAT_UNKNOWN", [code, 1]);
  caveat("without a code", "CAVEAT_UNKNOWN", []);
  caveat("that is no array", "CAVEAT_SHAPE", 9);
  const wrong: readonly (readonly [string, Cbor])[] = [
    ["functions, none", [0, []]],
    ["functions, a text", [0, "setLamp"]],
    ["functions, a number among them", [0, ["setLamp", 1]]],
    ["functions, one too many elements", [0, ["setLamp"], 0]],
    ["argument, max below min", [1, "setTemp", "celsius", 24, 15]],
    ["argument, NaN", [1, "setTemp", "celsius", Number.NaN, 15]],
    ["argument, no max", [1, "setTemp", "celsius", 15]],
    ["argument, text bounds", [1, "setMode", "mode", "a", "b"]],
    ["notBefore, negative", [2, -1]],
    ["notBefore, none", [2]],
    ["notAfter, a text", [3, "2030"]],
    ["notAfter, a float", [3, { float: NOW }]],
    ["timeOfDay, minute 1440", [4, 1440, 60, 127, 0]],
    ["timeOfDay, no weekday", [4, 480, 1080, 0, 0]],
    ["timeOfDay, eighth weekday", [4, 480, 1080, 128, 0]],
    ["timeOfDay, from is to", [4, 480, 480, 127, 0]],
    ["timeOfDay, offset of 15 hours", [4, 480, 1080, 127, 900]],
    ["geofence, beyond the pole", [5, 9_000_001, 0, 10, 10]],
    ["geofence, beyond the date line", [5, 0, 18_000_001, 10, 10]],
    ["geofence, no radius", [5, 0, 0, 0, 10]],
    ["moon, 360 degrees", [6, 0, 360]],
    ["moon, fractions", [6, 0.5, 90]],
    ["rate, none", [7, 0, 60]],
    ["rate, no window", [7, 5]],
    ["uses, none", [8, 0]],
    ["uses, a bignum", [8, 2n ** 60n]],
    ["lanOnly, a value", [9, true]],
    ["buttonHeld, a minute and more", [10, 60_001]],
    ["discharge, 31 bytes", [11, guest.publicKey.slice(1), 60]],
    ["discharge, no age", [11, guest.publicKey]],
    ["discharge, age 0", [11, guest.publicKey, 0]],
    ["localHours, an offset as timeOfDay has", [12, 480, 1080, 127, 60]],
    ["localHours, no weekday", [12, 480, 1080, 0]],
    ["localHours, from is to", [12, 480, 480, 127]],
    ["freshTime, age 0", [13, 0]],
    ["freshTime, no age", [13]],
  ];
  for (const [name, item] of wrong) caveat(name, "CAVEAT_SHAPE", item);
}

function chains(): void {
  const grantItem = toHex(ownerGrant);
  const childItem = toHex(link(CHILD, {}));
  add("not an array", "CHAIN_SHAPE", bytes(`a101${"80"}`));
  add("a bare grant", "CHAIN_SHAPE", ownerGrant);
  add("three elements", "CHAIN_SHAPE", bytes(`830181${grantItem}00`));
  add("links no array", "CHAIN_SHAPE", bytes(`8201${grantItem}`));
  add("version 0", "CHAIN_VERSION", bytes(`820081${grantItem}`));
  add("version 2", "CHAIN_VERSION", bytes(`820281${grantItem}`));
  add("version 1.0", "CHAIN_VERSION", bytes(`82f93c0081${grantItem}`));
  add("version padded", "CBOR_NOT_SHORTEST", bytes(`82180181${grantItem}`));
  add("no links", "CHAIN_DEPTH", bytes("820180"));
  add("links of indefinite length", "CBOR_INDEFINITE", bytes(`82019f${grantItem}ff`));
  add("a child first", "COSE_TAG", bytes(`820181${childItem}`));
  add("links swapped", "COSE_TAG", bytes(`820182${childItem}${grantItem}`));
  add("the grant twice", "COSE_TAG", bytes(`820182${grantItem}${grantItem}`));
  add("the child twice", "GRANT_SIGNATURE", bytes(`820183${grantItem}${childItem}${childItem}`));
  add("links as byte strings", "COSE_TAG", bytes(`82018158${ownerGrant.length.toString(16)}${grantItem}`));

  const holders = ["a", "b", "c", "d"].map(person);
  let deep = ownerChain;
  holders.forEach((holder, i) => {
    const signer = i === 0 ? owner : (holders[i - 1] as Signer);
    deep = issueChild(primitives, deep, signer, childClaims(`deep ${i}`, holder, { scope: LEVEL.noFlash }));
  });
  add("five links", "CHAIN_DEPTH", deep);

  const second = issueGrant(issuer, ownerClaims({ cti: ctiOf("second grant"), scope: LEVEL.all }));
  add("spliced beneath another grant of the same holder", "GRANT_SIGNATURE", chain(second, link(CHILD, {})));
  const foreign = issueGrant(issuer, ownerClaims({ holder: installer.publicKey }));
  add("spliced beneath another holder's grant", "GRANT_SIGNATURE", chain(foreign, link(CHILD, {})));
  const long = issueChild(primitives, guestChain({ scope: LEVEL.noFlash }), guest, childClaims("third", installer));
  const parts = decodeCbor(long);
  const items = parts.ok ? ((parts.value as readonly Cbor[])[1] as readonly Cbor[]) : [];
  add("the middle link cut out", "GRANT_SIGNATURE", encodeCbor([1, [items[0], items[2]]]));
  add("child bound to nothing", "GRANT_SIGNATURE", child({ aad: NONE }));
  add("child bound to 64 bytes of hash", "GRANT_SIGNATURE", child({ aad: primitives.sha512(ownerGrant) }));
  add("child bound to SHA-256", "GRANT_SIGNATURE", child({ aad: primitives.sha256(ownerGrant) }));
  add("child signed by its own holder", "GRANT_SIGNATURE", child({ signer: guest }));
  add("child signed by the issuer", "GRANT_SIGNATURE", child({ signer: issuer }));
  add("grant signed by its holder", "GRANT_SIGNATURE", root({ signer: owner }));
  add("grant signed as a revocation", "GRANT_SIGNATURE", root({ aad: utf8("latchkey revocation") }));
  add("grant signed as a time", "GRANT_SIGNATURE", root({ aad: utf8("latchkey time") }));
  for (const [name, scope] of [
    ["flash", LEVEL.all],
    ["flash alone", [{ name: "*", rights: 32 }]],
  ] as const) {
    add(`child widened by ${name}`, "GRANT_WIDENED", guestChain({ scope }));
  }
  const named = guestChain({
    scope: [
      { name: "*", rights: 16 },
      { name: "setLamp", rights: 2 },
    ],
  });
  const under = (parent: Uint8Array, scope: Uint8Array) => {
    const claimsOf = childClaims("third", installer);
    const payload = withClaims(encodeClaims(claimsOf), [[CLAIM.scope, scope]]);
    const last = decodeCbor(parent);
    const parentItems = last.ok ? ((last.value as readonly Cbor[])[1] as readonly Cbor[]) : [];
    const aad = parentBinding(primitives, encodeCbor(parentItems[1]));
    const third = decodeCbor(link(CHILD, { payload, aad, signer: guest }));
    return encodeCbor([1, [...parentItems, third.ok ? third.value : null]]);
  };
  add(
    "third link widened to another name",
    "GRANT_WIDENED",
    under(named, encodeScope([{ name: "setColor", rights: 2 }])),
  );
  add("third link widened to every name", "GRANT_WIDENED", under(named, encodeScope([{ name: "*", rights: 2 }])));
  add(
    "third link widened to another right",
    "GRANT_WIDENED",
    under(named, encodeScope([{ name: "setLamp", rights: 3 }])),
  );
  add("third link as narrow as its parent", "allowed", under(named, encodeScope([{ name: "setLamp", rights: 2 }])));
  add(
    "third link beneath one that may not delegate",
    "GRANT_DELEGATE",
    under(guestChain(), encodeScope([{ name: "*", rights: 1 }])),
  );
}

function policy(): void {
  const key = (signer: Signer) => toHex(signer.publicKey);
  const floor = (signer: Signer, value: number) => ({ revocations: [{ key: key(signer), floor: value, revoked: [] }] });
  const list = (signer: Signer, ...names: readonly string[]) => ({
    revocations: [{ key: key(signer), floor: 0, revoked: names.map((name) => toHex(ctiOf(name))) }],
  });
  add("the owner calls", "allowed", ownerChain);
  add("a guest calls", "allowed", guestChain());
  add("another device's grant", "GRANT_AUDIENCE", grantChain({ audience: { kind: "device", id: new Uint8Array(12) } }));
  add("another product's grant", "GRANT_AUDIENCE", grantChain({ audience: { kind: "product", name: "lock" } }));
  add("another fleet's grant", "GRANT_AUDIENCE", grantChain({ audience: { kind: "fleet", name: "other" } }));
  add("a fleet named like the product", "GRANT_AUDIENCE", grantChain({ audience: { kind: "fleet", name: "lamp" } }));
  add(
    "a child for another device",
    "GRANT_AUDIENCE",
    guestChain({ audience: { kind: "device", id: new Uint8Array(12) } }),
  );
  const fleet = grantChain({ audience: { kind: "fleet", name: "acme" }, scope: LEVEL.all });
  const product = grantChain({ audience: { kind: "product", name: "lamp" }, scope: LEVEL.all });
  add("a fleet grant calls on a claimed unit", "GRANT_FLEET", fleet);
  add("a product grant calls on a claimed unit", "GRANT_FLEET", product);
  add("a fleet grant configures a claimed unit", "GRANT_FLEET", fleet, { ask: { right: "config", name: null } });
  add("a fleet grant starts an install on a claimed unit", "allowed", fleet, { ask: { right: "flash", name: null } });
  add("a fleet grant calls where the owner agreed", "allowed", fleet, { fleetCalls: true });
  add("a fleet grant calls on an unclaimed unit", "allowed", fleet, { claimed: false });
  add("flash without the right", "GRANT_FLASH", ownerChain, { ask: { right: "flash", name: null } });
  add("flash with it", "allowed", grantChain({ scope: LEVEL.all }), { ask: { right: "flash", name: null } });
  add("a guest flashes", "GRANT_FLASH", guestChain(), { ask: { right: "flash", name: null } });
  add("a guest configures", "GRANT_RIGHT", guestChain(), { ask: { right: "config", name: null } });
  const reader = guestChain({ scope: [{ name: "brightness", rights: 1 }] });
  add("a reader calls", "GRANT_RIGHT", reader);
  add("a reader reads another variable", "GRANT_RIGHT", reader, { ask: { right: "read", name: "motion" } });
  add("a reader reads its variable", "allowed", reader, { ask: { right: "read", name: "brightness" } });
  add("grant's epoch below the issuer's floor", "GRANT_EPOCH", ownerChain, floor(issuer, 1));
  add("child's epoch below its signer's floor", "GRANT_EPOCH", guestChain(), floor(owner, 1));
  add("grant's epoch is not its holder's business", "allowed", ownerChain, floor(owner, 9));
  add("child's epoch is not the issuer's business", "allowed", issueChildAt(1), floor(issuer, 1));
  add("grant revoked", "GRANT_REVOKED", guestChain(), list(issuer, "owner-grant"));
  add("child revoked by the issuer", "GRANT_REVOKED", guestChain(), list(issuer, "guest"));
  add("child revoked by the owner", "GRANT_REVOKED", guestChain(), list(owner, "guest"));
  add("grant named by its own holder", "allowed", guestChain(), list(owner, "owner-grant"));
  add("child named by itself", "allowed", guestChain(), list(guest, "guest"));
  add("child named by a stranger", "allowed", guestChain(), list(installer, "guest"));
  add("grant from before the resale", "GRANT_RESOLD", ownerChain, { resoldAtS: NOW });
  add("grant from after the resale", "allowed", grantChain({ issuedAtS: NOW }), { resoldAtS: NOW });
  add("grant expired", "GRANT_EXPIRED", grantChain({ expiresAtS: NOW }));
  add("child expired", "GRANT_EXPIRED", guestChain({ expiresAtS: NOW - 1 }));
  add("child of an expired grant", "GRANT_EXPIRED", expiredParent());
  const floorTime = { time: { grade: "floor", earliestS: NOW } };
  add("expired by the floor", "GRANT_EXPIRED", guestChain({ expiresAtS: NOW }), floorTime);
  const known = (signer: Signer, floorS: number) => ({ vouched: [{ key: toHex(signer.publicKey), floorS }] });
  const nothing = { time: { grade: "unknown" } };
  const ends = guestChain({ expiresAtS: NOW });
  add("expired by the floor of its signer", "GRANT_EXPIRED", ends, { ...nothing, ...known(owner, NOW) });
  add("not yet expired by the floor of its signer", "allowed", ends, { ...nothing, ...known(owner, NOW - 1) });
  add("not expired by the floor of its holder", "allowed", ends, { ...nothing, ...known(guest, NOW) });
  add("a grant is not expired by its holder's floor", "allowed", grantChain({ expiresAtS: NOW }), {
    ...nothing,
    ...known(owner, NOW),
  });
  const unknown = { time: { grade: "unknown" } };
  add("the owner calls, time unknown", "allowed", grantChain({ expiresAtS: NOW - 1 }), unknown);
  const met: readonly (readonly [Caveat, string, Omit<ChainInput, "chain">, Omit<ChainInput, "chain">])[] = [
    [{ kind: "functions", names: ["setColor"] }, "CAVEAT_FUNCTION", {}, { ask: { name: "setColor" } }],
    [
      { kind: "argument", function: "setTemp", argument: "celsius", min: 15, max: 24 },
      "CAVEAT_ARGUMENT",
      { ask: { name: "setTemp", args: { celsius: 25 } } },
      { ask: { name: "setTemp", args: { celsius: 24 } } },
    ],
    [{ kind: "notBefore", timeS: NOW + 9 }, "CAVEAT_NOT_BEFORE", {}, { time: { grade: "floor", earliestS: NOW + 9 } }],
    [
      { kind: "notAfter", timeS: NOW - 9 },
      "CAVEAT_NOT_AFTER",
      {},
      { time: { grade: "trusted", earliestS: NOW - 99, latestS: NOW - 9 } },
    ],
    [{ kind: "notAfter", timeS: NOW + 9 }, "CAVEAT_TIME_UNKNOWN", unknown, {}],
    // NOW is 2027-01-15, a Friday, 08:00 UTC.
    [
      { kind: "timeOfDay", fromMinutes: 540, toMinutes: 600, weekdays: 127, utcOffsetMinutes: 0 },
      "CAVEAT_TIME_OF_DAY",
      {},
      { time: { grade: "trusted", earliestS: NOW + 3600, latestS: NOW + 3601 } },
    ],
    [
      { kind: "timeOfDay", fromMinutes: 0, toMinutes: 1440, weekdays: 0b1101111, utcOffsetMinutes: 0 },
      "CAVEAT_TIME_OF_DAY",
      {},
      { time: { grade: "trusted", earliestS: NOW + 86400, latestS: NOW + 86400 } },
    ],
    [
      // Summer time in New York begins on 14 March 2027 at 07:00 UTC: 09:00 there is 14:00 UTC before it, and 13:00 after.
      { kind: "localHours", fromMinutes: 540, toMinutes: 600, weekdays: 127 },
      "CAVEAT_TIME_OF_DAY",
      { zone: NEW_YORK, time: { grade: "trusted", earliestS: SPRING_S - 86400 - 1800, latestS: SPRING_S - 86400 } },
      { zone: NEW_YORK, time: { grade: "trusted", earliestS: SPRING_S, latestS: SPRING_S + 1 } },
    ],
    [
      { kind: "localHours", fromMinutes: 0, toMinutes: 1440, weekdays: 127 },
      "CAVEAT_ZONE_UNKNOWN",
      {},
      { zone: "UTC0" },
    ],
    [
      // In the evening on two days, with a whole day between: that proves no evening.
      { kind: "localHours", fromMinutes: 1080, toMinutes: 1320, weekdays: 127 },
      "CAVEAT_TIME_OF_DAY",
      { zone: "UTC0", time: { grade: "trusted", earliestS: NOW + 39_600, latestS: NOW + 39_600 + 86_400 } },
      { zone: "UTC0", time: { grade: "trusted", earliestS: NOW + 39_600, latestS: NOW + 43_200 } },
    ],
    [
      { kind: "localHours", fromMinutes: 0, toMinutes: 1440, weekdays: 127 },
      "CAVEAT_TIME_OLD",
      { zone: "UTC0", time: { grade: "trusted", earliestS: NOW, latestS: NOW + 86_401 } },
      { zone: "UTC0", time: { grade: "trusted", earliestS: NOW, latestS: NOW + 86_400 } },
    ],
    [
      { kind: "freshTime", ageS: 600 },
      "CAVEAT_TIME_OLD",
      { time: { grade: "trusted", earliestS: NOW, latestS: NOW + 1, ageS: 601 } },
      { time: { grade: "trusted", earliestS: NOW, latestS: NOW + 1, ageS: 600 } },
    ],
    [
      { kind: "freshTime", ageS: 601 },
      "CAVEAT_TIME_UNKNOWN",
      { time: { grade: "floor", earliestS: NOW } },
      { time: { grade: "trusted", earliestS: NOW, latestS: NOW + 1, ageS: 600 } },
    ],
    [
      { kind: "moon", fromDegrees: 170, toDegrees: 190 },
      "CAVEAT_MOON",
      {},
      { time: { grade: "trusted", earliestS: NOW + 616_000, latestS: NOW + 616_001 } },
    ],
    [
      { kind: "geofence", latitudeE5: 5_252_000, longitudeE5: 1_340_500, radiusM: 500, ageS: 60 },
      "CAVEAT_GEOFENCE",
      { ask: { position: { latitudeE5: 5_352_000, longitudeE5: 1_340_500, ageS: 1 } } },
      { ask: { position: { latitudeE5: 5_252_100, longitudeE5: 1_340_500, ageS: 1 } } },
    ],
    [
      { kind: "geofence", latitudeE5: 5_252_000, longitudeE5: 1_340_500, radiusM: 500, ageS: 60 },
      "CAVEAT_POSITION_UNKNOWN",
      {},
      { ask: { position: { latitudeE5: 5_252_000, longitudeE5: 1_340_500, ageS: 60 } } },
    ],
    [{ kind: "rate", count: 2, windowS: 60 }, "CAVEAT_RATE", { ask: { uses: [1, 2] } }, { ask: { uses: [1, 60] } }],
    [{ kind: "uses", count: 2 }, "CAVEAT_USES", { ask: { uses: [900, 901] } }, { ask: { uses: [900] } }],
    [{ kind: "lanOnly" }, "CAVEAT_LAN", { ask: { arrival: "relay" } }, {}],
    [
      { kind: "buttonHeld", heldMs: 3000 },
      "CAVEAT_BUTTON",
      { ask: { buttonHeldMs: 2999 } },
      { ask: { buttonHeldMs: 3000 } },
    ],
  ];
  for (const [caveat, fault, broken, kept] of met) {
    const said = JSON.stringify(encodeCaveat(caveat)).replaceAll('"', "");
    add(`caveat ${caveat.kind} ${said} broken: ${fault}`, fault, guestWith(caveat), broken);
    add(`caveat ${caveat.kind} ${said} kept beside ${fault}`, "allowed", guestWith(caveat), kept);
  }
  add(
    "caveat discharge, none",
    "CAVEAT_DISCHARGE",
    guestWith({ kind: "discharge", publicKey: person("second factor").publicKey, ageS: 60 }),
  );
  add("caveat of the grant binds the child", "CAVEAT_LAN", parentLanOnly(), { ask: { arrival: "relay" } });
}

function issueChildAt(epoch: number): Uint8Array {
  return issueChild(primitives, grantChain({ epoch }), owner, childClaims("guest", guest));
}
function expiredParent(): Uint8Array {
  return issueChild(
    primitives,
    grantChain({ expiresAtS: NOW }),
    owner,
    childClaims("guest", guest, { expiresAtS: NOW + 9 }),
  );
}
function parentLanOnly(): Uint8Array {
  const parent = chainOf(issueGrant(issuer, ownerClaims({ caveats: [{ kind: "lanOnly" }] })));
  return issueChild(primitives, parent, owner, childClaims("guest", guest));
}

export function chainCases(): readonly ChainCase[] {
  cases.length = 0;
  for (const part of [encodings, headers, payloads, keys, scopes, caveatForms, chains, policy]) part();
  return cases;
}
