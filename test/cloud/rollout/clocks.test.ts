/** The time of day is corrected while the cloud runs: from 1970 to now, and from ten years ahead back to now. */
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Core, openCore } from "#cloud/core.ts";
import { createTimestampSigner } from "#cloud/issuer/timestamp-signer.ts";
import { newKeySet } from "#cloud/releases/key-set-files.ts";
import { rolloutStatus } from "#cloud/status/status.ts";
import { openStore } from "#cloud/store/store.ts";
import { createNonceClock } from "#cloud/up-clock.ts";
import { decodeReleaseFile } from "#trust/host/release-file.ts";
import { encodeBlockRequest } from "#wire/releases/blocks.ts";
import { noise, testRelease } from "../broker/linked-unit.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 5, 1);
const TEN_YEARS_MS = 10 * 365 * 24 * HOUR_MS;
const PUBLIC_KEY = Uint8Array.from(createHash("sha256").update("unit").digest());
const UNIT = { id: createHash("sha512").update(PUBLIC_KEY).digest("hex").slice(0, 24), fleet: "fleet" };

let folder: string;
let wallMs: number;
let steadyMs: number;
let core: Core;
let blocks: number;

async function open(life = 0): Promise<void> {
  core = await openCore({
    store: await openStore(join(folder, `cloud-${life}.db`), "kill"),
    timestampSigner: createTimestampSigner([join(folder, "keys")]),
    nowMs: () => wallMs,
    steadyMs: () => steadyMs,
    randomFraction: () => 0.5,
    bytesPerS: 1_000_000,
    async send(_, name) {
      if (name === "block") blocks++;
      return true;
    },
    onFatal(error) {
      throw error;
    },
  });
}

/** Lets time pass; the clock that never jumps and the time of day advance alike. */
async function pass(ms: number): Promise<void> {
  steadyMs += ms;
  wallMs += ms;
  await core.rollouts.tick(wallMs);
}

const rollout = () => {
  const [found] = core.rollouts.all();
  if (found === undefined) throw new Error("no rollout");
  return found;
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-clocks-"));
  [wallMs, steadyMs, blocks] = [NOW_MS, 5_000, 0];
  const keys = newKeySet(join(folder, "keys"), "lamp");
  await open();
  core.fleet.enrol({ ...UNIT, publicKey: PUBLIC_KEY, product: "lamp", hardware: 1, lab: true });
  const file = decodeReleaseFile(testRelease(join(folder, "keys"), "lamp", 1, noise(9_000)), "test");
  await core.releases.publish(file.signed as Uint8Array, file.streams, keys.keyset, { cards: "noFlash" }, wallMs);
});
afterEach(async () => {
  await core.store.close();
  rmSync(folder, { recursive: true, force: true });
});

const waves = [
  { name: "lab", share: 0 },
  { name: "100 %", share: 10_000 },
];
const begin = (limits: { soakMs: number; silenceMs?: number; sample?: number }) =>
  core.rollouts.create({ product: "lamp", sequence: 1, waves, limits: { silenceMs: HOUR_MS, ...limits } }, wallMs);
const report = (state: "fetching" | "confirmed") => {
  const device = core.fleet.get(UNIT.id);
  if (device !== undefined) core.fleet.report(device, 1, state, "", wallMs);
};

describe("a correction of the time of day", () => {
  it("from 1970 to now does not skip a soak", async () => {
    wallMs = 0;
    await begin({ soakMs: 24 * HOUR_MS });
    report("confirmed");
    wallMs = NOW_MS;
    await pass(1_000);
    expect(rollout().wave).toBe(0);
    await pass(23 * HOUR_MS);
    expect(rollout().wave).toBe(0);
    await pass(HOUR_MS);
    expect(rollout().wave).toBe(1);
  });

  it("from ten years ahead back to now does not make a soak hang", async () => {
    wallMs = NOW_MS + TEN_YEARS_MS;
    await begin({ soakMs: HOUR_MS });
    report("confirmed");
    wallMs = NOW_MS;
    await pass(HOUR_MS);
    expect(rollout().wave).toBe(1);
  });

  it("makes no unit silent that was just heard, and hides none that is", async () => {
    wallMs = 0;
    await begin({ soakMs: 0, sample: 1 });
    report("fetching");
    wallMs = NOW_MS;
    await pass(1_000);
    expect(rollout().state).toBe("running");
    wallMs = NOW_MS - TEN_YEARS_MS;
    await pass(HOUR_MS);
    expect(rollout()).toMatchObject({ state: "halted", because: expect.stringContaining("fell silent") });
  });

  it("does not hold blocks back for years", async () => {
    wallMs = NOW_MS + TEN_YEARS_MS;
    await begin({ soakMs: 0 });
    core.deviceMessages.online(UNIT);
    const transfer = core.releases.all()[0]?.release.components[0]?.transfers[0]?.root as Uint8Array;
    const want = () => core.deviceMessages.message(UNIT, "want", encodeBlockRequest({ transfer, first: 0, bitmap: 1 }));
    await want();
    await expect.poll(() => blocks).toBe(1);
    wallMs = NOW_MS;
    await pass(1_000);
    await want();
    await expect.poll(() => blocks).toBe(2);
  });

  it("never lets nonces go back, even when the process starts anew in between", () => {
    let now = 0;
    const before = createNonceClock(NOW_MS + TEN_YEARS_MS, 0, () => now);
    now += 1_000;
    const spentMs = before();
    const restarted = createNonceClock(NOW_MS, spentMs, () => now);
    expect(restarted()).toBeGreaterThan(spentMs);
    now += 1;
    expect(restarted()).toBeGreaterThan(spentMs + 1);
    expect(createNonceClock(NOW_MS, 0, () => now)()).toBe(NOW_MS);
  });
});

describe("a watch", () => {
  it("goes on where it was when the cloud starts again, and does not count the time in between", async () => {
    await begin({ soakMs: 10 * HOUR_MS });
    report("confirmed");
    await pass(6 * HOUR_MS);
    await core.queue.commit();
    // What is on the disk now is what the next process finds.
    for (const end of ["", "-wal"]) copyFileSync(join(folder, `cloud-0.db${end}`), join(folder, `cloud-1.db${end}`));
    await core.store.close();
    // A machine that starts anew begins its steady clock at zero; what happened meanwhile, nobody watched.
    [steadyMs, wallMs] = [17, wallMs + TEN_YEARS_MS];
    await open(1);
    await pass(3 * HOUR_MS);
    expect(rollout().wave).toBe(0);
    await pass(HOUR_MS + 1_000);
    expect(rollout().wave).toBe(1);
  });

  it("says what it waits for", async () => {
    await begin({ soakMs: HOUR_MS });
    const waitsFor = () => rolloutStatus(core.fleet, core.rollouts, rollout()).waitsFor;
    expect(waitsFor()).toBe("no device of wave lab has confirmed yet");
    report("confirmed");
    expect(waitsFor()).toBe("wave lab is watched for 3600 s more");
    await core.rollouts.change(rollout().id, "halted", "a test", wallMs);
    expect(waitsFor()).toBeUndefined();
  });
});
