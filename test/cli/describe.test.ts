/** What `latchkey inspect` says of each kind of bytes that we sign. */
import { expect, test } from "vitest";
import { utf8 } from "#base/utf8.ts";
import { describe } from "#cli/describe.ts";
import { decodeCbor, encodeCbor } from "#codec/cbor.ts";
import { signDischarge } from "#trust/grants/discharge.ts";
import { signRevocation } from "#trust/grants/revoke.ts";
import { signKeyset, signRelease, signTimestamp } from "#trust/releases/sign-release.ts";
import { signTime } from "#trust/signed-time.ts";
import { encodeDelivery, joinCtis } from "#wire/grants/revocation.ts";
import {
  ctiOf,
  guestWith,
  issuer,
  NOW,
  owner,
  ownerChain,
  ownerGrant,
  primitives,
  unitId,
} from "../trust/grants/household.ts";

const nonce = new Uint8Array(16).fill(3);
const seed = (name: string) => primitives.sha256(utf8(name));
const root = seed("root");
const audience = { kind: "device", id: unitId } as const;
const revocation = signRevocation(issuer, issuer.kid, {
  audience,
  sequence: 7,
  floor: 2,
  revoked: joinCtis([ctiOf("x")]),
});
const guest = guestWith({ kind: "lanOnly" }, { kind: "moon", fromDegrees: 135, toDegrees: 225 });

/** The last link of a chain by itself. */
function childOf(chain: Uint8Array): Uint8Array {
  const item = decodeCbor(chain);
  const links = item.ok ? (item.value as readonly (readonly Uint8Array[])[])[1] : undefined;
  return encodeCbor(links?.[1] ?? null);
}
const release = {
  ...({ sequence: 3, product: "lamp", hardware: [1], notAfterS: undefined, consent: "auto", epoch: 1 } as const),
  components: [
    {
      kind: 1 as const,
      imageBytes: 5000,
      imageRoot: root,
      transfers: [{ streamBytes: 700, root: nonce, base: undefined }],
    },
  ],
};
const keyset = { version: 2, product: "lamp", releaseKeys: [root], timestampKeys: [root], roots: undefined };
const timestamp = {
  product: "lamp",
  sequence: 3,
  releaseId: nonce,
  nonce,
  unixS: NOW,
  deviceId: nonce.subarray(0, 12),
};

test.each<[kind: string, bytes: Uint8Array, says: readonly string[]]>([
  ["grant", ownerGrant, ["issuer 01", "config", "delegate"]],
  ["child", childOf(guest), ["the holder above", "lanOnly", "moon"]],
  ["chain", ownerChain, ["issuer 01"]],
  ["chain", guest, ["issuer 01", "the holder above", "lanOnly"]],
  ["revocation", revocation, ["issuer 01", '"sequence":7', '"floor":2']],
  ["revocation delivery", encodeDelivery([{ statement: revocation, chain: ownerChain }]), ['"sequence":7', "delegate"]],
  ["signed time", signTime(owner, undefined, { timeS: NOW, nonce }), ["signer of a link", "2027-01-15T08:00:00Z"]],
  ["signed time", signTime(owner, Uint8Array.of(1), { timeS: NOW, nonce }), ["time key 01"]],
  ["discharge", signDischarge(owner, { cti: ctiOf("guest"), nonce }), ['"nonce":"0303']],
  ["release", signRelease(primitives, seed("release"), release), ['"sequence":3', '"product":"lamp"']],
  ["timestamp", signTimestamp(primitives, seed("clock"), timestamp), ['"sequence":3', String(NOW)]],
  ["key set", signKeyset(primitives, [seed("root 1"), seed("root 2")], keyset), ['"version":2']],
])("a %s is named, and says what is in it", (kind, bytes, says) => {
  const described = describe(bytes);
  if (!described.ok) throw new Error(described.fault);
  expect([described.value.kind, described.value.bytes]).toEqual([kind, bytes.length]);
  const content = JSON.stringify(described.value.content);
  for (const word of says) expect(content).toContain(word);
});

test("what is not ours is said to be CBOR, or why it is not even that", () => {
  expect(describe(encodeCbor([1, "x"]))).toMatchObject({ ok: true, value: { kind: "CBOR" } });
  expect(describe(ownerGrant.subarray(0, 40)).ok).toBe(false);
});
