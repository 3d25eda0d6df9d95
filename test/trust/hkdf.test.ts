import { hkdfSync } from "node:crypto";
import { expect, test } from "vitest";
import { fromHex, toHex } from "#base/bytes.ts";
import { hkdf, hkdfExtract, sha512Hash } from "#trust/hkdf.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";

const bytes = (hex: string) => fromHex(hex) as Uint8Array;

/** The hash of the RFC's examples; the product uses SHA-512 alone. */
const sha256Hash = ({ sha256 }: Pick<typeof nodePrimitives, "sha256">) => ({
  digest: sha256,
  blockBytes: 64,
  digestBytes: 32,
});

test("RFC 5869 appendix A.1", () => {
  const hash = sha256Hash(nodePrimitives);
  const salt = bytes("000102030405060708090a0b0c");
  const input = bytes("0b".repeat(22));
  expect(toHex(hkdfExtract(hash, salt, input))).toBe(
    "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
  );
  expect(toHex(hkdf(hash, salt, input, bytes("f0f1f2f3f4f5f6f7f8f9"), 42))).toBe(
    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
  );
});

test.each(["sha256", "sha512"] as const)("agrees with node:crypto over %s at every length", (name) => {
  const hash = name === "sha256" ? sha256Hash(nodePrimitives) : sha512Hash(nodePrimitives);
  for (const [saltBytes, inputBytes, infoBytes, outputBytes] of [
    [0, 16, 0, 32],
    [12, 16, 6, 32],
    [200, 200, 50, 150],
    [64, 1, 9, 1],
  ] as const) {
    const [salt, input, info] = [saltBytes, inputBytes, infoBytes].map((n) => new Uint8Array(n).fill(n)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const expected = new Uint8Array(hkdfSync(name, input, salt, info, outputBytes));
    expect(hkdf(hash, salt, input, info, outputBytes)).toEqual(expected);
  }
});
