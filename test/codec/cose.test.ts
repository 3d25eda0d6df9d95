import { createPublicKey, verify } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "#base/bytes.ts";
import { type Cbor, type CborMap, decodeCbor } from "#codec/cbor.ts";
import { encodeHeader, HEADER, readSign1, sign1ToBeSigned, signToBeSigned, untag } from "#codec/cose.ts";
import { verifyEd25519 } from "#trust/ed25519-strict.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { readRequestRecord } from "#trust/sessions/sealed-record.ts";
import { readGrant } from "#wire/grants/grant.ts";
import { readTime } from "#wire/grants/signed-time.ts";
import { readSigned } from "#wire/signed.ts";

const bytes = (hex: string) => fromHex(hex) as Uint8Array;
function decoded(hex: string): Cbor {
  const result = decodeCbor(bytes(hex));
  if (!result.ok) throw new Error(result.fault);
  return result.value;
}
const NONE = new Uint8Array(0);

test("a COSE_Sign1 of RFC 8152 appendix C.2.1's shape comes apart and its signed bytes are rebuilt", () => {
  const { tags, inner } = untag(decoded("d28443a10127a042010243aabbcc"));
  expect(tags).toEqual([18]);
  const sign1 = readSign1(inner);
  if (!sign1.ok) throw new Error(sign1.fault);
  expect(sign1.value.protectedHeader.get(HEADER.alg)).toBe(-8);
  expect(toHex(sign1ToBeSigned(sign1.value.protectedBytes, NONE, sign1.value.payload))).toBe(
    "846a5369676e61747572653143a1012740420102",
  );
});

test.each([
  ["00", "COSE_SHAPE"],
  ["8343a10127a04100", "COSE_SHAPE"],
  ["8443a10127a0f64100", "COSE_SHAPE"],
  ["8443a10127a041004161", undefined],
  ["8443a10127a041006161", "COSE_SHAPE"],
  ["8443a101278041004100", "COSE_SHAPE"],
  ["8441a0a041004100", undefined],
  ["844180a041004100", "COSE_SHAPE"],
  ["84a0a041004100", "COSE_SHAPE"],
  ["84440101a027a041004100", "CBOR_TRAILING"],
  ["8444a1180127a041004100", "CBOR_NOT_SHORTEST"],
])("%s as COSE_Sign1: %s", (hex, fault) => {
  const sign1 = readSign1(decoded(hex));
  expect(sign1.ok ? undefined : sign1.fault).toBe(fault);
});

interface Example {
  readonly fail?: boolean;
  readonly input: { sign0?: Signer; sign?: { signers: Signer[] }; encrypted?: object };
  readonly intermediates: {
    ToBeSign_hex?: string;
    AAD_hex?: string;
    signers?: { ToBeSign_hex?: string }[];
  };
  readonly output: { cbor: string };
}
interface Signer {
  readonly key: { crv: string; x_hex?: string; x?: string; y?: string; y_hex?: string };
  readonly external?: string;
}
const ROOT = "test/vectors/published/cose-wg";
const examples = readdirSync(ROOT, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".json"))
  .map((path) => [path, JSON.parse(readFileSync(`${ROOT}/${path}`, "utf8"))] as [string, Example]);

describe("COSE WG examples", () => {
  const sign1 = examples.filter(([, { input }]) => input.sign0 !== undefined);
  test.each(sign1)("%s: signed bytes", (_, example) => {
    const read = readSign1(untag(decoded(example.output.cbor.toLowerCase())).inner);
    if (!read.ok) throw new Error(read.fault);
    const external = bytes(example.input.sign0?.external ?? "");
    const toBeSigned = sign1ToBeSigned(read.value.protectedBytes, external, read.value.payload);
    const same = toHex(toBeSigned) === example.intermediates.ToBeSign_hex?.toLowerCase();
    if (example.fail !== true) expect(same).toBe(true);
    const key = example.input.sign0?.key;
    // node:crypto judges what we rebuilt: the failing examples changed header, signature or tag after signing.
    if (key?.crv === "P-256") {
      const isTagged = untag(decoded(example.output.cbor.toLowerCase())).tags.every((tag) => tag === 18);
      const good = verify("sha256", toBeSigned, { key: p256(key), dsaEncoding: "ieee-p1363" }, read.value.signature);
      expect(good && isTagged).toBe(example.fail !== true);
    }
    if (key?.crv === "Ed25519") {
      expect(verifyEd25519(nodePrimitives, toBeSigned, read.value.signature, bytes(key.x_hex ?? ""))).toBe(true);
      const signature = read.value.signature.map((byte, i) => (i === 9 ? byte ^ 1 : byte));
      expect(verifyEd25519(nodePrimitives, toBeSigned, signature, bytes(key.x_hex ?? ""))).toBe(false);
    }
  });

  const sign = examples.filter(([, { input }]) => input.sign !== undefined);
  test.each(sign)("%s: signed bytes of each signer", (_, example) => {
    const [bodyProtected, , payload, signatures] = untag(decoded(example.output.cbor.toLowerCase()))
      .inner as readonly Cbor[];
    (signatures as readonly (readonly Cbor[])[]).forEach(([signProtected, , signature], i) => {
      const toBeSigned = signToBeSigned(
        bodyProtected as Uint8Array,
        signProtected as Uint8Array,
        bytes(example.input.sign?.signers[i]?.external ?? ""),
        payload as Uint8Array,
      );
      expect(toHex(toBeSigned)).toBe(example.intermediates.signers?.[i]?.ToBeSign_hex?.toLowerCase());
      const key = example.input.sign?.signers[i]?.key;
      if (key?.crv === "Ed25519") {
        const good = verifyEd25519(nodePrimitives, toBeSigned, signature as Uint8Array, bytes(key.x_hex ?? ""));
        expect(good).toBe(true);
      }
    });
  });
});

/** The key of an example as node:crypto wants it. */
function p256({ x, x_hex, y, y_hex }: Signer["key"]) {
  const base64 = (text: string | undefined, hex: string | undefined) =>
    text ?? Buffer.from(hex ?? "", "hex").toString("base64url");
  const jwk = { kty: "EC", crv: "P-256", x: base64(x, x_hex), y: base64(y, y_hex) };
  return createPublicKey({ key: jwk, format: "jwk" });
}

describe("no COSE WG example passes for a statement, a grant or a record of ours", () => {
  const REFUSALS = {
    sign0: ["COSE_EDDSA", "COSE_ALGORITHM", "COSE_UNPROTECTED", "COSE_TAG"],
    sign: ["COSE_TAG"],
    mac: ["COSE_TAG"],
    mac0: ["COSE_TAG"],
    enveloped: ["COSE_TAG"],
    encrypted: ["COSE_TAG"],
  };
  test.each(examples)("%s", (_, { input, output }) => {
    const encoded = bytes(output.cbor.toLowerCase());
    const [, allowed] = Object.entries(REFUSALS).find(([kind]) => kind in input) ?? ["", []];
    const item = decodeCbor(encoded);
    // Some of RFC 8152's maps are not in deterministic order.
    const signed = item.ok ? readSigned(item.value, [18], "optional") : item;
    expect([...allowed, "CBOR_KEY_ORDER"]).toContain(signed.ok ? "accepted" : signed.fault);
    expect(readGrant(encoded).ok || readTime(encoded).ok || readRequestRecord(encoded).ok).toBe(false);
  });
});

test("an empty header is the empty string", () => {
  expect(encodeHeader(new Map() as CborMap)).toEqual(NONE);
});
