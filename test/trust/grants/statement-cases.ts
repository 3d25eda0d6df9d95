/**
 * Makes test/vectors/statements.json: revocations, times, vouchings and discharges, taken or refused, each by its fault.
 * Long because every case stands there.
 */
import { concat, fromHex, toHex } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";
import { type Cbor, type CborKey, encodeCbor } from "#codec/cbor.ts";
import { signDischarge } from "#trust/grants/discharge.ts";
import { signRevocation } from "#trust/grants/revoke.ts";
import { signTime } from "#trust/signed-time.ts";
import type { Signer } from "#trust/signer.ts";
import { encodeDelivery, joinCtis } from "#wire/grants/revocation.ts";
import { composeSigned } from "#wire/signed.ts";
import { ctiOf, guest, guestWith, issuer, NOW, owner, ownerChain, person, primitives, unitId } from "./household.ts";

export interface StatementInput {
  readonly kind: "revocation" | "delivery" | "time" | "vouching" | "discharge";
  readonly bytes: string;
  /** The chain of the session, or of a statement's signer. */
  readonly chain?: string;
  /** Last sequence and floor of the issuer's key. */
  readonly known?: { readonly sequence: number; readonly floor: number };
  /** The link that is vouched for. */
  readonly link?: number;
}
export interface StatementCase {
  readonly name: string;
  readonly input: StatementInput;
  /** "taken" or a fault. */
  readonly expect: string;
}

export const clock = person("clock");
export const CLOCK_KID = Uint8Array.of(3);
const second = person("second factor");
export const nonce = primitives.sha256(utf8("nonce")).slice(0, 16);
const other = primitives.sha256(utf8("other nonce")).slice(0, 16);
const device = { kind: "device", id: unitId } as const;
const discharged = guestWith({ kind: "discharge", publicKey: second.publicKey, ageS: 60 });

type Change = Partial<Omit<StatementInput, "kind" | "bytes">>;

/** A statement with any payload, header and context, for wrong ones. */
function raw(
  signer: Signer,
  kid: Uint8Array | undefined,
  payload: readonly (readonly [CborKey, Cbor])[] | Uint8Array,
  context: string,
  tags: readonly number[] = [18],
): Uint8Array {
  const bytes = payload instanceof Uint8Array ? payload : encodeCbor(new Map(payload));
  return composeSigned(tags, kid, bytes, utf8(context), (message) => signer.sign(message));
}

function tampered(bytes: Uint8Array, from: string, to: string): Uint8Array {
  const hex = toHex(bytes);
  if (!hex.includes(from)) throw new Error(`nothing to change: ${from}`);
  return fromHex(hex.replace(from, to)) as Uint8Array;
}

/** Faults of the envelope, which are the same for every kind. */
function envelopes(kind: StatementInput["kind"], good: Uint8Array, kid: boolean, change: Change): StatementCase[] {
  const header = kid ? toHex(good.slice(2, 9)) : "43a10132";
  const algorithm = (value: string) => header.replace("0132", `01${value}`);
  const make = (name: string, expect: string, bytes: Uint8Array): StatementCase => ({
    name: `${kind}: ${name}`,
    input: { kind, bytes: toHex(bytes), ...change },
    expect,
  });
  return [
    make("no tag", "COSE_TAG", good.slice(1)),
    make("tag 61 in front", "COSE_TAG", concat(Uint8Array.of(0xd8, 61), good)),
    make("tag padded", "CBOR_NOT_SHORTEST", concat(Uint8Array.of(0xd8, 18), good.slice(1))),
    make("array padded", "CBOR_NOT_SHORTEST", tampered(good, "d284", "d29804")),
    make("array of indefinite length", "CBOR_INDEFINITE", concat(tampered(good, "d284", "d29f"), Uint8Array.of(0xff))),
    make("filled unprotected header", "COSE_UNPROTECTED", tampered(good, `${header}a0`, `${header}a1044101`)),
    make("algorithm -8", "COSE_EDDSA", tampered(good, header, algorithm("27"))),
    make("algorithm -7", "COSE_ALGORITHM", tampered(good, header, algorithm("26"))),
    make("signature length padded", "CBOR_NOT_SHORTEST", tampered(good, "5840", "590040")),
    make("signature cut", "CBOR_TRUNCATED", good.slice(0, -1)),
    make("bytes after it", "CBOR_TRAILING", concat(good, Uint8Array.of(0))),
  ];
}

function revocations(): StatementCase[] {
  const content = { audience: device, sequence: 5, floor: 1, revoked: joinCtis([ctiOf("a"), ctiOf("b")]) };
  const good = signRevocation(issuer, issuer.kid, content);
  const ours = (...items: readonly Cbor[]) =>
    raw(
      issuer,
      issuer.kid,
      [
        [3, unitId],
        [-65537, items],
      ],
      "latchkey revocation",
    );
  const make = (name: string, expect: string, bytes: Uint8Array, change: Change = {}): StatementCase => ({
    name: `revocation: ${name}`,
    input: { kind: "revocation", bytes: toHex(bytes), ...change },
    expect,
  });
  const with_ = (change: Partial<typeof content>) => signRevocation(issuer, issuer.kid, { ...content, ...change });
  const list = content.revoked;
  const byOwner = signRevocation(owner, undefined, content);
  const known = (sequence: number, floor: number) => ({ known: { sequence, floor } });
  return [
    make("by the issuer", "taken", good),
    make("by a holder with a chain", "taken", byOwner, { chain: toHex(ownerChain) }),
    make("by a holder without a chain", "REVOCATION_SIGNER", byOwner),
    make("by a guest who may not delegate", "REVOCATION_SIGNATURE", signRevocation(guest, undefined, content), {
      chain: toHex(discharged),
    }),
    make("by a key nobody pinned", "REVOCATION_SIGNER", signRevocation(issuer, Uint8Array.of(9), content)),
    make("by another key under the kid", "REVOCATION_SIGNATURE", signRevocation(guest, issuer.kid, content)),
    make(
      "signed as a time",
      "REVOCATION_SIGNATURE",
      raw(
        issuer,
        issuer.kid,
        [
          [3, unitId],
          [-65537, [1, 5, 1, list]],
        ],
        "latchkey time",
      ),
    ),
    make(
      "signed as a grant",
      "REVOCATION_SIGNATURE",
      raw(
        issuer,
        issuer.kid,
        [
          [3, unitId],
          [-65537, [1, 5, 1, list]],
        ],
        "",
      ),
    ),
    make(
      "for another device",
      "REVOCATION_AUDIENCE",
      signRevocation(issuer, issuer.kid, { ...content, audience: { kind: "device", id: new Uint8Array(12) } }),
    ),
    make(
      "for another fleet",
      "REVOCATION_AUDIENCE",
      signRevocation(issuer, issuer.kid, { ...content, audience: { kind: "fleet", name: "other" } }),
    ),
    make(
      "aud null",
      "GRANT_AUDIENCE",
      raw(
        issuer,
        issuer.kid,
        [
          [3, null],
          [-65537, [1, 5, 1, list]],
        ],
        "latchkey revocation",
      ),
    ),
    make(
      "aud an untyped text",
      "GRANT_AUDIENCE",
      raw(
        issuer,
        issuer.kid,
        [
          [3, "lamp"],
          [-65537, [1, 5, 1, list]],
        ],
        "latchkey revocation",
      ),
    ),
    make(
      "aud missing",
      "REVOCATION_SHAPE",
      raw(issuer, issuer.kid, [[-65537, [1, 5, 1, list]]], "latchkey revocation"),
    ),
    make(
      "a claim too many",
      "REVOCATION_SHAPE",
      raw(
        issuer,
        issuer.kid,
        [
          [3, unitId],
          [6, NOW],
          [-65537, [1, 5, 1, list]],
        ],
        "latchkey revocation",
      ),
    ),
    make("version 2", "REVOCATION_SHAPE", ours(2, 5, 1, list)),
    make("sequence negative", "REVOCATION_SHAPE", ours(1, -1, 1, list)),
    make("sequence beyond 53 bits", "REVOCATION_SHAPE", ours(1, 2n ** 60n, 1, list)),
    make("floor 2^32", "REVOCATION_SHAPE", ours(1, 5, 2 ** 32, list)),
    make("ctis cut", "REVOCATION_SHAPE", ours(1, 5, 1, list.slice(1))),
    make("ctis unsorted", "REVOCATION_SHAPE", ours(1, 5, 1, concat(list.slice(8), list.slice(0, 8)))),
    make("a cti twice", "REVOCATION_SHAPE", ours(1, 5, 1, concat(list.slice(0, 8), list.slice(0, 8)))),
    make("65 ctis", "REVOCATION_SHAPE", ours(1, 5, 1, joinCtis(Array.from({ length: 65 }, (_, i) => ctiOf(`r${i}`))))),
    make("ctis as a list", "REVOCATION_SHAPE", ours(1, 5, 1, [list])),
    make("payload is no map", "REVOCATION_SHAPE", raw(issuer, issuer.kid, Uint8Array.of(0x80), "latchkey revocation")),
    make(
      "payload unsorted",
      "CBOR_KEY_ORDER",
      raw(issuer, issuer.kid, fromHex("a20601034100") as Uint8Array, "latchkey revocation"),
    ),
    make("the same again", "REVOCATION_SEQUENCE", good, known(5, 1)),
    make("older", "REVOCATION_SEQUENCE", good, known(6, 1)),
    make("floor raised by one", "taken", with_({ floor: 8 }), known(4, 7)),
    make("floor raised by two", "REVOCATION_FLOOR", with_({ floor: 9 }), known(4, 7)),
    make("floor raised to the end", "REVOCATION_FLOOR", with_({ floor: 0xffffffff }), known(4, 7)),
    make("floor lower, no change", "taken", with_({ floor: 0 }), known(4, 7)),
    ...envelopes("revocation", good, true, {}),
  ];
}

function deliveries(): StatementCase[] {
  const make = (name: string, expect: string, bytes: Uint8Array): StatementCase => ({
    name: `delivery: ${name}`,
    input: { kind: "delivery", bytes: toHex(bytes) },
    expect,
  });
  const raised = (sequence: number, floor: number) => ({
    statement: signRevocation(issuer, issuer.kid, { audience: device, sequence, floor, revoked: new Uint8Array(0) }),
  });
  const byOwner = {
    statement: signRevocation(owner, undefined, {
      audience: device,
      sequence: 1,
      floor: 1,
      revoked: new Uint8Array(0),
    }),
  };
  return [
    make("two floors, one after the other", "taken", encodeDelivery([raised(1, 1), raised(2, 2)])),
    make("two floors at once", "REVOCATION_FLOOR", encodeDelivery([raised(2, 2)])),
    make("old news among it", "taken", encodeDelivery([raised(1, 1), raised(1, 1), raised(2, 2)])),
    make("a holder with a chain", "taken", encodeDelivery([{ ...byOwner, chain: ownerChain }])),
    make("a holder without", "REVOCATION_SIGNER", encodeDelivery([byOwner])),
    make(
      "a holder whom the same delivery ends",
      "GRANT_EPOCH",
      encodeDelivery([raised(1, 1), { ...byOwner, chain: ownerChain }]),
    ),
    make("nine statements", "REVOCATION_SHAPE", encodeCbor(Array.from({ length: 9 }, () => [raised(1, 1).statement]))),
    make("no list", "REVOCATION_SHAPE", encodeCbor(raised(1, 1).statement)),
    make("an entry of three", "REVOCATION_SHAPE", encodeCbor([[raised(1, 1).statement, ownerChain, 0]])),
    make("a chain that is none", "CHAIN_SHAPE", encodeCbor([[byOwner.statement, Uint8Array.of(0x80)]])),
  ];
}

function times(): StatementCase[] {
  const time = { timeS: NOW, nonce };
  const good = signTime(clock, CLOCK_KID, time);
  const vouched = signTime(owner, undefined, time);
  const shape = (payload: readonly (readonly [CborKey, Cbor])[]) => raw(clock, CLOCK_KID, payload, "latchkey time");
  const make = (name: string, expect: string, bytes: Uint8Array): StatementCase => ({
    name: `time: ${name}`,
    input: { kind: "time", bytes: toHex(bytes) },
    expect,
  });
  const vouch = (name: string, expect: string, bytes: Uint8Array, link = 1): StatementCase => ({
    name: `vouching: ${name}`,
    input: { kind: "vouching", bytes: toHex(bytes), chain: toHex(discharged), link },
    expect,
  });
  return [
    make("by the time key over this nonce", "taken", good),
    make("over another nonce", "TIME_NONCE", signTime(clock, CLOCK_KID, { ...time, nonce: other })),
    make("by an issuer", "TIME_SIGNATURE", signTime(issuer, issuer.kid, time)),
    make("by another key under the kid", "TIME_SIGNATURE", signTime(guest, CLOCK_KID, time)),
    make("without a kid", "TIME_SIGNATURE", signTime(clock, undefined, time)),
    make(
      "signed as a discharge",
      "TIME_SIGNATURE",
      raw(
        clock,
        CLOCK_KID,
        [
          [6, NOW],
          [10, nonce],
        ],
        "latchkey discharge",
      ),
    ),
    make(
      "negative",
      "TIME_SHAPE",
      shape([
        [6, -1],
        [10, nonce],
      ]),
    ),
    make(
      "a float",
      "TIME_SHAPE",
      shape([
        [6, { float: NOW }],
        [10, nonce],
      ]),
    ),
    make(
      "a text",
      "TIME_SHAPE",
      shape([
        [6, "now"],
        [10, nonce],
      ]),
    ),
    make(
      "nonce of 15 bytes",
      "TIME_SHAPE",
      shape([
        [6, NOW],
        [10, nonce.slice(1)],
      ]),
    ),
    make("no nonce", "TIME_SHAPE", shape([[6, NOW]])),
    make(
      "a claim too many",
      "TIME_SHAPE",
      shape([
        [3, unitId],
        [6, NOW],
        [10, nonce],
      ]),
    ),
    ...envelopes("time", good, true, {}),
    vouch("by the signer of the link", "taken", vouched),
    vouch("for the link above", "TIME_SIGNATURE", vouched, 0),
    vouch("for a link that isn't there", "TIME_SIGNATURE", vouched, 2),
    vouch("by the link's own holder", "TIME_SIGNATURE", signTime(guest, undefined, time)),
    vouch("with a kid", "TIME_SIGNATURE", signTime(owner, CLOCK_KID, time)),
    vouch("over another nonce", "TIME_NONCE", signTime(owner, undefined, { ...time, nonce: other })),
  ];
}

function discharges(): StatementCase[] {
  const chain = toHex(discharged);
  const content = { cti: ctiOf("guest"), nonce };
  const good = signDischarge(second, content);
  const shape = (payload: readonly (readonly [CborKey, Cbor])[]) =>
    raw(second, undefined, payload, "latchkey discharge");
  const make = (name: string, expect: string, bytes: Uint8Array): StatementCase => ({
    name: `discharge: ${name}`,
    input: { kind: "discharge", bytes: toHex(bytes), chain },
    expect,
  });
  return [
    make("by the named key", "taken", good),
    make("by the guest", "DISCHARGE_SIGNATURE", signDischarge(guest, content)),
    make("over another nonce", "DISCHARGE_NONCE", signDischarge(second, { ...content, nonce: other })),
    make(
      "for the grant, which wants none",
      "DISCHARGE_LINK",
      signDischarge(second, { ...content, cti: ctiOf("owner-grant") }),
    ),
    make("for a stranger's link", "DISCHARGE_LINK", signDischarge(second, { ...content, cti: ctiOf("stranger") })),
    make(
      "signed as a time",
      "DISCHARGE_SIGNATURE",
      raw(
        second,
        undefined,
        [
          [7, content.cti],
          [10, nonce],
        ],
        "latchkey time",
      ),
    ),
    make("a time instead", "DISCHARGE_SHAPE", signTime(second, undefined, { timeS: NOW, nonce })),
    make(
      "with a kid",
      "COSE_HEADER",
      raw(
        second,
        CLOCK_KID,
        [
          [7, content.cti],
          [10, nonce],
        ],
        "latchkey discharge",
      ),
    ),
    make(
      "cti of seven bytes",
      "DISCHARGE_SHAPE",
      shape([
        [7, content.cti.slice(1)],
        [10, nonce],
      ]),
    ),
    make(
      "nonce of 17 bytes",
      "DISCHARGE_SHAPE",
      shape([
        [7, content.cti],
        [10, new Uint8Array(17)],
      ]),
    ),
    make(
      "a claim too many",
      "DISCHARGE_SHAPE",
      shape([
        [6, NOW],
        [7, content.cti],
        [10, nonce],
      ]),
    ),
    ...envelopes("discharge", good, false, { chain }),
  ];
}

export function statementCases(): readonly StatementCase[] {
  return [...revocations(), ...deliveries(), ...times(), ...discharges()];
}
