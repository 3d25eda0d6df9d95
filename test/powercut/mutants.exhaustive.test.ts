/**
 * Is the campaign able to see what it looks for? Each mutant is the real source with one safeguard taken out; the
 * campaign must find fault with it. One that survives means that the campaign is blind there.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, expect, test } from "vitest";
import type * as Campaign from "./campaign.ts";
import { GEOMETRIES, type Geometry } from "./flash-model.ts";

interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** What a cut must show. */
  readonly finding: RegExp;
}

const MUTANTS: readonly Mutant[] = [
  {
    name: "records count without their CRC",
    file: "src/wire/flash/record-log.ts",
    from: "if (viewOf(header).getUint32(4, true) === recordCrc(",
    to: "if (true || viewOf(header).getUint32(4, true) === recordCrc(",
    finding: /: brick, /,
  },
  {
    name: "a sector is marked before it is written",
    file: "src/device/ota/install.ts",
    from: "ota.effects.push(...step.value.ops);",
    to: "",
    finding: /sectors were fetched again$/,
  },
  {
    name: "the whole image is not checked",
    file: "src/device/ota/install.ts",
    from: "return equal(imageRootOf(ota.crypto.sha256, ota.read, address, imageBytes), imageRoot);",
    to: "return true;",
    finding: /: rest, /,
  },
  {
    name: "compaction writes the bank's header first",
    file: "src/wire/flash/record-log.ts",
    from: "  let offset = padded(region, HEADER_BYTES);\n  for (const record of records) {",
    to: '  let offset = padded(region, HEADER_BYTES);\n  ops.push({ kind: "flash-write", address: start, bytes: encodeHeader(region, generation) });\n  for (const record of records) {',
    finding: /: brick, /,
  },
  {
    name: "crashes are not counted",
    file: "src/wire/flash/journal.ts",
    from: "crashes: Math.min(255, job.crashes + (isCrash ? 1 : 0)),",
    to: "crashes: job.crashes,",
    finding: /: stuck, /,
  },
  {
    name: "progress is not resumed",
    file: "src/device/ota/install.ts",
    from: "const resume = job.progress[kind] ?? { sectors: 0, block: 0 };",
    to: "const resume = { sectors: 0, block: 0 };",
    finding: /^without a cut: a boot that never ends/,
  },
];

const folder = mkdtempSync(join(tmpdir(), "latchkey-mutants-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The campaign, bundled over sources in which one text is another. */
async function campaignWith(mutant: Mutant | undefined): Promise<typeof Campaign> {
  const outfile = join(folder, `${mutant?.name.replaceAll(" ", "-") ?? "none"}.mjs`);
  let isApplied = mutant === undefined;
  await build({
    entryPoints: ["test/powercut/campaign.ts"],
    bundle: true,
    platform: "node",
    format: "esm",
    outfile,
    plugins: [
      {
        name: "mutant",
        setup(bundling) {
          bundling.onLoad({ filter: /\.ts$/ }, ({ path }) => {
            if (mutant === undefined || path !== resolve(mutant.file)) return undefined;
            const text = readFileSync(path, "utf8");
            isApplied = text.includes(mutant.from);
            const mark =
              'record(ota, state, { kind: "sectorDone", component: component.kind, ...step.value.progress });\n  }';
            const changed = text.replace(mutant.from, mutant.to);
            const isMark = mutant.name.includes("marked before");
            return {
              contents: isMark ? changed.replace(mark, `${mark}\n  ota.effects.push(...step.value.ops);`) : changed,
              loader: "ts",
            };
          });
        },
      },
    ],
  });
  expect(isApplied, "the mutant's text is in the source").toBe(true);
  return import(pathToFileURL(outfile).href);
}

/** The first thing that is wrong after a cut, or undefined when nothing is. */
async function findingOf(mutant: Mutant | undefined): Promise<string | undefined> {
  const { bedsOf, emptyTally, singleCuts } = await campaignWith(mutant);
  const tally = emptyTally();
  try {
    for (const [i, bed] of bedsOf(GEOMETRIES[0] as Geometry).entries()) {
      singleCuts(bed, tally, 5, i);
      if (tally.failures.length > 0) return tally.failures[0];
    }
  } catch (error) {
    return `without a cut: ${(error as Error).message}`;
  }
  return tally.refetchedSectorsMax > 1 ? `${tally.refetchedSectorsMax} sectors were fetched again` : undefined;
}

test("the source as it is passes", async () => {
  expect(await findingOf(undefined)).toBeUndefined();
});

test.each(MUTANTS)("found: $name", async (mutant) => {
  expect(await findingOf(mutant)).toMatch(mutant.finding);
});
