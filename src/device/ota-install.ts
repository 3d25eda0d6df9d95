/**
 * Installing: from a release that may be begun to images on trial. Records what is done after it is done, never before.
 * @source PROTOCOL 8.8
 */
import { equal } from "#base/bytes.ts";
import type { Fault } from "#base/faults.ts";
import { imageRootOf } from "#trust/verify-slot.ts";
import { decodeBlockResponse } from "#wire/blocks.ts";
import { type Component, imagesIdOf, type Release } from "#wire/release.ts";
import { encodeSlotHead, imageAddress } from "#wire/slot.ts";
import { OWN } from "#wire/stored-names.ts";
import { UP } from "#wire/topics.ts";
import { type Base, findBase, usableTransfer } from "./ota-base.ts";
import { encodeOffer, type Offer } from "./ota-memory.ts";
import type { OtaState } from "./ota-state.ts";
import type { OtaTools } from "./ota-tools.ts";
import { createTransferFetch } from "./ota-transfer.ts";
import { createSlotWriter } from "./ota-writer.ts";

export interface Install {
  /** The base that a component's delta would build on: what runs. */
  baseFor(state: OtaState, component: Component): Base | undefined;
  begin(state: OtaState, offer: Offer): void;
  /** Goes on with the first component that isn't whole; when all are, checks them. */
  goOn(state: OtaState, offer: Offer, nowMs: number): void;
  onBlock(state: OtaState, nowMs: number, payload: Uint8Array): void;
  /** Writes one page. */
  work(state: OtaState, nowMs: number): void;
  /** Asks again for what did not come. */
  askAgain(state: OtaState, nowMs: number): void;
  arm(state: OtaState, offer: Offer, nowMs: number): void;
}

/** Times in a row that an unanswered question is asked again at once. */
const ASKS_MAX = 4;

export function createInstall(tools: OtaTools): Install {
  const { crypto, read, times, sectorBytes } = tools;

  function baseFor(state: OtaState, { kind }: Component): Base | undefined {
    return findBase(crypto, read, tools.slotOf(kind, state.journal.state.confirmed.slots), kind);
  }

  function want(state: OtaState, nowMs: number): void {
    const { fetching, offer } = state;
    if (fetching === undefined || offer === undefined) return;
    const payload = fetching.fetch.want(fetching.writer.nextBlock);
    if (payload !== undefined && offer.isCarried) tools.emit({ kind: "carry-want", payload });
    else if (payload !== undefined) tools.emit({ kind: "publish", topic: UP.want, payload, retain: false, qos: 0 });
    tools.wait(state, "fetching", nowMs + times.answerMs);
  }

  /** What was fetched can't become what was signed: begins anew, later. */
  function restart(state: OtaState, nowMs: number, fault: Fault): void {
    tools.record(state, { kind: "abandoned" });
    tools.fail(state, nowMs, fault);
  }

  function isWhole(slotBits: number, release: Release): boolean {
    return release.components.every(({ kind, imageBytes, imageRoot }) => {
      const address = imageAddress(tools.slotOf(kind, slotBits));
      return equal(imageRootOf(crypto.sha256, read, address, imageBytes), imageRoot);
    });
  }

  /** All sectors are written: the whole images are checked, and the release is put beside each. */
  function finish(state: OtaState, offer: Offer, nowMs: number): void {
    const { job } = state.journal.state;
    if (job === undefined) return;
    if (!isWhole(job.slots, offer.release)) return restart(state, nowMs, "IMAGE_HASH");
    for (const { kind } of offer.release.components) {
      const slot = tools.slotOf(kind, job.slots);
      tools.push({ kind: "flash-erase", address: slot.start });
      tools.push({ kind: "flash-write", address: slot.start, bytes: encodeSlotHead(slot, offer.signed) });
    }
    tools.record(state, { kind: "verified" });
    tools.say(`release ${offer.release.sequence} verified`);
    state.failures = 0;
    state.isFresh = false;
    tools.report(state);
    tools.emit({ kind: "ota-continue" });
  }

  const install: Install = {
    baseFor,
    begin(state, offer) {
      const { confirmed } = state.journal.state;
      const { release } = offer;
      const components = release.components.reduce((bits, { kind }) => bits | (1 << kind), 0);
      tools.push({ kind: "store", name: OWN.update, value: encodeOffer(offer) });
      tools.record(state, {
        kind: "begin",
        images: imagesIdOf(crypto.sha256, release),
        components,
        sequence: release.sequence,
        epoch: Math.max(confirmed.epoch, release.epoch),
        slots: confirmed.slots ^ components,
      });
      tools.say(`release ${release.sequence} begun`);
      tools.report(state);
    },
    goOn(state, offer, nowMs) {
      const { job } = state.journal.state;
      if (job === undefined) return;
      for (const component of offer.release.components) {
        const { kind, imageBytes } = component;
        const resume = job.progress[kind] ?? { sectors: 0, block: 0 };
        if (resume.sectors * sectorBytes >= imageBytes) continue;
        const found = baseFor(state, component);
        const transfer = usableTransfer(component, found);
        if (transfer === undefined) return tools.drop(state, "refused", "RELEASE_BASE", offer.release.sequence);
        const base = transfer.base === undefined ? undefined : found;
        const slot = tools.slotOf(kind, job.slots);
        state.fetching = {
          component,
          fetch: createTransferFetch(crypto.sha256, transfer),
          writer: createSlotWriter(read, { slot, imageBytes, base, resume }),
        };
        state.misses = 0;
        return want(state, nowMs);
      }
      finish(state, offer, nowMs);
    },
    onBlock(state, nowMs, payload) {
      const { fetching } = state;
      if (fetching === undefined || state.activity !== "fetching") return;
      const response = decodeBlockResponse(payload);
      if (!response.ok) return tools.say(response.fault);
      if (response.value.kind === "refused") {
        const { afterS } = response.value;
        if (afterS === 0) return tools.halt(state, "RELEASE_WITHDRAWN");
        return tools.fail(state, nowMs, "LINK_REFUSED", afterS * 1000);
      }
      const taken = fetching.fetch.take(response.value);
      if (!taken.ok) return tools.fail(state, nowMs, taken.fault);
      state.misses = 0;
      state.deadlineMs = nowMs + times.answerMs;
      if (!fetching.writer.isBusy) install.work(state, nowMs);
    },
    work(state, nowMs) {
      const { fetching } = state;
      if (fetching === undefined) return;
      const { fetch, writer, component } = fetching;
      if (!writer.isBusy) {
        const block = fetch.give(writer.nextBlock);
        if (block === undefined) return want(state, nowMs);
        const begun = writer.take(block);
        if (!begun.ok) return restart(state, nowMs, begun.fault);
      }
      const step = writer.step();
      if (!step.ok) return restart(state, nowMs, step.fault);
      tools.push(...step.value.ops);
      if (step.value.progress !== undefined) {
        tools.record(state, { kind: "sectorDone", component: component.kind, ...step.value.progress });
      }
      if (writer.isDone) state.fetching = undefined;
      else if (!writer.isBusy && writer.nextBlock >= fetch.blocks) return restart(state, nowMs, "STREAM_TOKEN");
      // The next page comes after others had their turn, and after this one is in flash: repeats read it there.
      tools.emit({ kind: "ota-continue" });
    },
    askAgain(state, nowMs) {
      state.fetching?.fetch.askAgain();
      if (++state.misses > ASKS_MAX) return tools.fail(state, nowMs, "LINK_TIMEOUT");
      want(state, nowMs);
    },
    arm(state, offer, nowMs) {
      const { job } = state.journal.state;
      if (job === undefined) return;
      if (!isWhole(job.slots, offer.release)) return restart(state, nowMs, "IMAGE_HASH");
      tools.record(state, { kind: "trial", crashes: job.crashes, misses: job.misses });
      tools.say(`release ${offer.release.sequence} on trial`);
      tools.push({ kind: "restart", reason: "update" });
    },
  };
  return install;
}
