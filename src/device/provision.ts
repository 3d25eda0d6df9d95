/**
 * The unit's side of the factory line: it makes its own key, takes what the station gives it once, and proves what it
 * remembers. After that the line answers `check` alone.
 * @source PROTOCOL 9.2
 */
import { concat } from "#base/bytes.ts";
import { faultNumber } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import { decodeCbor, encodeCbor } from "#codec/cbor.ts";
import type { Primitives } from "#trust/primitives.ts";
import { OWN } from "#wire/flash/stored-names.ts";
import {
  decodeFactoryLine,
  encodeFactoryLine,
  type FactoryAnswer,
  type FactoryRequest,
} from "#wire/lines/factory-line.ts";
import type { DeviceEvent, Effect, Machine, Step, Stored } from "./machine.ts";

/** A longer line is not ours: it is dropped, so that noise on the line can't fill the heap. */
const LINE_BYTES_MAX = 8192;
const DIGEST_BYTES = 16;

interface State {
  readonly stored: Stored | undefined;
  readonly line: Uint8Array;
}

/** What one request does, in the order that survives a power cut at any point. */
function answer(crypto: Primitives, request: FactoryRequest, stored: Stored): readonly Effect[] {
  switch (request.kind) {
    case "identify": {
      const known = stored.get(OWN.key);
      const seed = known ?? crypto.random(32);
      const identity: FactoryAnswer = { kind: "identity", publicKey: crypto.ed25519PublicKey(seed) };
      return known === undefined ? [{ kind: "store", name: OWN.key, value: seed }, say(identity)] : [say(identity)];
    }
    case "provision": {
      if (stored.get(OWN.provisioned) !== undefined)
        return [say({ kind: "done", fault: faultNumber("FACTORY_PROVISIONED") })];
      if (request.values.has(OWN.key)) return [say({ kind: "done", fault: faultNumber("FACTORY_LINE") })];
      const stores = [...request.values].map(([name, value]): Effect => ({ kind: "store", name, value }));
      const mark: Effect = { kind: "store", name: OWN.provisioned, value: encodeCbor([...request.values.keys()]) };
      return [...stores, mark, say({ kind: "done", fault: 0 }), { kind: "restart", reason: "requested" }];
    }
    case "check": {
      const digests = new Map<string, Uint8Array>();
      for (const name of provisionedNames(stored)) {
        const value = stored.get(name);
        if (value !== undefined) digests.set(name, crypto.sha512(value).slice(0, DIGEST_BYTES));
      }
      return [say({ kind: "state", digests })];
    }
  }
}

function step(crypto: Primitives, state: State, event: DeviceEvent): Step<State> {
  if (event.kind === "start") return { state: { ...state, stored: event.stored }, effects: [] };
  if (event.kind !== "console-data" || state.stored === undefined) return { state, effects: [] };
  const { lines, rest } = split(concat(state.line, event.bytes));
  const effects: Effect[] = [];
  for (const line of lines) {
    const message = decodeFactoryLine(line);
    if (message?.ok && isRequest(message.value)) effects.push(...answer(crypto, message.value, state.stored));
    else if (message !== undefined) effects.push(say({ kind: "done", fault: faultNumber("FACTORY_LINE") }));
  }
  return { state: { ...state, line: rest }, effects };
}

export function createProvision(crypto: Primitives): Machine<State> {
  return {
    name: "provision",
    initial: { stored: undefined, line: new Uint8Array(0) },
    step: (state, event) => step(crypto, state, event),
  };
}

/** `check` answers for these alone: what the owner gave later (Wi-Fi) is no station's business. */
function provisionedNames(stored: Stored): readonly string[] {
  const mark = stored.get(OWN.provisioned);
  const names = mark === undefined ? undefined : decodeCbor(mark);
  return names?.ok && Array.isArray(names.value) ? (names.value as string[]) : [];
}

function isRequest(message: FactoryRequest | FactoryAnswer): message is FactoryRequest {
  return message.kind === "identify" || message.kind === "provision" || message.kind === "check";
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
