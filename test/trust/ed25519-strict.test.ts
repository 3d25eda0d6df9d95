import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "#base/bytes.ts";
import { verifyEd25519 } from "#trust/ed25519-strict.ts";
import { browserPrimitives } from "#trust/host/browser-primitives.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { tweetnaclPrimitives } from "#trust/host/tweetnacl-primitives.ts";

const bytes = (hex: string) => fromHex(hex) as Uint8Array;
const verifiers = { node: nodePrimitives, tweetnacl: tweetnaclPrimitives(nodePrimitives), browser: browserPrimitives };

interface Vector {
  readonly comment: string;
  readonly input: { pk: string; msg: string; sig: string };
  readonly expect: string;
}
const own: Vector[] = JSON.parse(readFileSync("test/vectors/ed25519.json", "utf8"));

interface Group {
  readonly publicKey: { pk: string };
  readonly tests: { tcId: number; comment: string; msg: string; sig: string; result: string }[];
}
const WYCHEPROOF = "test/vectors/published/wycheproof/ed25519_test.json";
const groups: Group[] = JSON.parse(readFileSync(WYCHEPROOF, "utf8")).testGroups;

describe.each(Object.entries(verifiers))("with %s", (_, primitives) => {
  test.each(own)("$comment", ({ input, expect: expected }) => {
    const good = verifyEd25519(primitives, bytes(input.msg), bytes(input.sig), bytes(input.pk));
    expect(good ? "accept" : "reject").toBe(expected);
  });

  test("Wycheproof, all 151", () => {
    let agreed = 0;
    for (const group of groups) {
      for (const { tcId, msg, sig, result } of group.tests) {
        const good = verifyEd25519(primitives, bytes(msg), bytes(sig), bytes(group.publicKey.pk));
        expect(good, `tcId ${tcId}`).toBe(result === "valid");
        agreed++;
      }
    }
    expect(agreed).toBe(151);
  });
});

const RFC_8032 = "test/vectors/published/rfc8032/tests_1_2_3.json";
const published: { seed: string; pk: string; msg: string; sig: string }[] = JSON.parse(readFileSync(RFC_8032, "utf8"));
test("RFC 8032 section 7.1: keys, signatures and verdicts of every implementation", () => {
  for (const primitives of [nodePrimitives, browserPrimitives, tweetnaclPrimitives(nodePrimitives)]) {
    for (const { seed, pk, msg, sig } of published) {
      expect(toHex(primitives.ed25519PublicKey(bytes(seed)))).toBe(pk);
      expect(toHex(primitives.ed25519Sign(bytes(msg), bytes(seed)))).toBe(sig);
      expect(verifyEd25519(primitives, bytes(msg), bytes(sig), bytes(pk))).toBe(true);
    }
  }
});

test("the rule is what refuses: tweetnacl alone accepts S + L and a universal signature", () => {
  const raw = verifiers.tweetnacl.ed25519VerifyRaw;
  const plusL = own.find((vector) => vector.comment === "S + 1 L") as Vector;
  expect(raw(bytes(plusL.input.msg), bytes(plusL.input.sig), bytes(plusL.input.pk))).toBe(true);
  const universal = own.find((vector) => vector.comment.startsWith("key of small order 1,")) as Vector;
  expect(raw(bytes(universal.input.msg), bytes(universal.input.sig), bytes(universal.input.pk))).toBe(true);
});
