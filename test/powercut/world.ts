/**
 * A unit whose power fails, and a maker who serves it: the same update machine, journal, boot decision and verifier as
 * on every board, over modelled flash and a clock that jumps. No sockets: the link is always up, or silent.
 */

import { equal, toHex } from "#base/bytes.ts";
import { withFaultNames } from "#base/faults.ts";
import type { DeviceEvent, Effect, InnerEvent, Machine } from "#device/machine.ts";
import { readKeysets } from "#device/ota/memory.ts";
import { createOta } from "#device/ota/ota.ts";
import { slotsOf } from "#device/ota/slots.ts";
import type { OtaParts } from "#device/ota/tools.ts";
import type { PortEvent, ResetReason } from "#device/port.ts";
import { openSettings, performOp } from "#device/settings.ts";
import { openStore, performStore } from "#device/store/store.ts";
import { signTimestamp } from "#trust/releases/sign-release.ts";
import { verifySlot } from "#trust/releases/verify-slot.ts";
import { type BootFacts, decideBoot } from "#wire/flash/boot-decision.ts";
import { readJournal, writeJournal } from "#wire/flash/journal.ts";
import { decodeUnitState, type UnitState } from "#wire/link/unit-state.ts";
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
import { type FlashModel, flashModel, type Geometry, PowerCut } from "./flash-model.ts";
import { crypto, DEVICE_ID, KEPT, type Regions, resetChance, type Served, TIMES, TIMESTAMP_SEED } from "./maker.ts";

export interface World {
  readonly flash: FlashModel;
  readonly regions: Regions;
  readonly served: Served;
  /** Sequences whose images crash when they run, and how. */
  readonly crashing: ReadonlyMap<number, ResetReason>;
  /** Sequences whose self-test fails. */
  readonly unfit?: ReadonlySet<number>;
  /** The maker answers nothing while this says so. */
  isSilent(startNumber: number): boolean;
  /** Builds the machine; a test puts a broken one in its place. */
  readonly create?: (parts: OtaParts) => Machine<unknown>;
  /** May change flash behind the machine's back, between two events. */
  readonly spoil?: (flash: FlashModel) => void;
  readonly events?: readonly InnerEvent[];
  /** Changes what the maker sends. */
  readonly forge?: (name: string, payload: Uint8Array) => Uint8Array;
  /** What the maker's timestamp names: the served release unless said otherwise; 0 when it was withdrawn. */
  readonly current?: () => { readonly sequence: number; readonly releaseId: Uint8Array };
}

export interface Outcome {
  /** Why it stopped: the unit rests, no image would start, or it never came to rest. */
  readonly end: "rest" | "brick" | "stuck";
  readonly starts: number;
  /** Sequence that is confirmed at the end. */
  readonly sequence: number;
  /** The most sectors of images that one start had to begin again. */
  readonly rewrittenSectors: number;
  readonly blocksServed: number;
  readonly states: readonly UnitState[];
  readonly log: readonly string[];
  readonly isKept: boolean;
}

const STARTS_MAX = 24;
const EVENTS_MAX = 4000;

/** Boots until nothing more will happen by itself. A cut of the flash's power ends one boot. */
export function runWorld(world: World): Outcome {
  const { flash, regions } = world;
  const states: UnitState[] = [];
  const log: string[] = [];
  const counts = { blocks: 0 };
  const erased = new Set<number>();
  let rewrittenSectors = 0;
  let reason: ResetReason = "power";
  resetChance();
  let starts = 0;
  let end: Outcome["end"] = "stuck";
  while (starts < STARTS_MAX) {
    starts++;
    try {
      const booted = bootStage(world, reason);
      if (booted === undefined) {
        end = "brick";
        break;
      }
      const tally: Tally = { starts, states, log, counts, erased, again: 0 };
      const system = { isTrial: booted.isTrial, resetReason: reason };
      const outcome = runBoot(world, booted.sequence, system, tally, (again) => {
        rewrittenSectors = Math.max(rewrittenSectors, again);
      });
      if (outcome === "rest") {
        end = "rest";
        break;
      }
      reason = outcome;
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      reason = "power";
      flash.cutAt = -1;
      onCut(flash);
    }
  }
  const settings = openSettings(flash, regions.settings);
  const isKept = Object.entries(KEPT).every(([name, value]) => equal(settings.get(name) ?? new Uint8Array(0), value));
  const { confirmed } = readJournal({ ...regions.journal, ...geometryOf(flash) }, flash.read).state;
  return {
    end,
    starts,
    sequence: confirmed.sequence,
    rewrittenSectors,
    blocksServed: counts.blocks,
    states,
    log,
    isKept,
  };
}

/** A second cut, when one is planned. */
function onCut(flash: FlashModel): void {
  const next = flash.laterCuts.shift();
  if (next === undefined) return;
  flash.cutAt = flash.ops + next.afterOps;
  flash.tear = next.tear;
}

function geometryOf(flash: FlashModel) {
  return { sectorBytes: flash.sectorBytes, writeBytes: flash.writeBytes };
}

export function bootStage({ flash, regions }: Pick<World, "flash" | "regions">, reason: ResetReason) {
  const log = { ...regions.journal, ...geometryOf(flash) };
  const journal = readJournal(log, flash.read);
  const slots = slotsOf(flash, regions);
  const keysets = readKeysets(crypto, openStore(openSettings(flash, regions.settings)).facts);
  const verified = new Map<string, number | undefined>();
  const verify = (component: number, slot: number): number | undefined => {
    const key = `${component}/${slot}`;
    if (!verified.has(key)) {
      const region = slots.get(component)?.[slot as 0 | 1];
      const { epoch } = journal.state.confirmed;
      const verdicts = keysets.map(
        (keyset) => region && verifySlot(crypto, region, flash.read, component, keyset, epoch),
      );
      const found = verdicts.find((verdict) => verdict?.ok);
      verified.set(key, found?.ok ? found.value.release.sequence : undefined);
    }
    return verified.get(key);
  };
  const isValid: BootFacts["isValid"] = (component, slot) => verify(component, slot) !== undefined;
  const facts = { reason, components: 0b11, isValid };
  let decision = decideBoot(journal.state, facts);
  if (decision.record !== undefined) {
    const { ops } = writeJournal(log, flash.read, journal, decision.record);
    const isWritten = ops.every((op) => performOp(flash, op));
    if (!isWritten && decision.isTrial) decision = decideBoot({ ...journal.state, job: undefined }, facts);
  }
  if (decision.slots === undefined) return undefined;
  const sequence = Math.max(...[0, 1].map((each) => verify(each, ((decision.slots ?? 0) >> each) & 1) ?? 0));
  return { sequence, isTrial: decision.isTrial };
}

/** Where the sectors of all slots begin, without their heads. */
function imageSectorsOf(flash: FlashModel, regions: Regions): ReadonlySet<number> {
  const sectors = new Set<number>();
  for (const { start, bytes } of [regions.nativeA, regions.nativeB, regions.jsA, regions.jsB]) {
    for (let at = flash.sectorBytes; at < bytes; at += flash.sectorBytes) sectors.add(start + at);
  }
  return sectors;
}

interface Tally {
  readonly starts: number;
  readonly states: UnitState[];
  readonly log: string[];
  readonly counts: { blocks: number };
  /** Sectors of images that were begun, in this start or before it. */
  readonly erased: Set<number>;
  /** Of those, how many were begun again in this start. */
  again: number;
}

/** Runs one boot until it restarts, or rests: nothing to do and no timer that would change that. */
function runBoot(
  world: World,
  sequence: number,
  system: OtaParts["system"],
  tally: Tally,
  onAgain: (sectors: number) => void,
): ResetReason | "rest" {
  const { flash, regions, served } = world;
  const store = openStore(openSettings(flash, regions.settings));
  const imageSectors = imageSectorsOf(flash, regions);
  const create = world.create ?? ((parts) => createOta(parts) as Machine<unknown>);
  const machine = create({ crypto, flash, regions, system, times: TIMES });
  const queue: (PortEvent | InnerEvent)[] = [{ kind: "start", facts: store.facts, stored: store.settings }];
  const crash = world.crashing.get(sequence);
  if (crash === undefined) queue.push({ kind: "app-started", passed: world.unfit?.has(sequence) !== true });
  else if (system.isTrial) return crash;
  queue.push({ kind: "link-up" }, { kind: "link-message", topic: "release", payload: served.signed });
  queue.push(...(world.events ?? []));
  let state = machine.initial;
  let nowMs = 0;
  let wakeAtMs = Number.POSITIVE_INFINITY;
  let restart: ResetReason | undefined;

  const hear = (name: string, payload: Uint8Array) => {
    if (!world.isSilent(tally.starts))
      queue.push({ kind: "link-message", topic: name, payload: world.forge?.(name, payload) ?? payload });
  };
  const perform = (effect: Effect): boolean => {
    if (effect.kind === "emit") onEmit(world, effect.event, hear, tally) ?? queue.push(effect.event);
    else if (effect.kind === "store" || effect.kind === "forget") {
      if (performStore(store, machine.name, effect)) return true;
      queue.unshift({ kind: "store-failed", name: effect.name });
      return false;
    } else if (effect.kind === "log") tally.log.push(withFaultNames(effect.text));
    else if (effect.kind === "restart") restart = effect.reason;
    else if (effect.kind === "flash-erase" || effect.kind === "flash-write") {
      if (effect.kind === "flash-erase" && imageSectors.has(effect.address)) {
        if (tally.erased.has(effect.address)) onAgain(++tally.again);
        tally.erased.add(effect.address);
      }
      if (!performOp(flash, effect)) {
        queue.push({ kind: "flash-failed", address: effect.address });
        return false;
      }
    }
    return restart === undefined;
  };

  for (let turn = 0; turn < EVENTS_MAX; turn++) {
    let event = queue.shift();
    if (event === undefined) {
      // An idle unit that waits for something far off, or for nothing, rests.
      const isResting = machine.name === "ota" && (state as { activity: string }).activity === "idle";
      if (isResting || wakeAtMs === Number.POSITIVE_INFINITY) return "rest";
      nowMs = Math.max(nowMs, wakeAtMs);
      event = { kind: "timer" };
    }
    nowMs += 1;
    world.spoil?.(flash);
    const step = machine.step(state, { ...event, nowMs } as DeviceEvent);
    state = step.state;
    wakeAtMs = step.wakeAtMs ?? Number.POSITIVE_INFINITY;
    for (const effect of step.effects) if (!perform(effect)) break;
    if (restart !== undefined) return restart;
  }
  throw new Error(`a boot that never ends: ${tally.log.slice(-6).join(" | ")}`);
}

/** The maker's answer to a message of the unit; undefined when the message is not for the maker. */
function onEmit(
  world: World,
  event: InnerEvent,
  hear: (name: string, payload: Uint8Array) => void,
  tally: Tally,
): true | undefined {
  if (event.kind !== "publish") return undefined;
  const { signed, release, streams } = world.served;
  if (event.topic === "state") {
    const state = decodeUnitState(event.payload);
    if (state.ok) tally.states.push(state.value);
  } else if (event.topic === "ask") {
    const { sequence, releaseId } = world.current?.() ?? {
      sequence: release.sequence,
      releaseId: releaseIdOf(crypto.sha256, signed),
    };
    const asked = { nonce: event.payload, deviceId: DEVICE_ID };
    const stamp = { product: "lamp", sequence, releaseId, unixS: 1_800_000_000, ...asked };
    hear("fresh", signTimestamp(crypto, TIMESTAMP_SEED, stamp));
  } else if (event.topic === "want") {
    const request = decodeBlockRequest(event.payload);
    const stream = request.ok ? streams.get(toHex(request.value.transfer)) : undefined;
    if (!request.ok || stream === undefined) throw new Error("a request for nothing of ours");
    const tag = tagOf(request.value.transfer);
    if (request.value.first === LEAVES_INDEX) {
      hear("block", encodeBlockResponse({ kind: "leaves", tag, bytes: leavesOf(crypto.sha256, stream) }));
      return true;
    }
    for (const index of wantedBlocks(request.value, blockCount(stream.length))) {
      tally.counts.blocks++;
      const bytes = stream.slice(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);
      hear("block", encodeBlockResponse({ kind: "block", tag, index, bytes }));
    }
  }
  return true;
}

/** A flash model over a copy of these bytes. */
export function modelOf(geometry: Geometry, bytes: Uint8Array): FlashModel {
  return flashModel(geometry, bytes.slice());
}
