/** Counts of uses, when the process ends before and after they get to the store. */
import { copyFileSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { openUses } from "#gateway/oauth/uses.ts";
import { openGatewayStore } from "#gateway/store/schema.ts";

const root = mkdtempSync(join(tmpdir(), "latchkey-uses-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** What a process that was killed at this moment left behind. */
function imageOf(folder: string): string {
  const image = mkdtempSync(join(root, "image-"));
  for (const name of readdirSync(folder)) copyFileSync(join(folder, name), join(image, name));
  return image;
}

const START_MS = 1_800_000_000_000;

async function open(folder = mkdtempSync(join(root, "data-"))) {
  const store = await openGatewayStore(join(folder, "gateway.db"));
  let nowMs = START_MS;
  const failed: unknown[] = [];
  const uses = await openUses({ store, folder, nowMs: () => nowMs, onFatal: (error) => void failed.push(error) });
  return {
    ...{ folder, uses, failed, store },
    wait: (seconds: number) => {
      nowMs += seconds * 1_000;
    },
    async close() {
      await uses.close();
      await store.close();
    },
  };
}

const open5 = { owner: "a", word: "use:open/uses=5", recent: 0 };
const rated = { owner: "a", word: "use:open/rate=2:1m", recent: 2 };

it("has what was counted before a kill, once, whether or not it reached the store", async () => {
  const first = await open();
  await first.uses.take([open5, rated]);
  first.wait(10);
  await first.uses.take([open5, rated]);
  const early = imageOf(first.folder);
  expect(statSync(join(early, "uses.0")).mode & 0o077).toBe(0);
  await first.close();
  const reopened = await open(imageOf(first.folder));
  await reopened.uses.take([open5]);
  const late = imageOf(reopened.folder);
  await reopened.close();
  expect([...first.failed, ...reopened.failed]).toEqual([]);

  for (const [image, uses] of [
    [early, 2],
    [late, 3],
    [imageOf(late), 3],
  ] as const) {
    const next = await open(image);
    next.wait(20);
    expect(next.uses.of(open5)).toMatchObject({ uses });
    expect(next.uses.of(rated)).toEqual({ uses: 2, agesS: [20, 10] });
    expect(next.uses.of({ ...open5, owner: "b" })).toEqual({ uses: 0, agesS: [] });
    await next.close();
  }
});

it("keeps as many times as matter, and forgets who is gone", async () => {
  const world = await open();
  for (let time = 0; time < 5; time++) await world.uses.take([rated, { ...open5, owner: "kept" }]);
  expect(world.uses.of(rated)).toEqual({ uses: 5, agesS: [0, 0] });
  const row = {
    ...{ kind: "Grant", hash: "kept", payload: "{}", grant_id: "" },
    account: "",
    second: "",
    expires_s: 1,
  };
  await world.store.write(async (tx) => {
    await tx.insertInto("artifacts").values(row).execute();
  });
  await world.uses.sweep();
  expect([world.uses.of(rated).uses, world.uses.of({ ...open5, owner: "kept" }).uses]).toEqual([0, 5]);
  await world.close();
  const again = await open(imageOf(world.folder));
  expect([again.uses.of(rated).uses, again.uses.of({ ...open5, owner: "kept" }).uses]).toEqual([0, 5]);
  await again.close();
});
