/**
 * Takes the power of a Linux unit at random moments, again and again: `node bin/run.mjs test/linux/cuts/main.ts`. Moments are drawn from seeds;
 * each result is a line of the results file, so that a later start goes on where the last one stopped. `--table` prints what there is.
 * `--from N` begins at that seed where there is no result yet, for what another machine has run up to there.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildNorProgram, onNorChip } from "./nor.ts";
import { addResult, ofCell, readResults, tableOf } from "./results.ts";
import { type Kind, onThisMachine, type Phase, type Place, runRound } from "./round.ts";
import { openSubject, type Subject } from "./subject.ts";

const { values } = parseArgs({
  options: {
    folder: { type: "string", default: ".cache/linux-cuts" },
    kind: { type: "string", default: "kill,pull,nor" },
    phase: { type: "string", default: "onboarding,update" },
    times: { type: "string", default: "200" },
    from: { type: "string", default: "1" },
    minutes: { type: "string", default: "1000000" },
    table: { type: "boolean", default: false },
  },
});
const path = join(values.folder, "results.jsonl");
const endMs = Date.now() + 60_000 * Number(values.minutes);

async function placeOf(kind: Kind, subject: Subject, folder: string): Promise<Place> {
  if (kind === "kill") return onThisMachine(subject);
  if (kind === "nor") return onNorChip(subject);
  const { whyNoDiskGuest, inDiskGuest } = await import("./disk-guest.ts");
  const lacking = whyNoDiskGuest();
  if (lacking !== undefined) throw new Error(`pulled power: not run: ${lacking}`);
  return inDiskGuest(subject, folder);
}

async function runAll(): Promise<void> {
  for (const kind of values.kind.split(",") as Kind[]) {
    // Each with an identity of its own: both may run at once, and must not hear each other's hello.
    const folder = join(values.folder, kind);
    mkdirSync(folder, { recursive: true });
    const subject = await openSubject(folder, kind === "nor" ? await buildNorProgram(folder) : undefined);
    const place = await placeOf(kind, subject, folder);
    for (const phase of values.phase.split(",") as Phase[]) {
      for (;;) {
        const seed = ofCell(readResults(path), kind, phase).length + Number(values.from);
        if (seed > Number(values.times) || Date.now() > endMs) break;
        const result = await runRound(subject, place, folder, phase, seed);
        addResult(path, result);
        process.stderr.write(`${JSON.stringify(result)}\n`);
      }
    }
  }
}

if (!values.table) await runAll();
process.stdout.write(tableOf(readResults(path)));
