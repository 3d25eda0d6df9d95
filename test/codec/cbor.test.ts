import { readFileSync } from "node:fs";
import { Decoder, decode as oracleDecode } from "cbor-x";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "#base/bytes.ts";
import { seeded } from "#cli/fuzz/run.ts";
import { type Cbor, decodeCbor, decodeCborSequence, encodeCbor } from "#codec/cbor.ts";

const bytes = (hex: string) => fromHex(hex) as Uint8Array;
const own: { input: string; expect: string }[] = JSON.parse(readFileSync("test/vectors/cbor.json", "utf8"));

test.each(own)("$input is $expect", ({ input, expect: expected }) => {
  const decoded = decodeCbor(bytes(input));
  expect(decoded.ok ? "canonical" : decoded.fault).toBe(expected);
  if (decoded.ok) expect(toHex(encodeCbor(decoded.value))).toBe(input);
});

const APPENDIX_A = "test/vectors/published/cbor/appendix_a.json";
describe("RFC 8949 appendix A", () => {
  const items: { hex: string; roundtrip: boolean }[] = JSON.parse(readFileSync(APPENDIX_A, "utf8"));
  test.each(items)("$hex", ({ hex, roundtrip }) => {
    const decoded = decodeCbor(bytes(hex));
    // The appendix of RFC 7049 still had simple(24) in two bytes; RFC 8949 section 3.3 made it ill-formed.
    expect(decoded.ok).toBe(roundtrip && hex !== "f818");
    if (decoded.ok) expect(toHex(encodeCbor(decoded.value))).toBe(hex);
  });
});

test("values keep their kind", () => {
  const kinds: [string, Cbor][] = [
    ["1b001fffffffffffff", Number.MAX_SAFE_INTEGER],
    ["1b0020000000000000", 2n ** 53n],
    ["3b001ffffffffffffe", -Number.MAX_SAFE_INTEGER],
    ["3b001fffffffffffff", -(2n ** 53n)],
    ["1bffffffffffffffff", 2n ** 64n - 1n],
    ["3bffffffffffffffff", -(2n ** 64n)],
    ["f93c00", { float: 1 }],
    ["f98000", { float: -0 }],
    ["fa5a000000", 2 ** 53],
    ["f94d60", 21.5],
    ["d8641864", { tag: 100, value: 100 }],
    [
      "a2016161616102",
      new Map<string | number, Cbor>([
        ["a", 2],
        [1, "a"],
      ]),
    ],
  ];
  for (const [hex, value] of kinds) {
    expect(toHex(encodeCbor(value))).toBe(hex);
    const decoded = decodeCbor(bytes(hex));
    expect(decoded).toEqual({ ok: true, value });
  }
});

test("bounds hold: depth, size, and a count that no memory is spent on", () => {
  const nested = (depth: number) => bytes(`${"81".repeat(depth)}00`);
  expect(decodeCbor(nested(16)).ok).toBe(true);
  expect(decodeCbor(nested(17))).toEqual({ ok: false, fault: "CBOR_DEPTH" });
  expect(decodeCbor(nested(60000))).toEqual({ ok: false, fault: "CBOR_DEPTH" });
  expect(decodeCbor(new Uint8Array(65537))).toEqual({ ok: false, fault: "CBOR_SIZE" });
  expect(decodeCbor(nested(3), { bytesMax: 4, depthMax: 2 })).toEqual({ ok: false, fault: "CBOR_DEPTH" });
  for (const hex of ["9affffffff", "9bffffffffffffffff", "baffffffff", "5bffffffffffffffff", "7affffffff"]) {
    expect(decodeCbor(bytes(hex))).toEqual({ ok: false, fault: "CBOR_TRUNCATED" });
  }
});

test("a sequence is read to its end", () => {
  expect(decodeCborSequence(bytes("014102f6"))).toEqual({ ok: true, value: [1, Uint8Array.of(2), null] });
  expect(decodeCborSequence(bytes(""))).toEqual({ ok: true, value: [] });
  expect(decodeCborSequence(bytes("0141"))).toEqual({ ok: false, fault: "CBOR_TRUNCATED" });
});

const leaf: fc.Arbitrary<Cbor> = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt(-(2n ** 64n), 2n ** 64n - 1n).map((n) => (n >= -(2n ** 53n) + 1n && n < 2n ** 53n ? Number(n) : n)),
  fc.double().map((n) => (Number.isSafeInteger(n) ? n + 0 : n)),
  fc.float().map((n) => (Number.isSafeInteger(n) ? { float: n } : n)),
  fc.string({ unit: "binary" }),
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom<Cbor>(true, false, null, undefined, { simple: 5 }, { simple: 99 }),
);
const { item } = fc.letrec<{ item: Cbor }>((tie) => ({
  item: fc.oneof(
    { depthSize: "small" },
    leaf,
    fc.array(tie("item"), { maxLength: 5 }),
    fc
      .array(fc.tuple(fc.oneof(fc.integer(), fc.string()), tie("item")), { maxLength: 5 })
      .map((entries) => new Map(entries)),
    fc.record({ tag: fc.nat(), value: tie("item") }),
  ),
}));

test("decode(encode(x)) is x, and there is one encoding", () => {
  fc.assert(
    fc.property(item, (value) => {
      const encoded = encodeCbor(value);
      const decoded = decodeCbor(encoded, { bytesMax: 1e6, depthMax: 64 });
      if (!decoded.ok) throw new Error(decoded.fault);
      expect(encodeCbor(decoded.value)).toEqual(encoded);
    }),
    { seed: 8949, numRuns: 1000 },
  );
});

/** Our value in cbor-x's terms, to compare meanings. */
function plain(value: Cbor): unknown {
  if (typeof value === "bigint") return value;
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Uint8Array) return toHex(value);
  if (value instanceof Map) return new Map([...value].map(([key, each]) => [key, plain(each)]));
  if (typeof value === "object" && value !== null && "float" in value) return value.float;
  return value;
}

function oraclePlain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(oraclePlain);
  if (value instanceof Uint8Array) return toHex(value);
  if (value instanceof Map) return new Map([...value].map(([key, each]) => [key, oraclePlain(each)]));
  if (typeof value === "object" && value !== null) {
    return new Map(Object.entries(value).map(([key, each]) => [key, oraclePlain(each)]));
  }
  return value;
}

test("cbor-x reads our encodings as the same values", () => {
  const shared = fc.letrec<{ item: Cbor }>((tie) => ({
    item: fc.oneof(
      { depthSize: "small" },
      fc.integer(),
      fc.bigInt(2n ** 53n, 2n ** 64n - 1n),
      fc.double({ noNaN: true }).map((n) => (Object.is(n, -0) ? 0 : n)),
      fc.string(),
      fc.uint8Array({ maxLength: 20 }),
      fc.constantFrom<Cbor>(true, false, null, undefined),
      fc.array(tie("item"), { maxLength: 4 }),
      fc
        .array(
          fc.tuple(
            fc.string({ minLength: 1 }).filter((s) => s !== "__proto__"),
            tie("item"),
          ),
          { maxLength: 4 },
        )
        .map((entries) => new Map(entries)),
    ),
  }));
  fc.assert(
    fc.property(shared.item, (value) => {
      expect(oraclePlain(oracleDecode(encodeCbor(value)))).toEqual(plain(value));
    }),
    { seed: 8949, numRuns: 500 },
  );
});

/** Whether a value says something for which cbor-x has a meaning of its own: tags, simple values. */
function isExotic(value: Cbor): boolean {
  if (Array.isArray(value)) return value.some(isExotic);
  if (value instanceof Map) return [...value].some(([, each]) => isExotic(each));
  return typeof value === "object" && value !== null && ("tag" in value || "simple" in value);
}

test("what both of us accept means the same, on bytes that nobody meant", () => {
  const decoder = new Decoder({ mapsAsObjects: false, useRecords: false });
  const below = seeded(8949);
  let compared = 0;
  for (let run = 0; run < 60_000; run++) {
    const input = Uint8Array.from({ length: 1 + below(12) }, () => below(256));
    // Small heads make arrays and maps that end within a few bytes.
    if (below(2) === 0) input[0] = [0x81, 0x82, 0xa1, 0xa2, 0x43, 0x63, 0x19, 0xf9, 0xfa][below(9)] as number;
    const ours = decodeCbor(input);
    if (!ours.ok || isExotic(ours.value)) continue;
    let theirs: unknown;
    try {
      theirs = decoder.decode(input);
    } catch {
      continue;
    }
    compared++;
    expect(oraclePlain(theirs), toHex(input)).toEqual(plain(ours.value));
  }
  expect(compared).toBeGreaterThan(1000);
});
