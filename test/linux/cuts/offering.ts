/**
 * The maker of a unit whose power is cut, as one of the unit's own machines: its releases lie in the same flash, behind the board's
 * regions, and it offers one after another for ever. The rest of the unit is what ships. Bundled onto the unit.
 */
import { toHex, viewOf } from "#base/bytes.ts";
import { fromUtf8, utf8 } from "#base/utf8.ts";
import { decodeCbor } from "#codec/cbor.ts";
import type { DeviceEvent, Effect, InnerEvent, Machine } from "#device/machine.ts";
import type { Port } from "#device/port.ts";
import type { Settings } from "#device/settings.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { signTimestamp } from "#trust/releases/sign-release.ts";
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

/** A number that the unit stores anew before it fetches anything: it never falls. */
export const FLOOR = "floor";

interface Shelf {
  readonly timestampSeed: Uint8Array;
  readonly product: string;
  /** Signed, from number 2 on. */
  readonly releases: readonly Uint8Array[];
  readonly streams: ReadonlyMap<string, Uint8Array>;
}

/** @returns undefined where flash holds none: u32 length, then CBOR. */
function readShelf({ flash }: Port, address: number): Shelf | undefined {
  const byteLength = viewOf(flash.read(address, 4)).getUint32(0, true);
  if (byteLength === 0xffffffff) return undefined;
  const read = decodeCbor(flash.read(address + 4, byteLength), { bytesMax: byteLength, depthMax: 4 });
  if (!read.ok) return undefined;
  const [timestampSeed, product, releases, streams] = read.value as unknown as [
    Uint8Array,
    string,
    readonly Uint8Array[],
    ReadonlyMap<string, Uint8Array>,
  ];
  return { timestampSeed, product, releases, streams };
}

interface State {
  offered: number;
}

export function createOffering(port: Port, settings: Settings, shelfAddress: number): Machine<State> {
  const { crypto } = port;
  const shelf = readShelf(port, shelfAddress);
  const floor = () => Number(fromUtf8(settings.get(FLOOR) ?? utf8("0")));
  const key = settings.get("key") as Uint8Array;

  function answer(shelf: Shelf, state: State, event: DeviceEvent & { kind: "publish" }): Effect[] {
    const hear = (topic: string, payload: Uint8Array): Effect => emit({ kind: "link-message", topic, payload });
    const signedOf = (sequence: number) => shelf.releases[sequence - 2];
    switch (event.topic) {
      case "state": {
        const told = decodeUnitState(event.payload);
        if (!told.ok) return [];
        const { sequence, attempt } = told.value;
        const log = `state ${sequence} ${attempt?.sequence ?? 0} ${attempt?.stage ?? "none"} ${attempt?.fault ?? "none"}`;
        const isOver = attempt === undefined || attempt.stage === "rejected" || attempt.stage === "refused";
        // What the unit is at is offered again: it asks whether that is still the newest.
        const next = isOver ? Math.max(sequence, attempt?.sequence ?? 0) + 1 : attempt.sequence;
        const signed = signedOf(next);
        if (signed === undefined || state.offered === next) return [{ kind: "log", text: log }];
        state.offered = next;
        return [{ kind: "log", text: log }, hear("release", signed)];
      }
      case "ask": {
        const sequence = Math.max(2, state.offered);
        const stamp = {
          ...{ product: shelf.product, sequence, nonce: event.payload, unixS: 1_800_000_000 },
          releaseId: releaseIdOf(crypto.sha256, signedOf(sequence) ?? new Uint8Array(0)),
          deviceId: deviceIdOf(crypto, crypto.ed25519PublicKey(key)),
        };
        return [hear("fresh", signTimestamp(crypto, shelf.timestampSeed, stamp))];
      }
      case "want": {
        const request = decodeBlockRequest(event.payload);
        const stream = request.ok ? shelf.streams.get(toHex(request.value.transfer)) : undefined;
        if (!request.ok || stream === undefined)
          return [{ kind: "log", text: "trouble: a transfer that nobody serves" }];
        const tag = tagOf(request.value.transfer);
        const risen = floor() + 1;
        const floors: Effect[] = [
          { kind: "store", name: FLOOR, value: utf8(String(risen)) },
          { kind: "log", text: `floor ${risen}` },
        ];
        if (request.value.first === LEAVES_INDEX) {
          const bytes = leavesOf(crypto.sha256, stream);
          return [...floors, hear("block", encodeBlockResponse({ kind: "leaves", tag, bytes }))];
        }
        const blocks = wantedBlocks(request.value, blockCount(stream.length)).map((index) => {
          const bytes = stream.slice(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);
          return hear("block", encodeBlockResponse({ kind: "block", tag, index, bytes }));
        });
        return [...floors, ...blocks];
      }
      default:
        return [];
    }
  }

  const emit = (event: InnerEvent): Effect => ({ kind: "emit", event });
  return {
    name: "offering",
    initial: { offered: 0 },
    step(state, event) {
      if (shelf === undefined) return { state, effects: [] };
      if (event.kind === "start") return { state, effects: [emit({ kind: "link-up" })] };
      return { state, effects: event.kind === "publish" ? answer(shelf, state, event) : [] };
    },
  };
}
