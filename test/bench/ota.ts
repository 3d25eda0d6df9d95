/** Patches against those of other tools, on the same files; and what an update costs on the wire and in memory. */
import { performance } from "node:perf_hooks";
import { encodePuback, encodePublish } from "#codec/mqtt.ts";
import { nodePrimitives as crypto } from "#trust/host/node-primitives.ts";
import { signRelease, signTimestamp } from "#trust/releases/sign-release.ts";
import { DOWN, UP, unitTopic } from "#wire/link/topics.ts";
import { encodeUnitState, type Stage, type UnitState } from "#wire/link/unit-state.ts";
import {
  BLOCK_BYTES,
  blockCount,
  encodeBlockRequest,
  encodeBlockResponse,
  LEAVES_INDEX,
  leavesOf,
  rootOfBytes,
  tagOf,
} from "#wire/releases/blocks.ts";
import { type Component, releaseIdOf, type Transfer } from "#wire/releases/release.ts";
import { createStreamDecoder, DECODER_BYTES } from "#wire/stream/stream-decoder.ts";
import { encodeStream } from "#wire/stream/stream-encoder.ts";
import { jsPairs, type Pair } from "./ota-images.ts";
import { nativePairs } from "./ota-native.ts";
import { type Figures, peerFigures } from "./ota-peers.ts";
import type { Bench, Row } from "./row.ts";

const NOTHING = new Uint8Array(0);
const DEVICE = "0123456789abcdef01234567";
/** Blocks that a unit asks for at once (device/ota/transfer.ts). */
const WINDOW = 8;
const SMALL_FIX_GOAL_BYTES = 1000;
const OVERHEAD_GOAL = 0.02;
const DECODER_GOAL_BYTES = 9000;

function row(name: string, metric: string, value: number, unit: string, goal: number | null, peer: string | null): Row {
  return { case: name, metric, value, unit, peer, goal };
}

function decode(base: Uint8Array, stream: Uint8Array, imageBytes: number): Uint8Array {
  const image = new Uint8Array(imageBytes);
  const page = new Uint8Array(1024);
  const decoder = createStreamDecoder({
    baseBytes: base.length,
    imageBytes,
    readBase: (at, size) => base.subarray(at, at + size),
    readImage: (at, size) => image.subarray(at, at + size),
  });
  let filled = 0;
  for (let index = 0; index < blockCount(stream.length); index++) {
    const block = stream.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);
    if (!decoder.startBlock(index, block).ok) throw new Error("our own stream is refused");
    while (!decoder.isBlockDone) {
      const pageAt = decoder.position - filled;
      const got = decoder.fill(page, filled);
      if (!got.ok) throw new Error("our own stream is refused");
      image.set(page.subarray(0, got.value), pageAt);
      filled = got.value % page.length;
    }
  }
  return image;
}

function ourFigures({ old, image }: Pair): Figures & { readonly stream: Uint8Array } {
  const startMs = performance.now();
  const stream = encodeStream(old, image);
  const middleMs = performance.now();
  const back = decode(old, stream, image.length);
  const decodeMs = performance.now() - middleMs;
  if (!Buffer.from(back).equals(Buffer.from(image))) throw new Error("our patch came back wrong");
  return { size: stream.length, encodeMs: middleMs - startMs, decodeMs, stream };
}

function deltaRows(pair: Pair, missing: (what: string) => void): readonly Row[] {
  const peers = peerFigures(pair.old, pair.image, missing);
  const ours = ourFigures(pair);
  const smallest = Math.min(...[...peers.values()].map(({ size }) => size));
  const goal = pair.edit === "small" ? smallest : null;
  const rows: Row[] = [];
  const add = (name: string, { size, encodeMs, decodeMs }: Figures, sizeGoal: number | null, peer: string | null) => {
    const where = `delta/${pair.edit}/${name}/${pair.kind}`;
    rows.push(row(where, "size", size, "B", sizeGoal, peer));
    rows.push(row(where, "encode", encodeMs, "ms", null, peer));
    rows.push(row(where, "decode", decodeMs, "ms", null, peer));
  };
  add("ours", ours, goal, null);
  for (const [name, figures] of peers) add(name, figures, null, name);
  return rows;
}

/** Bytes of MQTT 3.1.1 that carry a message, with its acknowledgement where there is one. */
function wireBytes(name: string, payload: Uint8Array, qos: 0 | 1): number {
  const topic = unitTopic("lamp", DEVICE, name);
  const packetId = qos;
  const packet = encodePublish(4, { topic, payload, qos, retain: false, isAgain: false, packetId });
  return packet.length + (qos === 1 ? encodePuback(1).length : 0);
}

function transferOf(stream: Uint8Array, base: Uint8Array | undefined): Transfer {
  const nameOf = (bytes: Uint8Array) => rootOfBytes(crypto.sha256, bytes).slice(0, 16);
  return { streamBytes: stream.length, root: nameOf(stream), base: base && nameOf(base) };
}

/** Everything that crosses the link for one small fix: offer, two freshness checks, the request, the patch. */
function smallFixBytes(pair: Pair, patch: Uint8Array): number {
  const transfer = transferOf(patch, pair.old);
  const component: Component = {
    kind: 1,
    imageBytes: pair.image.length,
    imageRoot: rootOfBytes(crypto.sha256, pair.image),
    transfers: [transferOf(encodeStream(NOTHING, pair.image), undefined), transfer],
  };
  const seed = new Uint8Array(32).fill(1);
  const sequence = 1000;
  const signed = signRelease(crypto, seed, {
    ...{ sequence, product: "lamp", hardware: [1], notAfterS: 1_900_000_000, consent: "auto", epoch: 1 },
    components: [component],
  });
  const nonce = new Uint8Array(16);
  const releaseId = releaseIdOf(crypto.sha256, signed);
  const stamp = signTimestamp(crypto, seed, { product: "lamp", sequence, releaseId, nonce, unixS: 1_800_000_000 });
  const request = encodeBlockRequest({ transfer: transfer.root, first: 0, bitmap: 1 });
  const response = encodeBlockResponse({ kind: "block", tag: tagOf(transfer.root), index: 0, bytes: patch });
  const fresh = wireBytes(UP.ask, nonce, 1) + wireBytes(DOWN.fresh, stamp, 1);
  return (
    wireBytes(DOWN.release, signed, 1) + 2 * fresh + wireBytes(UP.want, request, 0) + wireBytes(DOWN.block, response, 0)
  );
}

/** What the unit says of itself meanwhile, from the offer to the confirmation: not part of the row before. */
function stateReportBytes(): number {
  const [before, after] = [1, 2];
  const at = (stage: Stage, percent: number) => ({ sequence: after, stage, fault: undefined, percent });
  const states: readonly UnitState[] = [
    ...[at("waiting", 0), at("fetching", 0), at("verified", 100), at("trial", 100)].map((attempt) => ({
      ...{ sequence: before, epoch: 1, attempt },
    })),
    { sequence: after, epoch: 1, attempt: undefined },
  ];
  return states.reduce((sum, state) => sum + wireBytes(UP.state, encodeUnitState(state), 1), 0);
}

/** What is sent besides a stream's own bytes, as a share of them. */
function overheadRatio(stream: Uint8Array): number {
  const name = rootOfBytes(crypto.sha256, stream).slice(0, 16);
  const tag = tagOf(name);
  const ask = (first: number, bitmap: number) =>
    wireBytes(UP.want, encodeBlockRequest({ transfer: name, first, bitmap }), 0);
  const leaves = encodeBlockResponse({ kind: "leaves", tag, bytes: leavesOf(crypto.sha256, stream) });
  let all = ask(LEAVES_INDEX, 1) + wireBytes(DOWN.block, leaves, 0);
  for (let index = 0; index < blockCount(stream.length); index++) {
    if (index % WINDOW === 0) all += ask(index, 0xff);
    const bytes = stream.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);
    all += wireBytes(DOWN.block, encodeBlockResponse({ kind: "block", tag, index, bytes }), 0);
  }
  return all / stream.length - 1;
}

export const bench: Bench = {
  async run({ quick, missing }) {
    const rows: Row[] = [];
    const told = new Set<string>();
    const tell = (what: string) => {
      if (!told.has(what)) missing(what);
      told.add(what);
    };
    const js = await jsPairs();
    for (const pair of js) rows.push(...deltaRows(pair, tell));
    const native = await nativePairs(tell);
    for (const pair of native ?? []) if (!quick || pair.edit === "small") rows.push(...deltaRows(pair, tell));
    const [small] = js as readonly [Pair];
    const patch = encodeStream(small.old, small.image);
    rows.push(row("decoder-ram", "size", DECODER_BYTES, "B", DECODER_GOAL_BYTES, null));
    rows.push(row("small-js-fix-on-wire", "size", smallFixBytes(small, patch), "B", SMALL_FIX_GOAL_BYTES, null));
    rows.push(row("small-js-fix-state-reports", "size", stateReportBytes(), "B", null, null));
    const hundred = crypto.random(25 * BLOCK_BYTES);
    rows.push(row("overhead-4k", "ratio", overheadRatio(hundred), "1", OVERHEAD_GOAL, null));
    return rows;
  },
};
