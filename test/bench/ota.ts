/** Patches against those of other tools, on the same files; and what an update costs on the wire and in memory. */
import { performance } from "node:perf_hooks";
import { encodePuback, encodePublish } from "#codec/mqtt.ts";
import type { Machine } from "#device/machine.ts";
import { createOta } from "#device/ota/ota.ts";
import { nodePrimitives as crypto } from "#trust/host/node-primitives.ts";
import { DOWN, UP, unitTopic } from "#wire/link/topics.ts";
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
import { createStreamDecoder, DECODER_BYTES } from "#wire/stream/stream-decoder.ts";
import { encodeStream } from "#wire/stream/stream-encoder.ts";
import { GEOMETRIES, type Geometry } from "../powercut/flash-model.ts";
import { factoryFlash, type ImageSet, serve } from "../powercut/maker.ts";
import { modelOf, runWorld, type World } from "../powercut/world.ts";
import { jsPairs, type Pair } from "./ota-images.ts";
import { nativePairs } from "./ota-native.ts";
import { type Figures, peerFigures } from "./ota-peers.ts";
import type { Bench, Row } from "./row.ts";

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

async function deltaRows(pair: Pair, missing: (what: string) => void): Promise<readonly Row[]> {
  const peers = await peerFigures(pair.old, pair.image, missing);
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

/** What crossed the link in an update, in bytes of MQTT 3.1.1. */
interface Traffic {
  /** Up to the trial: the offer, freshness twice, the request, the patch. */
  update: number;
  /** What the unit said of itself, up to the confirmation. */
  reports: number;
  /** The new image's proof that it reaches the maker. */
  proof: number;
}

/**
 * Puts the unit's own update machine through one small fix and weighs every message both ways, from the offer to the
 * confirmation; not the connections themselves. The cloud sends with QoS 0; it makes no offer to a unit on trial.
 */
function smallFixTraffic(pair: Pair): Traffic {
  // What the factory flashes has a native image as well; the fix leaves it alone.
  const native = new Uint8Array(5_000).fill(7);
  const first: ImageSet = {
    images: new Map([
      [0, native],
      [1, pair.old],
    ]),
    sequence: 1000,
  };
  const second: ImageSet = { images: new Map([[1, pair.image]]), sequence: 1001 };
  const geometry = GEOMETRIES[0] as Geometry;
  const served = serve(second, first, { notAfterS: 1_900_000_000 });
  const { bytes, regions } = factoryFlash(geometry, [first, second]);
  const traffic: Traffic = { update: 0, reports: 0, proof: 0 };
  let starts = 0;
  let isOffered = false;
  const create: World["create"] = (parts) => {
    const machine = createOta(parts) as Machine<unknown>;
    const isTrial = ++starts > 1;
    const add = (kind: keyof Traffic, byteLength: number) => {
      traffic[kind] += isOffered ? byteLength : 0;
    };
    return {
      ...machine,
      step(state, event) {
        if (event.kind === "link-message" && !(isTrial && event.topic === DOWN.release)) {
          isOffered = true;
          add(isTrial ? "proof" : "update", wireBytes(event.topic, event.payload, 0));
        }
        const step = machine.step(state, event);
        for (const effect of step.effects) {
          if (effect.kind !== "emit" || effect.event.kind !== "publish") continue;
          const { topic, payload, qos = 1 } = effect.event;
          add(topic === UP.state ? "reports" : isTrial ? "proof" : "update", wireBytes(topic, payload, qos));
        }
        return step;
      },
    };
  };
  const outcome = runWorld({
    ...{ flash: modelOf(geometry, bytes), regions, served, create, crashing: new Map(), isSilent: () => false },
  });
  if (outcome.sequence !== second.sequence) throw new Error("the small fix did not come in");
  return traffic;
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
    for (const pair of js) rows.push(...(await deltaRows(pair, tell)));
    const native = await nativePairs(tell);
    for (const pair of native ?? []) if (!quick || pair.edit === "small") rows.push(...(await deltaRows(pair, tell)));
    const [small] = js as readonly [Pair];
    const { update, reports, proof } = smallFixTraffic(small);
    rows.push(row("decoder-ram", "size", DECODER_BYTES, "B", DECODER_GOAL_BYTES, null));
    rows.push(row("small-js-fix-on-wire", "size", update + reports, "B", SMALL_FIX_GOAL_BYTES, null));
    rows.push(row("small-js-fix-state-reports", "size", reports, "B", null, null));
    rows.push(row("small-js-fix-trial-proof", "size", proof, "B", null, null));
    const hundred = crypto.random(25 * BLOCK_BYTES);
    rows.push(row("overhead-4k", "ratio", overheadRatio(hundred), "1", OVERHEAD_GOAL, null));
    return rows;
  },
};
