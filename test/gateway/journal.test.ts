/** Entries on their way to the store, when the process ends before, during and after they get there. */
import { appendFileSync, copyFileSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { openJournal } from "#gateway/journal.ts";
import { openGatewayStore } from "#gateway/store/schema.ts";

const root = mkdtempSync(join(tmpdir(), "latchkey-journal-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** What a process that was killed at this moment left behind. */
function imageOf(folder: string): string {
  const image = mkdtempSync(join(root, "image-"));
  for (const name of readdirSync(folder)) copyFileSync(join(folder, name), join(image, name));
  return image;
}

async function open(folder = mkdtempSync(join(root, "data-"))) {
  const store = await openGatewayStore(join(folder, "gateway.db"));
  const failed: unknown[] = [];
  const journal = await openJournal({
    ...{ store, folder, nowMs: () => 1_800_000_000_000, onFatal: (error) => void failed.push(error) },
  });
  return {
    ...{ folder, journal, failed },
    note: (...whats: string[]) => whats.map((what) => journal.add({ who: "ann", what, outcome: "done" })),
    async whats() {
      await journal.settled();
      return [(await journal.list(200)).map(({ what }) => what).reverse(), await journal.faults()];
    },
    async close() {
      await journal.close();
      await store.close();
    },
  };
}

it("has what was added before a kill, once and in its order, whether or not it reached the store", async () => {
  const first = await open();
  first.note("1", "2");
  const early = imageOf(first.folder);
  await first.journal.settled();
  first.note("3");
  const late = imageOf(first.folder);
  await first.close();
  expect(statSync(join(early, "journal.0")).mode & 0o077).toBe(0);

  for (const [image, expected] of [
    [early, ["1", "2", "4"]],
    [late, ["1", "2", "3", "4"]],
  ] as const) {
    const next = await open(image);
    next.note("4");
    expect(await next.whats()).toEqual([expected, []]);
    await next.close();
    const again = await open(imageOf(image));
    expect(await again.whats()).toEqual([expected, []]);
    await again.close();
  }
});

it("does not double what is in the store already and was not removed from the spool yet", async () => {
  const first = await open();
  first.note("1", "2");
  const spooled = imageOf(first.folder);
  await first.close();
  copyFileSync(join(spooled, "journal.0"), join(first.folder, "journal.0"));
  // A line that the end of the process cut off was acknowledged to nobody.
  appendFileSync(join(first.folder, "journal.0"), '{"number":3,"at_ms":18');
  const next = await open(imageOf(first.folder));
  next.note("3");
  expect(await next.whats()).toEqual([["1", "2", "3"], []]);
  expect(next.failed).toEqual([]);
  await next.close();
});
