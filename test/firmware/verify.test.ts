/** Signatures are judged on the emulated boards as the vectors say: the strict rule, libsodium below it. */
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { fromHex } from "#base/bytes.ts";
import { type StartVerifier, verifierEntry } from "#boards/verifier/board-verifier.ts";
import { buildScript } from "#factory/bundle/bundle.ts";
import { testOnNativeBoards } from "../tier.ts";

interface Vector {
  readonly comment: string;
  readonly input: { readonly pk: string; readonly msg: string; readonly sig: string };
  readonly expect: string;
}

const WYCHEPROOF = "test/vectors/published/wycheproof/ed25519_test.json";

/** Wycheproof's own cases. Its `acceptable` does not occur for Ed25519. */
function wycheproof(): readonly Vector[] {
  const file = JSON.parse(readFileSync(WYCHEPROOF, "utf8")) as {
    testGroups: { publicKey: { pk: string }; tests: { tcId: number; msg: string; sig: string; result: string }[] }[];
  };
  return file.testGroups.flatMap(({ publicKey: { pk }, tests }) =>
    tests.map(({ tcId, msg, sig, result }) => ({
      comment: `wycheproof ${tcId}`,
      input: { pk, msg, sig },
      expect: result === "valid" ? "accept" : "reject",
    })),
  );
}

testOnNativeBoards("%s judges every vector as this machine does", async (board) => {
  const { startVerifier } = (await import(`../../boards/${board}/host/verifier.ts`)) as {
    startVerifier: StartVerifier;
  };
  const verifier = await startVerifier((await buildScript(verifierEntry(board))).bytes);
  const wrong: string[] = [];
  const vectors = [...(JSON.parse(readFileSync("test/vectors/ed25519.json", "utf8")) as Vector[]), ...wycheproof()];
  try {
    for (const { comment, input, expect: want } of vectors) {
      const [publicKey, message, signature] = [input.pk, input.msg, input.sig].map((hex) => fromHex(hex) as Uint8Array);
      const good = await verifier.verify({
        publicKey: publicKey as Uint8Array,
        message: message as Uint8Array,
        signature: signature as Uint8Array,
      });
      if ((good ? "accept" : "reject") !== want) wrong.push(comment);
    }
  } finally {
    await verifier.close();
  }
  expect(wrong).toEqual([]);
  expect(vectors.length).toBeGreaterThan(20);
});
