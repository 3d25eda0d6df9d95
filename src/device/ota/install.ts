/**
 * Installs a release: from the start of the download to images on trial. Each step is recorded after it is done,
 * never before.
 * @source PROTOCOL 8.8
 */
import { equal } from "#base/bytes.ts";
import type { Fault } from "#base/faults.ts";
import { remember } from "#device/store/store.ts";
import { imageRootOf } from "#trust/releases/verify-slot.ts";
import { encodeSlotHead, imageAddress } from "#wire/flash/slot.ts";
import { UP } from "#wire/link/topics.ts";
import { decodeBlockResponse } from "#wire/releases/blocks.ts";
import { type Component, imagesIdOf, type Release } from "#wire/releases/release.ts";
import { type Base, findBase, usableTransfer } from "./base.ts";
import type { Offer } from "./memory.ts";
import type { OtaState } from "./state.ts";
import { drop, emit, fail, halt, type Ota, record, report, say, slotOf, wait } from "./tools.ts";
import { createTransferFetch, giveBlock, takeResponse, wantBlocks } from "./transfer.ts";
import { createSlotWriter, isBusy, isDone, takeBlock, writePage } from "./writer.ts";

/** Times in a row that an unanswered question is asked again at once. */
const ASKS_MAX = 4;

/** The base that a component's delta would build on: what runs. */
export function baseFor(ota: Ota, state: OtaState, { kind }: Component): Base | undefined {
  return findBase(ota.crypto, ota.read, slotOf(ota, kind, state.journal.state.confirmed.slots), kind);
}

function want(ota: Ota, state: OtaState, nowMs: number): void {
  const { fetching, offer } = state;
  if (fetching === undefined || offer === undefined) return;
  const payload = wantBlocks(fetching.fetch, fetching.writer.nextBlock);
  if (payload !== undefined && offer.isCarried) emit(ota, { kind: "carry-want", payload });
  else if (payload !== undefined) emit(ota, { kind: "publish", topic: UP.want, payload, retain: false, qos: 0 });
  wait(state, "fetching", nowMs + ota.times.answerMs);
}

/** What was fetched can't become what was signed: begins anew, later. */
function restart(ota: Ota, state: OtaState, nowMs: number, fault: Fault): void {
  record(ota, state, { kind: "abandoned" });
  fail(ota, state, nowMs, fault);
}

function isWhole(ota: Ota, slotBits: number, release: Release): boolean {
  return release.components.every(({ kind, imageBytes, imageRoot }) => {
    const address = imageAddress(slotOf(ota, kind, slotBits));
    return equal(imageRootOf(ota.crypto.sha256, ota.read, address, imageBytes), imageRoot);
  });
}

/** All sectors are written: the whole images are checked, and the release is put beside each. */
function finish(ota: Ota, state: OtaState, offer: Offer, nowMs: number): void {
  const { job } = state.journal.state;
  if (job === undefined) return;
  if (!isWhole(ota, job.slots, offer.release)) return restart(ota, state, nowMs, "IMAGE_HASH");
  for (const { kind } of offer.release.components) {
    const slot = slotOf(ota, kind, job.slots);
    ota.effects.push({ kind: "flash-erase", address: slot.start });
    ota.effects.push({ kind: "flash-write", address: slot.start, bytes: encodeSlotHead(slot, offer.signed) });
  }
  record(ota, state, { kind: "verified" });
  say(ota, `release ${offer.release.sequence} verified`);
  state.failures = 0;
  state.isFresh = false;
  emit(ota, { kind: "ota-continue" });
}

export function begin(ota: Ota, state: OtaState, offer: Offer): void {
  const { confirmed } = state.journal.state;
  const { release } = offer;
  const components = release.components.reduce((bits, { kind }) => bits | (1 << kind), 0);
  // Before BEGIN, so that a release in hand survives a power cut.
  ota.effects.push(remember("update", offer));
  record(ota, state, {
    kind: "begin",
    images: imagesIdOf(ota.crypto.sha256, release),
    components,
    sequence: release.sequence,
    epoch: Math.max(confirmed.epoch, release.epoch),
    slots: confirmed.slots ^ components,
  });
  say(ota, `release ${release.sequence} begun`);
  if (offer.isCarried) report(ota, state);
}

/** Goes on with the first component that isn't whole; when all are, checks them. */
export function goOn(ota: Ota, state: OtaState, offer: Offer, nowMs: number): void {
  const { job } = state.journal.state;
  if (job === undefined) return;
  for (const component of offer.release.components) {
    const { kind, imageBytes } = component;
    const resume = job.progress[kind] ?? { sectors: 0, block: 0 };
    if (resume.sectors * ota.sectorBytes >= imageBytes) continue;
    const found = baseFor(ota, state, component);
    const transfer = usableTransfer(component, found);
    if (transfer === undefined) return drop(ota, state, "refused", "RELEASE_BASE", offer.release.sequence);
    const base = transfer.base === undefined ? undefined : found;
    const slot = slotOf(ota, kind, job.slots);
    state.fetching = {
      component,
      fetch: createTransferFetch(transfer),
      writer: createSlotWriter(ota.read, { slot, imageBytes, base, resume }),
    };
    state.misses = 0;
    return want(ota, state, nowMs);
  }
  finish(ota, state, offer, nowMs);
}

export function onBlock(ota: Ota, state: OtaState, nowMs: number, payload: Uint8Array): void {
  const { fetching } = state;
  if (fetching === undefined || state.activity !== "fetching") return;
  const response = decodeBlockResponse(payload);
  if (!response.ok) return say(ota, response.fault);
  if (response.value.kind === "refused") {
    const { afterS } = response.value;
    if (afterS === 0) return halt(ota, state, "RELEASE_WITHDRAWN");
    return fail(ota, state, nowMs, "LINK_REFUSED", afterS * 1000);
  }
  const taken = takeResponse(ota.crypto.sha256, fetching.fetch, response.value);
  if (!taken.ok) return fail(ota, state, nowMs, taken.fault);
  state.misses = 0;
  state.deadlineMs = nowMs + ota.times.answerMs;
  if (!isBusy(fetching.writer)) work(ota, state, nowMs);
}

/** Writes one page. */
export function work(ota: Ota, state: OtaState, nowMs: number): void {
  const { fetching } = state;
  if (fetching === undefined) return;
  const { fetch, writer, component } = fetching;
  if (!isBusy(writer)) {
    const block = giveBlock(fetch, writer.nextBlock);
    if (block === undefined) return want(ota, state, nowMs);
    const begun = takeBlock(ota.read, writer, block);
    if (!begun.ok) return restart(ota, state, nowMs, begun.fault);
  }
  // The wait is for answers: while there is a page to write, none is missing.
  state.deadlineMs = nowMs + ota.times.answerMs;
  const step = writePage(writer);
  if (!step.ok) return restart(ota, state, nowMs, step.fault);
  ota.effects.push(...step.value.ops);
  if (step.value.progress !== undefined) {
    record(ota, state, { kind: "sectorDone", component: component.kind, ...step.value.progress });
  }
  if (isDone(writer)) state.fetching = undefined;
  else if (!isBusy(writer) && writer.nextBlock >= fetch.blocks) return restart(ota, state, nowMs, "STREAM_TOKEN");
  // The next page comes after others had their turn, and after this one is in flash: repeats read it there.
  emit(ota, { kind: "ota-continue" });
}

/** Asks again for what did not come. */
export function askAgain(ota: Ota, state: OtaState, nowMs: number): void {
  // Forgets what was asked for: the next want asks again.
  state.fetching?.fetch.asked.clear();
  if (++state.misses > ASKS_MAX) return fail(ota, state, nowMs, "LINK_TIMEOUT");
  want(ota, state, nowMs);
}

export function arm(ota: Ota, state: OtaState, offer: Offer, nowMs: number): void {
  const { job } = state.journal.state;
  if (job === undefined) return;
  if (!isWhole(ota, job.slots, offer.release)) return restart(ota, state, nowMs, "IMAGE_HASH");
  // Armed already: the boot stage could not write down that the trial began, which counts as a miss.
  const misses = job.misses + (job.phase === "armed" ? 1 : 0);
  record(ota, state, { kind: "trial", crashes: job.crashes, misses });
  say(ota, `release ${offer.release.sequence} on trial`);
  ota.effects.push({ kind: "restart", reason: "update" });
}
