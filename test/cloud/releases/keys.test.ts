import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createTimestampSigner } from "#cloud/issuer/timestamp-signer.ts";
import { newKeySet, readPublicKeys, rotateKey } from "#cloud/releases/key-set-files.ts";
import { buildRelease, signReleaseFile } from "#cloud/releases/release-build.ts";
import { decodeCbor } from "#codec/cbor.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { decodeReleaseFile, encodeReleaseFile, type ReleaseFile } from "#trust/host/release-file.ts";
import { verifyKeyset } from "#trust/releases/verify-keyset.ts";
import { openRelease } from "#trust/releases/verify-release.ts";
import { COMPONENT, RELEASE_BYTES_MAX } from "#wire/releases/release.ts";
import { noise } from "../broker/linked-unit.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-keys-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;
const fresh = () => join(folder, String(made++));

function build(
  images: readonly (readonly [number, Uint8Array])[],
  bases: readonly ReleaseFile[] = [],
  sequence = 1,
): ReleaseFile {
  const consent = "auto" as const;
  const plan = { product: "lamp", sequence, hardware: [1], consent, epoch: 0, notAfterS: undefined, bases };
  return buildRelease({ ...plan, images: new Map(images) });
}

describe("a product's keys", () => {
  it("are made once, each for its owner's eyes only, with a key set that a unit takes", () => {
    const keys = fresh();
    const { roots, keyset, signedKeyset } = newKeySet(keys, "lamp");
    const names = readdirSync(keys).sort();
    expect(names).toEqual([
      "keyset.cose",
      "release.key",
      "root-1.key",
      "root-2.key",
      "root-3.key",
      "roots.json",
      "timestamp.key",
    ]);
    for (const name of names.filter((each) => each.endsWith(".key")))
      expect(statSync(join(keys, name)).mode & 0o777).toBe(0o600);
    expect(verifyKeyset(nodePrimitives, signedKeyset, { roots, product: "lamp", versionFloor: 0 }).ok).toBe(true);
    expect(keyset.version).toBe(1);
    expect(() => newKeySet(keys, "lamp")).toThrow(/never overwritten/);
    chmodSync(join(keys, "release.key"), 0o644);
    expect(() => readKeyFile(join(keys, "release.key"), "release")).toThrow(/others may read .*chmod 600/);
  });

  it("let a release key be rotated with an overlap, or revoked at once", () => {
    const keys = fresh();
    const first = newKeySet(keys, "lamp");
    const old = readKeyFile(join(keys, "release.key"), "release");
    const signed = signReleaseFile(build([[COMPONENT.js, noise(5_000)]]), old.seed).signed as Uint8Array;
    const second = rotateKey(keys, { role: "release", revoke: false });
    expect(second.keyset.version).toBe(2);
    expect(openRelease(nodePrimitives, signed, second.keyset).ok).toBe(true);
    const third = rotateKey(keys, { role: "release", revoke: true });
    expect(openRelease(nodePrimitives, signed, third.keyset)).toEqual({ ok: false, fault: "RELEASE_SIGNATURE" });
    expect(third.keyset.releaseKeys).toHaveLength(1);
    const trust = { roots: first.roots, product: "lamp", versionFloor: 2 };
    expect(verifyKeyset(nodePrimitives, third.signedKeyset, trust).ok).toBe(true);
    expect(verifyKeyset(nodePrimitives, first.signedKeyset, trust)).toEqual({ ok: false, fault: "KEYSET_VERSION" });
    expect(existsSync(join(keys, "release.key.old-1"))).toBe(true);
  });

  it("let a root be replaced by the two that stay, and refuse fewer or strange ones", () => {
    const keys = fresh();
    const before = newKeySet(keys, "lamp");
    expect(() => rotateKey(keys, { role: "root", revoke: true })).toThrow(/say which root goes/);
    const after = rotateKey(keys, { role: "root", root: 2, revoke: true });
    expect(
      verifyKeyset(nodePrimitives, after.signedKeyset, { roots: before.roots, product: "lamp", versionFloor: 1 }).ok,
    ).toBe(true);
    expect(after.roots[1]).not.toEqual(before.roots[1]);
    expect(readPublicKeys(keys).roots).toEqual(after.roots);
    const strangers = fresh();
    newKeySet(strangers, "lamp");
    const signers = [join(keys, "root-1.key"), join(strangers, "root-1.key")];
    expect(() => rotateKey(keys, { role: "release", revoke: false, signers })).toThrow(/signed by two roots that stay/);
  });

  it("keep each change of roots for units that were off meanwhile, which climb from one set to the next", () => {
    const keys = fresh();
    const before = newKeySet(keys, "lamp");
    expect(before.message).toEqual(before.signedKeyset);
    for (const root of [1, 2, 3]) rotateKey(keys, { role: "root", root, revoke: true });
    const after = rotateKey(keys, { role: "release", revoke: false });
    const jump = verifyKeyset(nodePrimitives, after.signedKeyset, { ...before, versionFloor: 1 });
    expect(jump).toEqual({ ok: false, fault: "KEYSET_SIGNATURES" });
    const sets = decodeCbor(after.message);
    expect(sets.ok && (sets.value as readonly unknown[]).length).toBe(4);
    let trust = { roots: before.roots, product: "lamp", versionFloor: 1 };
    for (const set of (sets.ok ? sets.value : []) as readonly Uint8Array[]) {
      const verdict = verifyKeyset(nodePrimitives, set, trust);
      if (!verdict.ok) throw new Error(verdict.fault);
      trust = { ...trust, roots: verdict.value.roots ?? trust.roots, versionFloor: verdict.value.version };
    }
    expect(trust).toEqual({ roots: after.roots, product: "lamp", versionFloor: 5 });
    for (let i = 0; i < 12; i++) rotateKey(keys, { role: "root", root: 1 + (i % 3), revoke: true });
    expect(readPublicKeys(keys).message.length).toBeLessThanOrEqual(4_096);
  });

  it("are refused by the cloud when they don't belong together", () => {
    const [one, two] = [fresh(), fresh()];
    newKeySet(one, "lamp");
    newKeySet(two, "lamp");
    expect(() => createTimestampSigner([one, two])).toThrow(/two key folders are for lamp/);
    expect(() => createTimestampSigner([fresh()])).toThrow(/latchkey keys new/);
    rmSync(join(one, "timestamp.key"));
    expect(() => createTimestampSigner([one])).toThrow(/no key file .*timestamp\.key/);
  });
});

describe("a release file", () => {
  it("holds a delta where that is smaller, whole images always, and stays within what a unit takes", () => {
    const old = noise(40_000);
    const edited = Uint8Array.from(old);
    edited.set(noise(20, 9), 20_000);
    const first = build([
      [COMPONENT.native, noise(30_000, 3)],
      [COMPONENT.js, old],
    ]);
    const second = build(
      [
        [COMPONENT.native, noise(30_000, 3)],
        [COMPONENT.js, edited],
      ],
      [first],
      2,
    );
    const js = second.release.components.find(({ kind }) => kind === COMPONENT.js);
    expect(js?.transfers).toHaveLength(2);
    expect(js?.transfers[0]?.streamBytes).toBeLessThan(1_000);
    const keys = fresh();
    newKeySet(keys, "lamp");
    const signed = signReleaseFile(second, readKeyFile(join(keys, "release.key"), "release").seed);
    expect(signed.signed?.length).toBeLessThanOrEqual(RELEASE_BYTES_MAX);
    expect(decodeReleaseFile(encodeReleaseFile(signed), "x").release).toEqual(second.release);
  });

  it("leaves out deltas that would make the release too long for a unit", () => {
    const bases = Array.from({ length: 12 }, (_, i) => {
      const image = noise(8_000);
      image[i * 100] = 1 ^ (image[i * 100] as number);
      return build([[COMPONENT.js, image]], [], i + 1);
    });
    const keys = fresh();
    newKeySet(keys, "lamp");
    const file = build([[COMPONENT.js, noise(8_000)]], bases, 20);
    const { signed } = signReleaseFile(file, readKeyFile(join(keys, "release.key"), "release").seed);
    expect(signed?.length).toBeLessThanOrEqual(RELEASE_BYTES_MAX);
    expect(file.release.components[0]?.transfers.length).toBeGreaterThan(2);
  });

  it("refuses what is none", () => {
    expect(() => decodeReleaseFile(noise(500), "a.release")).toThrow("a.release is no release file; build it again");
    const file = encodeReleaseFile(build([[COMPONENT.js, noise(9_000)]]));
    for (const at of [3, 60, 5_000, 12_000]) {
      const broken = Uint8Array.from(file);
      broken[at] = 0x55 ^ (broken[at] as number);
      expect(() => decodeReleaseFile(broken, "a.release")).toThrow(/^a\.release /);
    }
    expect(() => build([])).toThrow(/a release has an image at least/);
    expect(() => build([[COMPONENT.js, new Uint8Array(4_194_305)]])).toThrow(/the js image is 4194305 bytes; a unit/);
    expect(() => build([[COMPONENT.js, noise(1_050_000)]])).toThrow(/the js image is 1\d{6} bytes compressed; a unit/);
  });

  it("holds an image of more than 1 MB whose stream is shorter", () => {
    const image = new Uint8Array(1_200_000);
    image.set(noise(60_000), 1_100_000);
    const keys = fresh();
    newKeySet(keys, "lamp");
    const file = build([[COMPONENT.native, image]]);
    const { signed } = signReleaseFile(file, readKeyFile(join(keys, "release.key"), "release").seed);
    expect(decodeReleaseFile(encodeReleaseFile({ ...file, signed }), "x").release.components[0]?.imageBytes).toBe(
      1_200_000,
    );
  });
});
