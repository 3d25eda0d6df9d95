import { describe, expect, test } from "vitest";
import { encodeCbor } from "#codec/cbor.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { signKeyset, signRelease, signTimestamp } from "#trust/releases/sign-release.ts";
import { verifyKeyset } from "#trust/releases/verify-keyset.ts";
import { checkCurrent, type ReleaseFacts, verifyRelease, verifyTimestamp } from "#trust/releases/verify-release.ts";
import type { Keyset } from "#wire/releases/keyset.ts";
import {
  type Component,
  encodeRelease,
  imagesIdOf,
  RELEASE_BYTES_MAX,
  type Release,
  releaseIdOf,
} from "#wire/releases/release.ts";
import { encodeRoleEnvelope, keyNameOf, roleToBeSigned } from "#wire/releases/role-envelope.ts";

const crypto = nodePrimitives;
const seed = (number: number) => new Uint8Array(32).fill(number);
const key = (number: number) => crypto.ed25519PublicKey(seed(number));
const ROOTS = [key(1), key(2), key(3)];
const NEW_ROOTS = [key(4), key(5), key(6)];
const KEYSET: Keyset = {
  version: 7,
  product: "lamp",
  releaseKeys: [key(20)],
  timestampKeys: [key(30)],
  roots: undefined,
};
const bytes = (number: number, byteLength: number) => new Uint8Array(byteLength).fill(number);
const RELEASE: Release = {
  sequence: 70_000,
  product: "lamp",
  hardware: [1, 2],
  notAfterS: 1_900_000_000,
  consent: "auto",
  epoch: 3,
  components: [
    {
      kind: 0,
      imageBytes: 470_000,
      imageRoot: bytes(1, 32),
      transfers: [
        { streamBytes: 300_000, root: bytes(2, 16), base: undefined },
        { streamBytes: 9_000, root: bytes(3, 16), base: bytes(4, 16) },
      ],
    },
    {
      kind: 1,
      imageBytes: 80_000,
      imageRoot: bytes(5, 32),
      transfers: [
        { streamBytes: 25_000, root: bytes(6, 16), base: undefined },
        { streamBytes: 400, root: bytes(7, 16), base: bytes(8, 16) },
      ],
    },
  ],
};
const FACTS: ReleaseFacts = {
  product: "lamp",
  hardware: 2,
  slotBytes: new Map([
    [0, 500_000],
    [1, 100_000],
  ]),
  sequence: 69_999,
  epoch: 3,
  timeFloorS: 1_800_000_000,
  rejected: [bytes(9, 16)],
};
const SIGNED = signRelease(crypto, seed(20), RELEASE);

describe("releases", () => {
  test("come back as they were signed, within 400 bytes for two components with a delta each", () => {
    expect(SIGNED.length).toBeLessThanOrEqual(RELEASE_BYTES_MAX);
    expect(verifyRelease(crypto, SIGNED, KEYSET, FACTS)).toEqual({ ok: true, value: RELEASE });
  });

  test("are refused each by its own fault", () => {
    const verdict = (change: Partial<Release>, facts: Partial<ReleaseFacts> = {}, by = 20) =>
      verifyRelease(crypto, signRelease(crypto, seed(by), { ...RELEASE, ...change }), KEYSET, { ...FACTS, ...facts });
    const cases: [ReturnType<typeof verdict>, string][] = [
      [verdict({}, {}, 30), "RELEASE_ROLE"],
      [verdict({}, {}, 21), "RELEASE_SIGNATURE"],
      [verdict({ hardware: [] }), "RELEASE_SHAPE"],
      [verdict({ components: [] }), "RELEASE_SHAPE"],
      [verdict({ components: [...RELEASE.components].reverse() }), "RELEASE_SHAPE"],
      [verdict({ product: "lock" }), "RELEASE_PRODUCT"],
      [verdict({ hardware: [1, 3] }), "RELEASE_HARDWARE"],
      [verdict({ epoch: 2 }), "RELEASE_EPOCH"],
      [verdict({ sequence: 69_999 }), "RELEASE_ROLLBACK"],
      [verdict({ notAfterS: 1_799_999_999 }), "RELEASE_EXPIRED"],
      [verdict({}, { slotBytes: new Map([[1, 100_000]]) }), "RELEASE_COMPONENT"],
      [verdict({}, { slotBytes: new Map([...FACTS.slotBytes, [1, 79_999]]) }), "RELEASE_COMPONENT"],
      [verdict({}, { rejected: [imagesIdOf(crypto.sha256, RELEASE)] }), "RELEASE_REJECTED"],
    ];
    for (const [got, fault] of cases) expect(got).toEqual({ ok: false, fault });
  });

  test("can't be put together from two good ones", () => {
    const [native, js] = RELEASE.components as [Component, Component];
    const older: Release = { ...RELEASE, sequence: 70_001, components: [native, { ...js, imageRoot: bytes(15, 32) }] };
    const good = [RELEASE, older].map((release) => signRelease(crypto, seed(20), release)) as [Uint8Array, Uint8Array];
    for (const each of good) expect(verifyRelease(crypto, each, KEYSET, FACTS).ok).toBe(true);
    const keyName = keyNameOf(crypto.sha256, key(20));
    const mixtures = [
      { ...RELEASE, components: older.components },
      { ...older, components: RELEASE.components },
      { ...RELEASE, sequence: older.sequence },
    ];
    for (const mixture of mixtures) {
      for (const each of good) {
        const put = encodeRoleEnvelope(keyName, encodeRelease(mixture), each.slice(-64));
        expect(verifyRelease(crypto, put, KEYSET, FACTS)).toEqual({ ok: false, fault: "RELEASE_SIGNATURE" });
      }
    }
  });

  test("stay rejected when the same images are signed again under a new sequence", () => {
    const again = { ...RELEASE, sequence: 80_000, epoch: 4 };
    expect(imagesIdOf(crypto.sha256, again)).toEqual(imagesIdOf(crypto.sha256, RELEASE));
  });

  test("are refused with any bit flipped, cut short or padded", () => {
    for (let at = 0; at < SIGNED.length; at++) {
      const flipped = SIGNED.slice();
      flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
      expect(verifyRelease(crypto, flipped, KEYSET, FACTS).ok, `byte ${at}`).toBe(false);
      expect(verifyRelease(crypto, SIGNED.subarray(0, at), KEYSET, FACTS).ok).toBe(false);
    }
    expect(verifyRelease(crypto, Uint8Array.of(...SIGNED, 0), KEYSET, FACTS).ok).toBe(false);
  });
});

describe("timestamps", () => {
  const nonce = bytes(0x77, 16);
  const releaseId = releaseIdOf(crypto.sha256, SIGNED);
  const deviceId = bytes(0x0a, 12);
  const stamp = { product: "lamp", sequence: 70_000, releaseId, nonce, unixS: 1_850_000_000, deviceId };
  const ask = { product: "lamp", nonce, deviceId };

  test("vouch for the release that they name, over the unit's nonce", () => {
    const verdict = verifyTimestamp(crypto, signTimestamp(crypto, seed(30), stamp), KEYSET, ask);
    expect(verdict).toEqual({ ok: true, value: stamp });
    expect(checkCurrent(stamp, RELEASE, releaseId)).toEqual({ ok: true, value: RELEASE });
  });

  test("are refused when old, from another role, or about something else", () => {
    const verdict = (change: Partial<typeof stamp>, by = 30) =>
      verifyTimestamp(crypto, signTimestamp(crypto, seed(by), { ...stamp, ...change }), KEYSET, ask);
    expect(verdict({ nonce: bytes(0x78, 16) })).toEqual({ ok: false, fault: "TIMESTAMP_NONCE" });
    expect(verdict({ product: "lock" })).toEqual({ ok: false, fault: "TIMESTAMP_NONCE" });
    expect(verdict({}, 20)).toEqual({ ok: false, fault: "TIMESTAMP_ROLE" });
    expect(verdict({}, 31)).toEqual({ ok: false, fault: "TIMESTAMP_SIGNATURE" });
    // The answer to one unit's nonce that names another unit, as the laboratory's, which is given what is untested.
    expect(verdict({ deviceId: bytes(0x0b, 12) })).toEqual({ ok: false, fault: "TIMESTAMP_DEVICE" });
    const first = encodeCbor([1, "lamp", 70_000, releaseId, nonce, 1_850_000_000]);
    const keyName = keyNameOf(crypto.sha256, crypto.ed25519PublicKey(seed(30)));
    const signature = crypto.ed25519Sign(roleToBeSigned("timestamp", keyName, first), seed(30));
    const signed = encodeRoleEnvelope(keyName, first, signature);
    expect(verifyTimestamp(crypto, signed, KEYSET, ask)).toEqual({ ok: false, fault: "TIMESTAMP_VERSION" });
    // A release is no timestamp, whoever signed it.
    expect(verifyTimestamp(crypto, SIGNED, KEYSET, ask).ok).toBe(false);
    expect(checkCurrent({ ...stamp, sequence: 70_001 }, RELEASE, releaseId)).toEqual({
      ok: false,
      fault: "RELEASE_NOT_CURRENT",
    });
    expect(checkCurrent({ ...stamp, releaseId: bytes(1, 16) }, RELEASE, releaseId)).toMatchObject({ ok: false });
    expect(checkCurrent({ ...stamp, sequence: 0 }, RELEASE, releaseId)).toEqual({
      ok: false,
      fault: "RELEASE_WITHDRAWN",
    });
    expect(checkCurrent({ ...stamp, unixS: 1_900_000_001 }, RELEASE, releaseId)).toEqual({
      ok: false,
      fault: "RELEASE_EXPIRED",
    });
  });
});

describe("key sets", () => {
  const trust = { roots: ROOTS, product: "lamp", versionFloor: 7 };

  test("are taken with two of three roots, within 300 bytes", () => {
    const signed = signKeyset(crypto, [seed(3), seed(1)], KEYSET);
    expect(signed.length).toBeLessThanOrEqual(300);
    expect(verifyKeyset(crypto, signed, trust)).toEqual({ ok: true, value: KEYSET });
  });

  test("are refused with one root, one root twice, a stranger, another product, an older version", () => {
    const verdict = (seeds: number[], change: Partial<Keyset> = {}) =>
      verifyKeyset(crypto, signKeyset(crypto, seeds.map(seed), { ...KEYSET, ...change }), trust);
    expect(verdict([1])).toEqual({ ok: false, fault: "KEYSET_SIGNATURES" });
    expect(verdict([1, 1])).toEqual({ ok: false, fault: "KEYSET_SIGNATURES" });
    expect(verdict([1, 9])).toEqual({ ok: false, fault: "KEYSET_SIGNATURES" });
    expect(verdict([1, 2], { product: "lock" })).toEqual({ ok: false, fault: "KEYSET_PRODUCT" });
    expect(verdict([1, 2], { version: 6 })).toEqual({ ok: false, fault: "KEYSET_VERSION" });
    expect(verdict([1, 2], { releaseKeys: [] })).toEqual({ ok: false, fault: "KEYSET_SHAPE" });
  });

  test("change the roots only when two old and two new ones signed", () => {
    const rotation = { ...KEYSET, version: 8, roots: NEW_ROOTS };
    const verdict = (seeds: number[], roots = ROOTS) =>
      verifyKeyset(crypto, signKeyset(crypto, seeds.map(seed), rotation), { ...trust, roots });
    expect(verdict([1, 2, 4, 5]).ok).toBe(true);
    expect(verdict([1, 2])).toEqual({ ok: false, fault: "KEYSET_SIGNATURES" });
    expect(verdict([4, 5, 6])).toEqual({ ok: false, fault: "KEYSET_SIGNATURES" });
    expect(verdict([1, 2, 4])).toEqual({ ok: false, fault: "KEYSET_SIGNATURES" });
    // After a power cut between pinning and storing, the same set is read again under the new roots.
    expect(verdict([1, 2, 4, 5], NEW_ROOTS).ok).toBe(true);
  });

  test("are refused with any byte changed", () => {
    const signed = signKeyset(crypto, [seed(1), seed(2)], KEYSET);
    for (let at = 0; at < signed.length; at++) {
      const flipped = signed.slice();
      flipped[at] = (flipped[at] as number) ^ 0x10;
      expect(verifyKeyset(crypto, flipped, trust).ok, `byte ${at}`).toBe(false);
    }
  });
});
