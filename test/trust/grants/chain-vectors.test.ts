/** Runs test/vectors/chains.json, and holds the file against what makes it (LATCHKEY_WRITE_VECTORS=1 writes it anew). */
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fromHex, toHex } from "#base/bytes.ts";
import { FAULTS } from "#base/faults.ts";
import { readZone } from "#codec/posix-tz.ts";
import type { Ask } from "#trust/grants/caveats.ts";
import { type Trust, verifyChain } from "#trust/grants/verify-grant.ts";
import { tweetnaclPrimitives } from "#trust/host/tweetnacl-primitives.ts";
import { joinCtis } from "#wire/grants/revocation.ts";
import { type ChainCase, type ChainInput, chainCases } from "./chain-cases.ts";
import { NOW, primitives, trust } from "./household.ts";

const FILE = "test/vectors/chains.json";
const bytes = (hex: string) => fromHex(hex) as Uint8Array;

/** What the file says about the unit; every case starts from it. */
const unit = {
  id: toHex(trust.id),
  product: trust.product,
  fleet: trust.fleet,
  issuers: trust.issuers.map(({ kid, publicKey }) => ({ kid: toHex(kid), publicKey: toHex(publicKey) })),
  time: { grade: "trusted", earliestS: NOW, latestS: NOW + 1 },
  revocations: [],
  claimed: true,
  fleetCalls: false,
  ask: { right: "call", name: "setLamp", args: { on: true }, arrival: "lan" },
};

function written(cases: readonly ChainCase[]): string {
  const rows = cases.map((each) => `    ${JSON.stringify(each)}`).join(",\n");
  return `{\n  "unit": ${JSON.stringify(unit)},\n  "cases": [\n${rows}\n  ]\n}\n`;
}

if (process.env.LATCHKEY_WRITE_VECTORS === "1") writeFileSync(FILE, written(chainCases()));
const file: { unit: typeof unit; cases: ChainCase[] } = JSON.parse(readFileSync(FILE, "utf8"));

function askOf(input: ChainInput): Ask {
  const { name, args, uses, ...rest } = { ...file.unit.ask, ...input.ask };
  return {
    ...rest,
    ...(name !== null && { name }),
    args: new Map(Object.entries(args)),
    ...(uses !== undefined && { usageOf: () => ({ uses: uses.length, agesS: uses }) }),
  } as Ask;
}

function trustOf(input: ChainInput): Trust {
  const { ask: _, issuers, id, revocations: none, ...rest } = file.unit;
  const { ask: __, chain: ___, revocations = none, vouched = [], zone, ...change } = input;
  const rule = zone === undefined ? undefined : readZone(zone);
  return {
    ...rest,
    ...change,
    primitives,
    ...(rule?.ok && { zone: rule.value }),
    vouched: vouched.map(({ key, floorS }) => ({ key: bytes(key), floorS })),
    id: bytes(id),
    issuers: issuers.map(({ kid, publicKey }) => ({ kid: bytes(kid), publicKey: bytes(publicKey) })),
    revocations: revocations.map(({ key, floor, revoked }) => ({
      key: bytes(key),
      sequence: 0,
      floor,
      revoked: joinCtis(revoked.map(bytes)),
    })),
  } as Trust;
}

test("the committed file is what the cases make", () => {
  expect(readFileSync(FILE, "utf8")).toBe(written(chainCases()));
});

test("two hundred refusals and more, no two of one name, every fault of grants and caveats among them", () => {
  const refused = file.cases.filter((each) => each.expect !== "allowed");
  expect(refused.length).toBeGreaterThanOrEqual(200);
  expect(new Set(file.cases.map((each) => each.name)).size).toBe(file.cases.length);
  const met = new Set(refused.map((each) => each.expect));
  // A kid's form is the envelope's business (COSE_HEADER).
  const faults = Object.keys(FAULTS).filter((fault) => /^(CHAIN|GRANT|CAVEAT)_/.test(fault));
  expect(faults.filter((fault) => !met.has(fault))).toEqual([]);
});

test.each(file.cases)("$name: $expect", ({ input, expect: expected }) => {
  const verdict = verifyChain(bytes(input.chain), askOf(input), trustOf(input));
  expect(verdict.ok ? "allowed" : verdict.fault).toBe(expected);
});

test("tweetnacl comes to the same verdicts as node:crypto", () => {
  const other = tweetnaclPrimitives(primitives);
  const signatures = file.cases.filter(
    ({ expect: e }, i) => e === "GRANT_SIGNATURE" || (e === "allowed" && i % 5 === 0),
  );
  for (const { name, input, expect: expected } of signatures) {
    const verdict = verifyChain(bytes(input.chain), askOf(input), { ...trustOf(input), primitives: other });
    expect(verdict.ok ? "allowed" : verdict.fault, name).toBe(expected);
  }
});
