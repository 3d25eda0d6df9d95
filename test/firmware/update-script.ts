/**
 * What runs on a booted unit whose power is cut: the update machine as it ships, under the runner as it ships, and a
 * simulated maker whose releases lie in the same flash, behind the board's regions. The maker offers the next release
 * for ever and answers the machine's requests. Bundled onto the board.
 */
import { equal, toHex, viewOf } from "#base/bytes.ts";
import { fromUtf8, utf8 } from "#base/utf8.ts";
import { decodeCbor } from "#codec/cbor.ts";
import type { App } from "#device/app-interface.ts";
import type { Effect, InnerEvent, Machine } from "#device/machine.ts";
import { createOta } from "#device/ota/ota.ts";
import type { Regions } from "#device/ota/slots.ts";
import type { Port } from "#device/port.ts";
import { run } from "#device/runner.ts";
import { openSettings } from "#device/settings.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { signTimestamp } from "#trust/releases/sign-release.ts";
import { readJournal } from "#wire/flash/journal.ts";
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

/**
 * The address of the releases that the maker serves, behind the regions of the emulated boards: u32 length, then CBOR [timestamp seed, product, [signed release
 * 2, 3...], {name: stream}].
 */
export const SHELF_ADDRESS = 0x40_0000;

/** What no power cut may lose: identity, Wi-Fi credentials, revocation floors. The last is counted up. */
export const KEPT = { key: new Uint8Array(32).fill(0x11), wifi: utf8("network and passphrase") } as const;
export const FLOOR = "floor";

const TIMES = {
  ...{ answerMs: 20_000, steadyMs: 20, trialMs: 20_000, crashMs: 20, missMs: 20, failureMs: 20, longestMs: 200 },
  deferMs: 60_000,
};

const app = {} as App;

interface Shelf {
  readonly timestampSeed: Uint8Array;
  readonly product: string;
  readonly releases: readonly Uint8Array[];
  readonly streams: ReadonlyMap<string, Uint8Array>;
}

function readShelf({ flash }: Port, address: number): Shelf {
  const byteLength = viewOf(flash.read(address, 4)).getUint32(0, true);
  const read = decodeCbor(flash.read(address + 4, byteLength), { bytesMax: byteLength, depthMax: 4 });
  const [timestampSeed, product, releases, streams] = (read.ok ? read.value : []) as unknown as [
    Uint8Array,
    string,
    readonly Uint8Array[],
    ReadonlyMap<string, Uint8Array>,
  ];
  return { timestampSeed, product, releases, streams };
}

export function runUpdates(
  port: Port,
  regions: Regions & { readonly settings: { start: number; bytes: number } },
  shelfAddress = SHELF_ADDRESS,
): void {
  const { flash, crypto } = port;
  const settings = openSettings(flash, regions.settings);
  const journalRegion = { ...(regions.journal as { start: number; bytes: number }), ...flash };
  const { confirmed } = readJournal(journalRegion, (at, byteLength) => flash.read(at, byteLength)).state;
  const say = (text: string) => port.console.write(utf8(`${text}\n`));
  const floor = () => Number(fromUtf8(settings.get(FLOOR) ?? utf8("none")));
  const isWhole = Object.entries(KEPT).every(([name, value]) => equal(settings.get(name) ?? new Uint8Array(0), value));
  say(`found ${isWhole ? "whole" : "LOST"} floor ${floor()} sequence ${confirmed.sequence}`);
  const shelf = readShelf(port, shelfAddress);

  /**
   * The maker, as one of the unit's machines: it receives what the other machines publish, and they receive its
   * answers.
   */
  const maker: Machine<{ offered: number }> = {
    name: "maker",
    initial: { offered: 0 },
    step(state, event) {
      const effects: Effect[] = [];
      const emit = (inner: InnerEvent) => void effects.push({ kind: "emit", event: inner });
      const hear = (topic: string, payload: Uint8Array) => emit({ kind: "link-message", topic, payload });
      const signedOf = (sequence: number) => shelf.releases[sequence - 2];
      const offer = (sequence: number) => {
        const signed = signedOf(sequence);
        if (signed === undefined || state.offered === sequence) return;
        state.offered = sequence;
        hear("release", signed);
      };
      if (event.kind === "start") {
        emit({ kind: "link-up" });
        offer(confirmed.sequence + 1);
      }
      if (event.kind !== "publish") return { state, effects };
      if (event.topic === "state") {
        const told = decodeUnitState(event.payload);
        if (!told.ok) return { state, effects };
        const { sequence, attempt } = told.value;
        effects.push({
          kind: "log",
          text: `state ${sequence} ${attempt?.sequence ?? 0} ${attempt?.stage ?? "none"} ${attempt?.fault ?? "none"}`,
        });
        if (attempt === undefined) offer(sequence + 1);
      } else if (event.topic === "ask") {
        const deviceId = deviceIdOf(crypto, crypto.ed25519PublicKey(KEPT.key));
        const sequence = Math.max(2, state.offered);
        const signed = signedOf(sequence) ?? new Uint8Array(0);
        const releaseId = releaseIdOf(crypto.sha256, signed);
        const stamp = {
          product: shelf.product,
          sequence,
          releaseId,
          nonce: event.payload,
          unixS: 1_800_000_000,
          deviceId,
        };
        hear("fresh", signTimestamp(crypto, shelf.timestampSeed, stamp));
      } else if (event.topic === "want") {
        const request = decodeBlockRequest(event.payload);
        const stream = request.ok ? shelf.streams.get(toHex(request.value.transfer)) : undefined;
        if (!request.ok || stream === undefined) {
          effects.push({ kind: "log", text: "trouble: a transfer that nobody serves" });
          return { state, effects };
        }
        const tag = tagOf(request.value.transfer);
        effects.push({ kind: "store", name: FLOOR, value: utf8(String(floor() + 1)) });
        effects.push({ kind: "log", text: `floor ${floor() + 1}` });
        if (request.value.first === LEAVES_INDEX) {
          hear("block", encodeBlockResponse({ kind: "leaves", tag, bytes: leavesOf(crypto.sha256, stream) }));
          return { state, effects };
        }
        for (const index of wantedBlocks(request.value, blockCount(stream.length))) {
          const bytes = stream.slice(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);
          hear("block", encodeBlockResponse({ kind: "block", tag, index, bytes }));
        }
      }
      return { state, effects };
    },
  };
  const ota = createOta({ crypto, flash, regions, system: port.system, times: TIMES });
  run(port, [maker, ota] as readonly Machine<unknown>[], app, settings);
}
