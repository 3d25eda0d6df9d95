/** Runs test/vectors/statements.json, and holds the file against what makes it (LATCHKEY_WRITE_VECTORS=1 writes it anew). */
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fromHex, toHex } from "#base/bytes.ts";
import type { Result } from "#base/faults.ts";
import { checkDischarge } from "#trust/grants/discharge.ts";
import { type OpenChain, openChain } from "#trust/grants/open-chain.ts";
import { applyDelivery, applyRevocation } from "#trust/grants/revoke.ts";
import { checkTime, checkVouch } from "#trust/signed-time.ts";
import { issuer, primitives, trust } from "./household.ts";
import { CLOCK_KID, clock, nonce, type StatementCase, type StatementInput, statementCases } from "./statement-cases.ts";

const FILE = "test/vectors/statements.json";
const bytes = (hex: string) => fromHex(hex) as Uint8Array;
const unit = {
  id: toHex(trust.id),
  product: trust.product,
  fleet: trust.fleet,
  issuers: trust.issuers.map(({ kid, publicKey }) => ({ kid: toHex(kid), publicKey: toHex(publicKey) })),
  timeKeys: [{ kid: toHex(CLOCK_KID), publicKey: toHex(clock.publicKey) }],
  nonce: toHex(nonce),
};

function written(cases: readonly StatementCase[]): string {
  const rows = cases.map((each) => `    ${JSON.stringify(each)}`).join(",\n");
  return `{\n  "unit": ${JSON.stringify(unit)},\n  "cases": [\n${rows}\n  ]\n}\n`;
}

if (process.env.LATCHKEY_WRITE_VECTORS === "1") writeFileSync(FILE, written(statementCases()));
const { cases }: { cases: StatementCase[] } = JSON.parse(readFileSync(FILE, "utf8"));

function open(hex: string): OpenChain {
  const chain = openChain(bytes(hex), trust);
  if (!chain.ok) throw new Error(chain.fault);
  return chain.value;
}

function taken({ kind, bytes: hex, chain, known, link = 0 }: StatementInput): Result<unknown> {
  const statement = bytes(hex);
  const timeKeys = unit.timeKeys.map(({ kid, publicKey }) => ({ kid: bytes(kid), publicKey: bytes(publicKey) }));
  const revocations = known === undefined ? [] : [{ key: issuer.publicKey, ...known, revoked: new Uint8Array(0) }];
  switch (kind) {
    case "revocation":
      return applyRevocation(revocations, statement, trust, chain === undefined ? undefined : open(chain));
    case "delivery":
      return applyDelivery(statement, trust);
    case "time":
      return checkTime(primitives, statement, nonce, timeKeys);
    case "vouching":
      return checkVouch(primitives, statement, nonce, open(chain as string), link);
    case "discharge":
      return checkDischarge(primitives, statement, nonce, open(chain as string));
  }
}

test("the committed file is what the cases make, no two of one name", () => {
  expect(readFileSync(FILE, "utf8")).toBe(written(statementCases()));
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
});

test.each(cases)("$name: $expect", ({ input, expect: expected }) => {
  const result = taken(input);
  expect(result.ok ? "taken" : result.fault).toBe(expected);
});
