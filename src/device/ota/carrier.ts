/**
 * Fetches the blocks of a locally delivered release from the phone that brought it, over HTTP with Range. The phone
 * need not be trusted: every block is checked against the signed release.
 * @source PROTOCOL 8.13; RFC 9110 section 14
 */
import { toHex } from "#base/bytes.ts";
import { createGathered, type Gathered, gather, gatheredBytes } from "#base/gathered.ts";
import { encodeHttpGet, readHttpResponse } from "#codec/http-response.ts";
import type { DeviceEvent, Effect, Machine, Step } from "#device/machine.ts";
import {
  BLOCK_BYTES,
  BLOCKS_MAX,
  type BlockRequest,
  decodeBlockRequest,
  encodeBlockResponse,
  LEAVES_INDEX,
  tagOf,
  wantedBlocks,
} from "#wire/releases/blocks.ts";
import { type Peer, readPeer } from "#wire/sessions/peer.ts";

interface State {
  /** Who brings: an address and a port. */
  readonly from: Peer | undefined;
  readonly request: BlockRequest | undefined;
  /** What is still to be fetched: block numbers, or LEAVES_INDEX. */
  readonly wanted: readonly number[];
  readonly connection: number;
  readonly received: Gathered;
  readonly deadlineMs: number;
}

const TAG = "carrier";
const ANSWER_MS = 8_000;
/** A block, and the head in front of it. */
const RESPONSE_BYTES_MAX = BLOCK_BYTES + 2048;

const idle = () =>
  ({
    ...{ request: undefined, wanted: [], connection: -1 },
    ...{ received: createGathered(), deadlineMs: Number.POSITIVE_INFINITY },
  }) as const;

/** Asks for the first that is wanted, or rests. */
function next(state: State, nowMs: number): Step<State> {
  const { from, wanted } = state;
  if (from === undefined || wanted.length === 0) return { state: { ...state, ...idle() }, effects: [] };
  const deadlineMs = nowMs + ANSWER_MS;
  const effects: Effect[] = [{ kind: "tcp-connect", tag: TAG, ...from }];
  return { state: { ...state, connection: -1, received: createGathered(), deadlineMs }, effects, wakeAtMs: deadlineMs };
}

/** Gives up what is wanted; the update machine asks again. */
function stop(state: State): Step<State> {
  const effects: Effect[] = state.connection < 0 ? [] : [{ kind: "tcp-close", connection: state.connection }];
  return { state: { ...state, ...idle() }, effects };
}

function onBytes(state: State, nowMs: number, bytes: Uint8Array, isClosed: boolean): Step<State> {
  const { request, wanted } = state;
  const [index] = wanted;
  if (!gather(state.received, bytes, RESPONSE_BYTES_MAX)) return stop(state);
  const response = readHttpResponse(gatheredBytes(state.received), isClosed, RESPONSE_BYTES_MAX);
  if (!response.ok || request === undefined || index === undefined) return stop(state);
  if (response.value === undefined) return { state, effects: [], wakeAtMs: state.deadlineMs };
  const { status, body } = response.value;
  if (status !== 200 && status !== 206) return stop(state);
  const tag = tagOf(request.transfer);
  const payload = encodeBlockResponse(
    index === LEAVES_INDEX ? { kind: "leaves", tag, bytes: body } : { kind: "block", tag, index, bytes: body },
  );
  const closing: Effect[] = isClosed ? [] : [{ kind: "tcp-close", connection: state.connection }];
  const after = next({ ...state, wanted: wanted.slice(1) }, nowMs);
  const heard: Effect = { kind: "emit", event: { kind: "carried-block", payload } };
  return { ...after, effects: [...closing, heard, ...after.effects] };
}

function sendGet(state: State): Step<State> {
  const { from, request, wanted, connection } = state;
  const [index] = wanted;
  if (from === undefined || request === undefined || index === undefined) return stop(state);
  const name = toHex(request.transfer);
  const bytes =
    index === LEAVES_INDEX
      ? encodeHttpGet(from.host, `/v1/leaves/${name}`)
      : encodeHttpGet(from.host, `/v1/blocks/${name}`, [index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES - 1]);
  return { state, effects: [{ kind: "tcp-write", connection, bytes }], wakeAtMs: state.deadlineMs };
}

function step(state: State, event: DeviceEvent): Step<State> {
  const { nowMs } = event;
  switch (event.kind) {
    case "carried-release": {
      return stop({ ...state, from: readPeer(event.from) });
    }
    case "carry-want": {
      const request = decodeBlockRequest(event.payload);
      if (!request.ok || state.wanted.length > 0) break;
      const { first } = request.value;
      const wanted = first === LEAVES_INDEX ? [LEAVES_INDEX] : wantedBlocks(request.value, BLOCKS_MAX);
      return next({ ...state, request: request.value, wanted }, nowMs);
    }
    case "tcp-opening":
      if (event.tag !== TAG) break;
      if (event.connection < 0) return stop(state);
      return { state: { ...state, connection: event.connection }, effects: [], wakeAtMs: state.deadlineMs };
    case "tcp-connected":
      if (event.connection === state.connection) return sendGet(state);
      break;
    case "tcp-data":
      if (event.connection === state.connection) return onBytes(state, nowMs, event.bytes, false);
      break;
    case "tcp-closed":
      if (event.connection === state.connection) {
        return onBytes({ ...state, connection: -1 }, nowMs, new Uint8Array(0), true);
      }
      break;
    case "timer":
      if (nowMs >= state.deadlineMs) return stop(state);
      break;
  }
  return Number.isFinite(state.deadlineMs)
    ? { state, effects: [], wakeAtMs: state.deadlineMs }
    : { state, effects: [] };
}

export function createCarrier(): Machine<State> {
  return { name: "carrier", initial: { from: undefined, ...idle() }, step: (state, event) => step(state, event) };
}
