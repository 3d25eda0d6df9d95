/**
 * Serves blocks over MQTT: one window at a time per device, a bounded number of devices at once, and the others in
 * order of arrival. Before every block it checks again whether the device may still have the transfer.
 */
import { toHex } from "#base/bytes.ts";
import type { LinkedDevice } from "#cloud/broker/broker.ts";
import {
  BLOCK_BYTES,
  type BlockRequest,
  blockCount,
  decodeBlockRequest,
  encodeBlockResponse,
  LEAVES_INDEX,
  tagOf,
  wantedBlocks,
} from "#wire/releases/blocks.ts";

/** A transfer that can be served. */
export interface BlockSource {
  readonly bytes: Uint8Array;
  readonly leaves: Uint8Array;
  /** Responses by block, made when first asked for and shared by all devices. */
  readonly responses: (Uint8Array | undefined)[];
}

export interface BlockServiceOptions {
  /** The transfer of that name (32 hexadecimal digits), when this device may have it now. */
  transferFor(device: LinkedDevice, name: string): BlockSource | undefined;
  /** Hands bytes to the broker; resolves when there is room for more, false when the device has gone. */
  send(device: LinkedDevice, payload: Uint8Array): Promise<boolean>;
  /** Devices served at the same time. */
  readonly concurrent?: number;
  /** Bytes a second for all devices together; unlimited when absent. */
  readonly bytesPerS?: number;
  /** Devices that may wait their turn; whoever comes after is told to come back later. */
  readonly queueMax?: number;
  readonly nowMs: () => number;
  /** 0 to 1, for spreading those who are told to come back. */
  readonly randomFraction: () => number;
}

export interface BlockService {
  /** A device's request, as it came. One that can't be read is dropped: the device asks again after its own time-out. */
  want(device: LinkedDevice, payload: Uint8Array): void;
  readonly counts: { blocks: number; bytes: number; refused: number; waiting: number; serving: number };
}

const CONCURRENT = 1_024;
const QUEUE_MAX = 100_000;
/** Those who find the queue full come back after 15 to 60 s. */
const BACK_AFTER_S = 15;
const BACK_SPREAD_S = 45;

function responseOf({ bytes, responses }: BlockSource, tag: number, index: number): Uint8Array {
  const known = responses[index];
  if (known !== undefined) return known;
  const block = bytes.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);
  const response = encodeBlockResponse({ kind: "block", tag, index, bytes: block });
  responses[index] = response;
  return response;
}

export function createBlockService(options: BlockServiceOptions): BlockService {
  const concurrent = options.concurrent ?? CONCURRENT;
  const queueMax = options.queueMax ?? QUEUE_MAX;
  const counts = { blocks: 0, bytes: 0, refused: 0, waiting: 0, serving: 0 };
  /** Each device's newest request; one that comes while the former is served takes its place. */
  const requests = new Map<string, { readonly device: LinkedDevice; readonly request: BlockRequest }>();
  const queue: string[] = [];
  let head = 0;
  const busy = new Set<string>();
  let freeAtMs = 0;

  const refuse = (device: LinkedDevice, transfer: Uint8Array, afterS: number) => {
    counts.refused++;
    void options.send(device, encodeBlockResponse({ kind: "refused", tag: tagOf(transfer), afterS }));
  };

  /** Waits until the rate allows that many bytes more. */
  const pace = async (byteLength: number) => {
    if (options.bytesPerS === undefined) return;
    const nowMs = options.nowMs();
    const startMs = Math.max(freeAtMs, nowMs);
    freeAtMs = startMs + (byteLength / options.bytesPerS) * 1_000;
    // Unreferenced: whoever waits for blocks keeps no cloud from ending.
    if (startMs > nowMs) await new Promise((resolve) => setTimeout(resolve, startMs - nowMs).unref());
  };

  const serve = async (device: LinkedDevice, request: BlockRequest): Promise<void> => {
    const name = toHex(request.transfer);
    const tag = tagOf(request.transfer);
    const current = () => requests.get(device.id) === undefined;
    const first = options.transferFor(device, name);
    if (first === undefined) return refuse(device, request.transfer, 0);
    if (request.first === LEAVES_INDEX) {
      await pace(first.leaves.length);
      if (options.transferFor(device, name) === undefined) return refuse(device, request.transfer, 0);
      counts.bytes += first.leaves.length;
      await options.send(device, encodeBlockResponse({ kind: "leaves", tag, bytes: first.leaves }));
      return;
    }
    for (const index of wantedBlocks(request, blockCount(first.bytes.length))) {
      const response = responseOf(first, tag, index);
      await pace(response.length);
      // A newer request of the same device says better what it lacks.
      if (!current()) return;
      if (options.transferFor(device, name) === undefined) return refuse(device, request.transfer, 0);
      counts.blocks++;
      counts.bytes += response.length;
      if (!(await options.send(device, response))) return;
    }
  };

  const next = () => {
    while (busy.size < concurrent && head < queue.length) {
      const id = queue[head++] as string;
      const found = requests.get(id);
      if (found === undefined) continue;
      requests.delete(id);
      busy.add(id);
      serve(found.device, found.request)
        .catch(() => undefined)
        .then(() => {
          busy.delete(id);
          if (requests.has(id)) queue.push(id);
          next();
        });
    }
    if (head > 4_096 && head * 2 > queue.length) {
      queue.splice(0, head);
      head = 0;
    }
    counts.waiting = queue.length - head;
    counts.serving = busy.size;
  };

  return {
    counts,
    want(device, payload) {
      const request = decodeBlockRequest(payload);
      if (!request.ok) return;
      const known = requests.has(device.id);
      if (!known && !busy.has(device.id) && queue.length - head >= queueMax) {
        const afterS = BACK_AFTER_S + Math.floor(options.randomFraction() * BACK_SPREAD_S);
        return refuse(device, request.value.transfer, afterS);
      }
      requests.set(device.id, { device, request: request.value });
      if (!known && !busy.has(device.id)) queue.push(device.id);
      next();
    },
  };
}
