/**
 * Is the harness on the host able to see what it looks for? Each mutant is the boards' own C, or their bundle, with one
 * safeguard taken out; a few cuts must find fault with it, and none with the code as it is.
 */
import { beforeAll, expect, test } from "vitest";
import type { TearMode } from "#boards/sim/host/flash-file.ts";
import type { Edits } from "#factory/bundle/faults.ts";
import { JOURNAL_KIND } from "#wire/flash/journal.ts";
import { type HostBed, type HostCase, hostBed, judgeHost, type Weakening } from "./host-cuts.ts";

interface Mutant {
  readonly name: string;
  /** What is edited: C below firmware/, or TypeScript of the bundle. */
  readonly file: string;
  readonly edits: readonly (readonly [from: string, to: string])[];
  readonly cases: (bed: HostBed) => readonly HostCase[];
  /** What a case must show. That a run makes no progress is no finding: the machine may be at fault. */
  readonly finding: RegExp;
}

/** The numbers of the operations that write a record of this kind to the journal. */
function records({ board, operations }: HostBed, kind: keyof typeof JOURNAL_KIND): readonly number[] {
  const { start, bytes } = board.flash.regions.journal as { start: number; bytes: number };
  return [...operations.entries()]
    .filter(
      ([
        ,
        {
          address,
          bytes: [, , third],
        },
      ]) => address >= start && address < start + bytes && third === JOURNAL_KIND[kind],
    )
    .map(([number]) => number);
}

const cutsAt = (numbers: readonly number[], ...tears: readonly TearMode[]): readonly HostCase[] =>
  numbers.flatMap((at) => tears.map((tear) => ({ cut: { at, tear } })));

/** The first sector's record, the writes of the second one's pages, and its record. */
function secondSector(bed: HostBed): readonly number[] {
  const [first = 0, second = 0] = records(bed, "sectorDone");
  return Array.from({ length: second - first + 1 }, (_, i) => first + i);
}

/** A bit of the native image's first sector turns before the operation. */
const rotAt = ({ board }: HostBed, at: number): HostCase => ({
  rot: { at, address: (board.flash.regions.nativeB?.start ?? 0) + board.flash.sectorBytes + 40 },
});

/** The operations that complete the code compiled at the first start: the last is its tag. */
function codeHead({ board, operations }: HostBed): readonly number[] {
  const { start = 0 } = board.flash.regions.codeA ?? {};
  const isHead = (address: number) => address >= start && address < start + 64;
  return operations.flatMap(({ kind, address }, at) => (kind === "write" && isHead(address) ? [at] : []));
}

const MUTANTS: readonly Mutant[] = [
  {
    name: "the boot stage counts records without their CRC",
    file: "boot/record-log.c",
    edits: [["if (record_crc(&log, head, payload, length) == said) visit(", "visit("]],
    cases: (bed) => cutsAt(records(bed, "confirmed"), "half", "last-byte"),
    finding: /^boot: no image verifies/,
  },
  {
    name: "the bundle counts records without their CRC",
    file: "src/wire/flash/record-log.ts",
    edits: [
      [
        "if (viewOf(header).getUint32(4, true) === recordCrc(",
        "if (true || viewOf(header).getUint32(4, true) === recordCrc(",
      ],
    ],
    cases: (bed) => cutsAt([...records(bed, "begin"), ...records(bed, "sectorDone").slice(0, 2)], "half", "last-byte"),
    finding: /^it gave up what it had fetched/,
  },
  {
    name: "a sector is marked before it is written",
    file: "src/device/ota/install.ts",
    edits: [
      ["  ota.effects.push(...step.value.ops);\n", ""],
      [
        "component: component.kind, ...step.value.progress });\n  }",
        "component: component.kind, ...step.value.progress });\n  }\n  ota.effects.push(...step.value.ops);",
      ],
    ],
    cases: (bed) => cutsAt(secondSector(bed), "before"),
    finding: /^it gave up what it had fetched/,
  },
  {
    name: "the whole image is not checked before its trial",
    file: "src/device/ota/install.ts",
    edits: [
      ["return equal(imageRootOf(ota.crypto.sha256, ota.read, address, imageBytes), imageRoot);", "return true;"],
    ],
    cases: (bed) => [rotAt(bed, records(bed, "sectorDone")[2] as number)],
    finding: /^state 1 2 rejected/,
  },
  {
    name: "the boot stage does not check the whole image",
    file: "boot/slot.c",
    edits: [["return memcmp(root, component.root, sizeof root) == 0;", "return true;"]],
    cases: (bed) => records(bed, "trial").map((at) => rotAt(bed, at)),
    finding: /^slot nativeB does not hold what was signed$/,
  },
  {
    name: "compiled code is believed without its tag",
    file: "main/code.c",
    edits: [["if (sodium_memcmp(tag, there, CODE_TAG_BYTES) != 0) return false;", ""]],
    cases: (bed) => cutsAt(codeHead(bed), "half"),
    finding: /^it (ended|started again and again)/,
  },
];

function weakeningOf({ name, file, edits }: Mutant): Weakening {
  const edit = (text: string) =>
    edits.reduce((changed, [from, to]) => {
      expect(changed, "the mutant's text is in the source").toContain(from);
      return changed.replace(from, to);
    }, text);
  const one: Edits = new Map([[file, edit]]);
  return file.startsWith("src/") ? { bundle: one } : { c: { as: name.replaceAll(/\W+/g, "-"), edits: one } };
}

/** What goes wrong in the first of the cases in which something does. */
async function findingOf(bed: HostBed, cases: readonly HostCase[]): Promise<string | undefined> {
  for (const each of cases) {
    try {
      const again = await judgeHost(bed, each);
      if (again > 1) return `${again} sectors were fetched again`;
    } catch (error) {
      return (error as Error).message;
    }
  }
  return undefined;
}

let plain: HostBed;
beforeAll(async () => {
  plain = await hostBed("update");
});

test.each(MUTANTS)("found: $name", async (mutant) => {
  const cases = mutant.cases(plain);
  expect(cases.length).toBeGreaterThan(0);
  expect(await findingOf(plain, cases), "the code as it is").toBeUndefined();
  const bed = await hostBed("update", { weakening: weakeningOf(mutant) });
  expect(await findingOf(bed, mutant.cases(bed))).toMatch(mutant.finding);
});
