/**
 * The unit's side of the factory line: it makes its own key, takes what the station gives it once, and proves what it
 * remembers. After that the line answers `check` alone.
 * @source PROTOCOL 9.2
 */
import { concat } from "#base/bytes.ts";
import { type Fault, faultNumber } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import type { Primitives } from "#trust/primitives.ts";
import { DEVELOPMENT_MARK } from "#wire/lines/development-line.ts";
import {
  decodeFactoryLine,
  encodeFactoryLine,
  type FactoryAnswer,
  type FactoryRequest,
} from "#wire/lines/factory-line.ts";
import type { DeviceEvent, Effect, Machine, Step, Stored } from "./machine.ts";
import type { Facts } from "./store/facts.ts";
import { isGiven, isProvisioned, remember } from "./store/store.ts";

/** A longer line is not ours: it is dropped, so that noise on the line can't fill the heap. */
const LINE_BYTES_MAX = 8192;
const DIGEST_BYTES = 16;

interface State {
  readonly facts: Facts | undefined;
  /** The bytes that lie in flash: a check is about these. */
  readonly stored: Stored | undefined;
  readonly line: Uint8Array;
}

/**
 * What one request does, in the order that survives a power cut at any point.
 * @param made The key that an earlier request of the same step made: it is in flash only after the step.
 */
function answer(
  crypto: Primitives,
  request: FactoryRequest,
  facts: Facts,
  stored: Stored,
  made: { seed: Uint8Array | undefined },
): readonly Effect[] {
  switch (request.kind) {
    case "identify": {
      // A unit that lost its key must not get another one: whoever trusts the old key would be left alone with it.
      const isLost = facts.key === undefined && (isProvisioned(facts) || facts.unreadable.has("key"));
      if (isLost) return [done("STORE_UNREADABLE")];
      const known = facts.key ?? made.seed;
      const seed = known ?? crypto.random(32);
      made.seed = seed;
      const identity = say({ kind: "identity", publicKey: crypto.ed25519PublicKey(seed) });
      return known === undefined ? [remember("key", seed), identity] : [identity];
    }
    case "provision": {
      if (isProvisioned(facts)) return [done("FACTORY_PROVISIONED")];
      const values = [...request.values];
      if (!values.every(([name, value]) => isGiven(name, value))) return [done("FACTORY_LINE")];
      const stores = values.map(([name, value]): Effect => ({ kind: "store", name, value }));
      const mark = remember("provisioned", [...request.values.keys()]);
      return [...stores, mark, say({ kind: "done", fault: 0 }), { kind: "restart", reason: "requested" }];
    }
    case "check": {
      const digests = new Map<string, Uint8Array>();
      // These alone: what the owner gave later (Wi-Fi) is no station's business.
      for (const name of facts.provisioned ?? []) {
        const value = stored.get(name);
        if (value !== undefined) digests.set(name, crypto.sha512(value).slice(0, DIGEST_BYTES));
      }
      return [say({ kind: "state", digests })];
    }
  }
}

function step(crypto: Primitives, isDevelopment: boolean, state: State, event: DeviceEvent): Step<State> {
  if (event.kind === "start") return { state: { ...state, facts: event.facts, stored: event.stored }, effects: [] };
  if (event.kind === "store-failed") return { state, effects: [done("STORE_FAILED")] };
  const { facts, stored } = state;
  if (event.kind !== "console-data" || facts === undefined || stored === undefined) return { state, effects: [] };
  const { lines, rest } = split(concat(state.line, event.bytes));
  const effects: Effect[] = [];
  const made = { seed: undefined };
  for (const line of lines) {
    const message = decodeFactoryLine(line);
    if (message?.ok && isRequest(message.value)) effects.push(...answer(crypto, message.value, facts, stored, made));
    else if (message !== undefined) effects.push(done("FACTORY_LINE"));
    else if (!isDevelopment && line.startsWith(DEVELOPMENT_MARK)) effects.push(done("DEVELOPMENT_ONLY"));
  }
  return { state: { ...state, line: rest }, effects };
}

/** @param isDevelopment Whether a machine of this unit answers what development tools ask for; it is refused otherwise. */
export function createProvision(crypto: Primitives, isDevelopment: boolean): Machine<State> {
  return {
    name: "provision",
    initial: { facts: undefined, stored: undefined, line: new Uint8Array(0) },
    step: (state, event) => step(crypto, isDevelopment, state, event),
  };
}

function isRequest(message: FactoryRequest | FactoryAnswer): message is FactoryRequest {
  return message.kind === "identify" || message.kind === "provision" || message.kind === "check";
}

function done(fault: Fault): Effect {
  return say({ kind: "done", fault: faultNumber(fault) });
}

function say(message: FactoryAnswer): Effect {
  return { kind: "console-write", bytes: utf8(encodeFactoryLine(message)) };
}

function split(bytes: Uint8Array): { lines: string[]; rest: Uint8Array } {
  const lines: string[] = [];
  let start = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== 10) continue;
    lines.push(String.fromCharCode(...bytes.subarray(start, i)));
    start = i + 1;
  }
  const rest = bytes.slice(start);
  return { lines, rest: rest.length > LINE_BYTES_MAX ? new Uint8Array(0) : rest };
}
