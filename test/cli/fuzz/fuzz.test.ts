import { expect, test } from "vitest";
import { ok } from "#base/faults.ts";
import { FUZZ_TARGETS, type FuzzTarget } from "#cli/fuzz/decoders.ts";
import { FuzzFinding, fuzz } from "#cli/fuzz/run.ts";

test.each(Object.entries(FUZZ_TARGETS))("%s refuses what is not its own, never throws", (_, target) => {
  for (const sample of target.samples) target.decode(sample);
  const report = fuzz(target, 3000, 3);
  expect(report.runs).toBe(3000);
  // Half of what a decoder of CBOR sees is well formed: its own rules are asked, not only those of the frame.
  if (target.items !== undefined) expect(report.wellFormed).toBeGreaterThan(1400);
  expect(report.heapGrowthBytes).toBeLessThan(256 * 2 ** 20);
});

test("the samples are taken, so that mutations start from the inside", () => {
  // What is sealed for one handshake is taken by that one alone.
  const sealed = ["edhoc-message-2"];
  for (const [name, target] of Object.entries(FUZZ_TARGETS)) {
    const isTaken = target.samples.some((sample) => target.decode(sample).ok);
    expect(isTaken, name).toBe(!sealed.includes(name));
  }
});

test("mutations get beyond the frame: the rules within a chain are asked one by one", () => {
  const faults = new Set<string>();
  const chain = FUZZ_TARGETS.chain as FuzzTarget;
  const decode = (bytes: Uint8Array) => {
    const read = chain.decode(bytes);
    if (!read.ok) faults.add(read.fault);
    return read;
  };
  fuzz({ ...chain, decode }, 10_000, 5);
  for (const fault of [
    "GRANT_AUDIENCE",
    "GRANT_CLAIM",
    "GRANT_CTI",
    "GRANT_KEY",
    "GRANT_SCOPE",
    "GRANT_TIME",
    "GRANT_VERSION",
  ])
    expect(faults).toContain(fault);
  for (const fault of ["CAVEAT_SHAPE", "CAVEAT_UNKNOWN", "CHAIN_DEPTH", "COSE_ALGORITHM", "COSE_HEADER"])
    expect(faults).toContain(fault);
});

test("it finds what it looks for: a throw, and a second encoding", () => {
  const samples = [Uint8Array.of(1, 2, 3)];
  const throws = {
    decode: (bytes: Uint8Array) => ok(bytes[0] === 2 ? (undefined as never as string).length : 0),
    isCanonical: () => true,
    samples,
  };
  expect(() => fuzz(throws, 5000, 1)).toThrow(FuzzFinding);
  const lax = { decode: () => ok(0), isCanonical: (bytes: Uint8Array) => bytes.length < 5, samples };
  expect(() => fuzz(lax, 5000, 1)).toThrow(/not canonical/);
});
