/** What the cloud takes down of a unit, and tells it, over the real store: no sockets, a clock that the test moves. */
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Core, openCore } from "#cloud/core.ts";
import { crashOf } from "#cloud/crashes.ts";
import { createTimestampSigner } from "#cloud/issuer/timestamp-signer.ts";
import { newKeySet } from "#cloud/releases/key-set-files.ts";
import { buildRelease, signReleaseFile } from "#cloud/releases/release-build.ts";
import { LIMITS } from "#cloud/rollout/rollout-plan.ts";
import { openStore } from "#cloud/store/store.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { encodeAppFailure } from "#wire/link/app-failure.ts";
import { encodeUnitState, type UnitAttempt } from "#wire/link/unit-state.ts";
import { encodeBlockRequest } from "#wire/releases/blocks.ts";
import { COMPONENT } from "#wire/releases/release.ts";

const PRODUCT = "lamp";
const PUBLIC_KEY = Uint8Array.from(createHash("sha256").update("unit").digest());
const UNIT = { id: createHash("sha512").update(PUBLIC_KEY).digest("hex").slice(0, 24), fleet: "fleet" };

let folder: string;
let nowMs: number;
let core: Core;
let said: { readonly name: string; readonly bytes: number }[];
let transfer: Uint8Array;

async function openCloud(life = 0): Promise<Core> {
  return openCore({
    store: await openStore(join(folder, `cloud-${life}.db`), "kill"),
    timestampSigner: createTimestampSigner([join(folder, "keys")]),
    nowMs: () => nowMs,
    steadyMs: () => nowMs,
    randomFraction: () => 0.5,
    send(_to, name, payload) {
      said.push({ name, bytes: payload.length });
      return Promise.resolve(true);
    },
    onFatal(error) {
      throw error;
    },
  });
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-device-messages-"));
  nowMs = 1_800_000_000_000;
  said = [];
  const keys = newKeySet(join(folder, "keys"), PRODUCT);
  const images = new Map<number, Uint8Array>([[COMPONENT.js, new Uint8Array(9_000).map((_, i) => (i * i) >> 3)]]);
  const plan = {
    product: PRODUCT,
    sequence: 1,
    hardware: [1],
    consent: "auto" as const,
    epoch: 0,
    notAfterS: undefined,
  };
  const unsigned = buildRelease({ ...plan, images, bases: [] });
  const file = signReleaseFile(unsigned, readKeyFile(join(folder, "keys", "release.key"), "release").seed);
  transfer = file.release.components[0]?.transfers[0]?.root as Uint8Array;
  core = await openCloud();
  core.fleet.enrol({ ...UNIT, publicKey: PUBLIC_KEY, product: PRODUCT, hardware: 1 });
  await core.releases.publish(file.signed as Uint8Array, file.streams, keys.keyset, { cards: "noFlash" }, nowMs);
  const waves = [{ name: "100 %", share: 10_000 }];
  await core.rollouts.create({ product: PRODUCT, sequence: 1, waves, limits: LIMITS }, nowMs);
});

afterEach(async () => {
  await core.store.close();
  rmSync(folder, { recursive: true, force: true });
});

const state = (sequence: number, attempt?: UnitAttempt) =>
  core.deviceMessages.message(UNIT, "state", encodeUnitState({ sequence, epoch: 0, attempt }));
const attempt = (stage: UnitAttempt["stage"], fault?: UnitAttempt["fault"]): UnitAttempt => ({
  ...{ sequence: 1, stage, fault, percent: 100 },
});
const want = (root = transfer) =>
  core.deviceMessages.message(UNIT, "want", encodeBlockRequest({ transfer: root, first: 0, bitmap: 1 }));
const tally = () => {
  const [rollout] = core.rollouts.all();
  if (rollout === undefined) throw new Error("no rollout");
  return core.rollouts.tally(rollout);
};
const offers = () =>
  said.filter(({ name }) => name === "release").map(({ bytes }) => (bytes > 0 ? "offer" : "nothing"));

it("a unit that asks for the time is still told which release is current", async () => {
  await core.deviceMessages.message(UNIT, "ask-time", new Uint8Array(16));
  await core.deviceMessages.message(UNIT, "ask", new Uint8Array(16));
  expect(said.map(({ name }) => name)).toContain("fresh");
});

describe("what the cloud takes down", () => {
  it("sees by the first request for blocks that a unit has begun, keeps that, and misses it when it is gone", async () => {
    core.deviceMessages.online(UNIT);
    await state(0);
    expect(tally()).toMatchObject({ offered: 1, fetching: 0 });
    await want(new Uint8Array(16));
    expect(tally()).toMatchObject({ offered: 1, fetching: 0 });
    await want();
    expect(tally()).toMatchObject({ offered: 0, fetching: 1, silent: 0 });
    // What is on the disk at this moment, log included, is what a cloud that died here begins with.
    for (const end of ["", "-wal"]) {
      copyFileSync(join(folder, `cloud-0.db${end}`), join(folder, `cloud-1.db${end}`));
    }
    await core.store.close();
    core = await openCloud(1);
    expect(tally()).toMatchObject({ fetching: 1 });
    nowMs += LIMITS.silenceMs + 1;
    expect(tally()).toMatchObject({ fetching: 1, silent: 1 });
  });

  it.each([
    ["its first request", () => undefined],
    ["its own word", () => state(0, attempt("fetching"))],
  ])("gives no block before it is on the disk that the unit has begun, by %s", async (_, saysSo) => {
    const blocks = () => said.filter(({ name }) => name === "block").length;
    core.deviceMessages.online(UNIT);
    await state(0);
    let goOn = () => {};
    const disk = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    core.queue.also(() => disk);
    const answered = [saysSo(), want(), want()];
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(blocks()).toBe(0);
    goOn();
    await Promise.all(answered);
    await expect.poll(blocks).toBe(1);
    await want();
    await expect.poll(blocks).toBe(2);
  });

  it("hears a unit that asks for blocks for longer than silence may last", async () => {
    core.deviceMessages.online(UNIT);
    await state(0);
    for (let hours = 0; hours < 3; hours++) {
      await want();
      nowMs += LIMITS.silenceMs - 1;
    }
    expect(tally()).toMatchObject({ fetching: 1, silent: 0 });
  });

  it("offers nothing to a unit on trial, and withdraws nothing from a unit that has confirmed", async () => {
    core.deviceMessages.online(UNIT);
    await state(0);
    await want();
    expect(offers()).toEqual(["offer"]);
    core.deviceMessages.offline(UNIT);
    core.deviceMessages.online(UNIT);
    await state(0, attempt("trial"));
    await core.deviceMessages.message(UNIT, "ask", new Uint8Array(16));
    await state(1);
    expect(offers()).toEqual(["offer"]);
    expect(said.filter(({ name }) => name === "fresh")).toHaveLength(1);
    expect(tally()).toMatchObject({ confirmed: 1, fetching: 0, trial: 0 });
  });

  it("offers a release again, after the resume, that a unit dropped because of a halt", async () => {
    core.deviceMessages.online(UNIT);
    await state(0);
    const [rollout] = core.rollouts.all();
    await core.rollouts.change(rollout?.id as string, "halted", "a test", nowMs);
    await core.deviceMessages.offerAgain(new Set([PRODUCT]));
    await state(0, attempt("refused", "RELEASE_WITHDRAWN"));
    expect(tally()).toMatchObject({ refused: 0, offered: 1 });
    await core.rollouts.change(rollout?.id as string, "running", "a test", nowMs);
    await core.deviceMessages.offerAgain(new Set([PRODUCT]));
    expect(offers()).toEqual(["offer", "nothing", "offer"]);
    await state(0, attempt("refused", "RELEASE_HARDWARE"));
    expect(tally()).toMatchObject({ refused: 1, offered: 0 });
  });
});

describe("what a unit's app threw", () => {
  const about = {
    level: "all",
    release: "7",
    name: "burn",
    fault: "APP_THREW",
    stack: "    at aB\n",
    lines: "",
  } as const;
  const failure = (message: string, missed = 0) => encodeAppFailure({ ...about, message, missed });
  const journal = async () =>
    (await core.store.db.selectFrom("events").selectAll().where("what", "=", "app failed").execute()).map(
      ({ subject, because }) => `${subject} ${because}`,
    );

  it("is in the journal once the message is acknowledged, on one line", async () => {
    await core.deviceMessages.message(UNIT, "failure", failure("Error: out\nof \u202eoil", 3));
    expect(await journal()).toEqual([`${UNIT.id} release 7, burn: Error: out of  oil (and 3 more failures before)`]);
    const told = { atMs: nowMs, ...about, message: "Error: out of  oil", missed: 3 };
    expect(await crashOf(core.store, UNIT.id)).toEqual(told);
    expect(await crashOf(core.store, "f".repeat(24))).toBe(undefined);
    await core.deviceMessages.message(UNIT, "failure", failure("Error: on fire"));
    expect(await crashOf(core.store, UNIT.id)).toMatchObject({ message: "Error: on fire", missed: 0 });
  });

  it("is bounded for a unit that never stops, and for what no unit of ours says", async () => {
    for (let i = 0; i < 50; i++) await core.deviceMessages.message(UNIT, "failure", failure("again"));
    expect(await journal()).toHaveLength(4);
    nowMs += 600_000;
    for (let i = 0; i < 50; i++) await core.deviceMessages.message(UNIT, "failure", failure("again"));
    expect(await journal()).toHaveLength(5);
    nowMs += 600_000;
    await core.deviceMessages.message(UNIT, "failure", new TextEncoder().encode("nonsense"));
    await core.deviceMessages.message({ ...UNIT, id: "f".repeat(24) }, "failure", failure("a stranger"));
    expect(await journal()).toHaveLength(5);
  });
});
