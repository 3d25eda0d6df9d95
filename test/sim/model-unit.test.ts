/**
 * Holds the model unit of the fleets to the real update machine: the same histories, told to both, and every word that
 * they say to the cloud compared. How much is fetched again after a power cut is the flash's business, not the model's.
 */
import { describe, expect, it } from "vitest";
import { toHex } from "#base/bytes.ts";
import { createFleetUnit, type Fate } from "#boards/sim/host/fleet-unit.ts";
import { signTimestamp } from "#trust/releases/sign-release.ts";
import { decodeUnitState } from "#wire/link/unit-state.ts";
import {
  BLOCK_BYTES,
  blockCount,
  decodeBlockRequest,
  encodeBlockResponse,
  LEAVES_INDEX,
  leavesOf,
  tagOf,
  wantedBlocks,
} from "#wire/releases/blocks.ts";
import { releaseIdOf } from "#wire/releases/release.ts";
import { GEOMETRIES, type Geometry } from "../powercut/flash-model.ts";
import { imageSets } from "../powercut/images.ts";
import {
  crypto,
  DEVICE_ID,
  factoryFlash,
  KEYSET,
  resetChance,
  type Served,
  seedOf,
  serve,
  TIMESTAMP_SEED,
} from "../powercut/maker.ts";
import { modelOf } from "../powercut/world.ts";
import { createFlashUnit, type FlashUnit } from "./flash-unit.ts";

const SETS = imageSets(21_000, 30_000);
const FACTORY = serve(SETS[0], undefined);
const WHOLE = serve(SETS[1], undefined);
const DELTA = serve(SETS[1], SETS[0], { isDeltaOnly: true });
const NEWER = serve({ ...SETS[1], sequence: 3 }, SETS[0]);
const ELSEWHERE = serve(SETS[1], { ...SETS[1], sequence: 1 }, { isDeltaOnly: true });

/** What the world does at a moment: in place of an answer, or when nothing more would happen. */
type Act = "cut" | "withdraw" | "offer" | "not current" | "refuse blocks" | Served;

interface History {
  readonly release: Served;
  /** At the n-th word of a kind, as "ask 2"; a state is named by its stage. */
  readonly at?: Readonly<Record<string, Act>>;
  /** One after the other, each when nothing more would happen. */
  readonly after?: readonly Act[];
  /** How trials end, in their order; the last one stands for all that come after. */
  readonly fates?: readonly Fate[];
}

/** Plays a history to a unit and takes down what it says. */
function tell(unit: FlashUnit, { release, at = {}, after = [] }: History): readonly string[] {
  const lines: string[] = [];
  const counts = new Map<string, number>();
  const left = [...after];
  let current: Served | undefined = release;
  let refuses = false;
  let words: { readonly name: string; readonly payload: Uint8Array }[] = [];
  let isUp = false;

  const hear = (name: string, payload: Uint8Array) => {
    if (!isUp) return;
    const { says, restart } = unit.heard(name, payload);
    words.push(...says);
    if (restart) isUp = false;
  };
  const act = (what: Act) => {
    if (what === "cut") {
      unit.lostPower();
      words = [];
      isUp = false;
    } else if (what === "withdraw") {
      current = undefined;
      hear("release", new Uint8Array(0));
    } else if (what === "not current") current = undefined;
    else if (what === "refuse blocks") refuses = true;
    else {
      refuses = false;
      current = what === "offer" ? release : what;
      hear("release", current.signed);
    }
  };
  const answer = (name: string, payload: Uint8Array) => {
    if (name === "ask") {
      const { sequence } = current?.release ?? { sequence: 0 };
      const releaseId = current === undefined ? new Uint8Array(16) : releaseIdOf(crypto.sha256, current.signed);
      const stamp = { product: "lamp", sequence, releaseId, nonce: payload, unixS: 1_800_000_000, deviceId: DEVICE_ID };
      return hear("fresh", signTimestamp(crypto, TIMESTAMP_SEED, stamp));
    }
    const request = decodeBlockRequest(payload);
    if (name !== "want" || !request.ok) return;
    const { transfer, first } = request.value;
    const tag = tagOf(transfer);
    if (refuses) return hear("block", encodeBlockResponse({ kind: "refused", tag, afterS: 0 }));
    const stream = [release, NEWER]
      .map(({ streams }) => streams.get(toHex(transfer)))
      .find((each) => each) as Uint8Array;
    if (first === LEAVES_INDEX) {
      return hear("block", encodeBlockResponse({ kind: "leaves", tag, bytes: leavesOf(crypto.sha256, stream) }));
    }
    for (const index of wantedBlocks(request.value, blockCount(stream.length))) {
      const bytes = stream.slice(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);
      hear("block", encodeBlockResponse({ kind: "block", tag, index, bytes }));
    }
  };

  for (let turn = 0; turn < 400; turn++) {
    if (!isUp) {
      isUp = true;
      words.push(...unit.connected());
      const stage = words[0] && decodeUnitState(words[0].payload);
      // As the cloud does: a unit on trial is offered nothing.
      const isTrial = stage?.ok && stage.value.attempt?.stage === "trial";
      if (current !== undefined && !isTrial) hear("release", current.signed);
    }
    const word = words.shift();
    if (word === undefined) {
      const { says, restart } = unit.later();
      words.push(...says);
      if (restart) isUp = false;
      if (says.length > 0 || restart) continue;
      const next = left.shift();
      if (next === undefined) return lines;
      act(next);
      continue;
    }
    const state = word.name === "state" ? decodeUnitState(word.payload) : undefined;
    const said = state?.ok ? state.value : undefined;
    const attempt = said?.attempt && {
      ...said.attempt,
      percent: said.attempt.stage === "fetching" ? -1 : said.attempt.percent,
    };
    const line = said === undefined ? word.name : JSON.stringify({ ...said, attempt });
    // A request more or less for the same thing is no other history.
    if (line !== "want" || lines.at(-1) !== "want") lines.push(line);
    const kind = said === undefined ? word.name : (said.attempt?.stage ?? "none");
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    const instead = at[`${kind} ${counts.get(kind)}`];
    if (instead === undefined) answer(word.name, word.payload);
    else act(instead);
    if (instead === "not current" || instead === "refuse blocks") answer(word.name, word.payload);
  }
  throw new Error(`a history without an end: ${lines.slice(-6).join(" | ")}`);
}

function fatesOf({ fates = ["works"] }: History): () => Fate {
  let trials = 0;
  return () => fates[Math.min(trials++, fates.length - 1)] as Fate;
}

function model(history: History): FlashUnit {
  const roots = new Map(FACTORY.release.components.map(({ kind, imageRoot }) => [kind, imageRoot]));
  const unit = createFleetUnit({
    deviceId: DEVICE_ID,
    ...{ crypto, product: "lamp", hardware: 1, keyset: KEYSET, random: (size) => crypto.random(size) },
    fateOf: fatesOf(history),
    factory: { sequence: 1, epoch: 1, roots },
  });
  return {
    ...{ connected: unit.connected, heard: unit.heard, lostPower: unit.lostPower },
    // Its only clock is who asks again; a unit that waits for nothing has nothing to say then.
    later: () => ({ says: [], restart: false }),
    get sequence() {
      return unit.truth.sequence;
    },
  };
}

function real(history: History): FlashUnit {
  const geometry = GEOMETRIES[0] as Geometry;
  const { bytes, regions } = factoryFlash(geometry, SETS);
  return createFlashUnit(modelOf(geometry, bytes), regions, fatesOf(history));
}

const HISTORIES: Readonly<Record<string, History>> = {
  "a whole image, taken": { release: WHOLE },
  "a delta over what runs": { release: DELTA },
  "the smaller of delta and whole": { release: NEWER },
  "a delta over something else": { release: ELSEWHERE },
  "three crashes, and offered again before and after a power cut": {
    release: WHOLE,
    fates: ["crashes"],
    after: ["offer", "cut", "offer"],
  },
  "two crashes, then it works": { release: WHOLE, fates: ["crashes", "crashes", "works"] },
  "silence in its trials, for a while": { release: WHOLE, fates: ["unheard", "unheard", "works"] },
  "a crash, silence, a crash, a power cut and a crash": {
    release: WHOLE,
    fates: ["crashes", "unheard", "crashes", "works", "crashes"],
    at: { "trial 1": "cut" },
  },
  "power that fails in the middle of the blocks": { release: WHOLE, at: { "want 3": "cut", "want 5": "cut" } },
  "power that fails before it begins": { release: WHOLE, at: { "ask 1": "cut" } },
  "power that fails when all is fetched": { release: DELTA, at: { "ask 2": "cut" } },
  "power that fails in the trial": { release: WHOLE, at: { "trial 1": "cut" } },
  "withdrawn before it begins, then offered again": { release: WHOLE, at: { "ask 1": "withdraw" }, after: ["offer"] },
  "withdrawn in the middle, then offered again": { release: WHOLE, at: { "want 3": "withdraw" }, after: ["offer"] },
  "withdrawn in the middle, and for good, over a power cut": {
    release: WHOLE,
    at: { "want 3": "withdraw" },
    after: ["cut"],
  },
  "not current before it begins, then offered again": {
    release: WHOLE,
    at: { "ask 1": "not current" },
    after: ["offer"],
  },
  "not current before its trial, then offered again": {
    release: WHOLE,
    at: { "ask 2": "not current" },
    after: ["offer"],
  },
  "withdrawn in its trial": { release: WHOLE, at: { "trial 1": "withdraw" } },
  "blocks that are refused, then offered again": {
    release: WHOLE,
    at: { "want 3": "refuse blocks" },
    after: ["offer"],
  },
  "another that takes its place in the middle": { release: WHOLE, at: { "want 3": NEWER } },
  "one that the owner must agree to": {
    release: serve(SETS[1], undefined, { consent: "agree" }),
    after: ["cut", "withdraw"],
  },
  "no newer than what runs": { release: serve({ ...SETS[1], sequence: 1 }, undefined) },
  "of a lower epoch": { release: serve(SETS[1], undefined, { epoch: 0 }) },
  "signed by nobody we know": { release: serve(SETS[1], undefined, { by: seedOf(99) }), after: ["offer"] },
};

describe("the model unit says what the real one says", () => {
  for (const [name, history] of Object.entries(HISTORIES)) {
    it(name, () => {
      resetChance();
      const [unit, twin] = [real(history), model(history)];
      const said = tell(unit, history);
      expect(tell(twin, history)).toEqual(said);
      expect(twin.sequence).toBe(unit.sequence);
      expect(said.length).toBeGreaterThan(1);
    });
  }
});
