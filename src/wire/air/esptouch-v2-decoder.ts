/**
 * ESP-TOUCH v2, the listener's side. Every frame is placed on the sender's round by the sequence numbers of the
 * transmitter: between two frames heard, the sender went on by at least one and at most `step` places, and a data
 * frame names its column. A frame that could stand in more than one place is not used, so that two neighbouring groups
 * are never spliced: the six bits of a group's CRC alone would let one in 64 through.
 *
 * A place is certain when the frames before and behind it stand exactly as many places off as numbers, up to a marker,
 * size or sync that stood as counted: then nothing else was sent in between, by nobody, not even by another program of
 * the same phone. What stands less well counts when it was heard there twice alike.
 * @source PROTOCOL 6.4
 */
import { concat } from "#base/bytes.ts";
import { type AesBlocks, cbcDecrypt } from "#codec/aes-modes.ts";
import { crc8 } from "#codec/crc.ts";
import { MARKER, SEQUENCES_MAX, SIZE, SYNC } from "./esptouch-v2.ts";
import { createBlocks, MANY_MISSING, NONE_MISSING } from "./esptouch-v2-blocks.ts";
import { type Layout, layoutOf } from "./esptouch-v2-layout.ts";
import { type Found, type LengthDecoder, LOCK_SCORE } from "./found.ts";
import type { AccessPoint } from "./frame.ts";

/** Two syncs, two sizes, eight head columns stand before the groups; a group is three markers and eight columns. */
const HEAD_AT = 4;
const GROUPS_AT = 12;
const GROUP_FRAMES = 11;
const MARKER_FRAMES = 3;
/** A longer gap leaves too many places open to be worth looking. */
const STEP_MAX = 64;
/** A sender that was silent for so long may have started anew with other credentials. */
const SILENCE_US = 2_000_000;

/** A data frame whose place hangs on what comes next. */
interface Held {
  readonly block: number;
  readonly column: number;
  readonly bits: number;
}

/**
 * @param aes    Block functions and the product's key, for security 1 and 2; without a key those are never found.
 * @param network The access point that relays this sender, as the unit's own scan knows it.
 * @returns A decoder that holds about 1.3 KB.
 */
export function esptouchV2Decoder(
  aes?: AesBlocks,
  aesKey?: Uint8Array,
  network?: Pick<AccessPoint, "ssid" | "bssid">,
): LengthDecoder {
  /** Block 0 is the head. */
  const blocks = createBlocks(SEQUENCES_MAX);
  let sequences = 0;
  let sizeSeen = 0;
  let syncJustSeen = false;
  /** Where the last frame stood, as a range of places on the round; low is -1 when nothing is known. */
  let low = -1;
  let high = -1;
  /** Frames that followed one another as counted since the last certain one. */
  let run: Held[] = [];
  /** True while that run goes back to an anchor that itself stood as counted. */
  let isFirm = false;
  let slack = 0;
  let lastUs = 0;
  let score = 0;

  const roundFrames = () => GROUPS_AT + GROUP_FRAMES * (sequences - 1);

  function forget() {
    blocks.clear();
    sequences = 0;
    sizeSeen = 0;
    low = -1;
    run = [];
    isFirm = false;
    score = 0;
  }

  /** Another message began where a place said something else before: nothing of the old one may stay. */
  function note(isSame: boolean) {
    if (isSame) return;
    const keep = sequences;
    forget();
    sequences = keep;
  }

  /** All but the last `but` frames of the run are certain. */
  function settle(but: number) {
    for (const { block, column, bits } of run.splice(0, run.length - but)) note(blocks.put(block, column, bits));
  }

  /** What was held can't be certain any more. */
  function breakRun() {
    isFirm = false;
    for (const { block, column, bits } of run.splice(0)) blocks.suspect(block, column, bits);
  }

  /** Narrows the range to those of `places` (and a round later) inside it; gives how many there are. */
  function narrow(from: number, to: number, places: readonly number[]): number {
    let count = 0;
    let first = -1;
    let last = -1;
    const laps = sequences > 0 ? [0, roundFrames()] : [0];
    for (const lap of laps) {
      for (const place of places) {
        if (place + lap < from || place + lap > to) continue;
        if (count++ === 0) first = place + lap;
        last = place + lap;
      }
    }
    low = first;
    high = last;
    if (count > 0 && sequences > 0 && low >= roundFrames()) {
      low -= roundFrames();
      high -= roundFrames();
    }
    return count;
  }

  /** The places at which a data frame of this column can stand. */
  function dataPlaces(column: number, from: number, to: number): number[] {
    const places = [HEAD_AT + column];
    const first = GROUPS_AT + MARKER_FRAMES + column;
    const groups = sequences > 0 ? sequences - 1 : Math.ceil((to - first) / GROUP_FRAMES) + 1;
    if (sequences === 0) {
      for (let g = Math.max(0, Math.floor((from - first) / GROUP_FRAMES)); g < groups; g++)
        places.push(first + g * GROUP_FRAMES);
      return places;
    }
    for (let g = 0; g < groups; g++) places.push(first + g * GROUP_FRAMES);
    return places;
  }

  function takeSize(n: number) {
    const isSure = syncJustSeen || sizeSeen === n;
    sizeSeen = n;
    if (!isSure || n === sequences) return;
    if (sequences !== 0) {
      forget();
      sizeSeen = n;
    }
    sequences = n;
  }

  function headOf(): Uint8Array | undefined {
    const data = blocks.read(0, 5);
    return data && concat(data, Uint8Array.of(crc8(data)));
  }

  /**
   * The fields' bytes, SSID last, once every block can be had. The SSID may also be the scan's, where the head names
   * that very access point and what was heard of it agrees.
   */
  function partsOf(layout: Layout, head: Uint8Array): Uint8Array[] | undefined {
    const ssidAt = layout.sequences - Math.ceil(layout.ssidBytes / (layout.fields.at(-1)?.blockBytes ?? 6));
    for (let i = 1; i < ssidAt; i++) if (blocks.missingColumn(i) === MANY_MISSING) return undefined;
    let index = 1;
    let solved = 0;
    const parts: Uint8Array[] = [];
    for (const [field, { byteLength, blockBytes }] of layout.fields.entries()) {
      const isSsid = field === layout.fields.length - 1;
      if (isSsid && network !== undefined && head[3] === crc8(network.bssid) && network.ssid.length === byteLength) {
        if (blocks.agrees(index, network.ssid, blockBytes)) {
          parts.push(network.ssid);
          continue;
        }
      }
      const run: Uint8Array[] = [];
      for (let at = 0; at < byteLength; at += blockBytes, index++) {
        const missing = blocks.missingColumn(index);
        if (missing === MANY_MISSING) return undefined;
        if (missing !== NONE_MISSING) solved++;
        const block = blocks.read(index, blockBytes);
        if (block === undefined) return undefined;
        run.push(block);
      }
      parts.push(concat(...run).subarray(0, byteLength));
    }
    // A column that was solved for is checked by nothing but its place: one block at least must stand by its own CRC.
    return solved < sequences - 1 ? parts : undefined;
  }

  function complete(us: number): Found | undefined {
    if (sequences === 0) return undefined;
    if (blocks.missingColumn(0) === MANY_MISSING) return undefined;
    const head = headOf();
    const layout = head && layoutOf(head);
    if (layout === undefined || layout.sequences !== sequences) {
      return undefined;
    }
    const parts = partsOf(layout, head as Uint8Array);
    if (parts === undefined) return undefined;
    const ssid = parts[parts.length - 1] as Uint8Array;
    let both = concat(...parts.slice(0, -1));
    if (layout.security !== 0) {
      if (aes === undefined || aesKey === undefined) return undefined;
      const iv = layout.security === 2 ? (parts[1] as Uint8Array).subarray(0, 16) : new Uint8Array(16);
      const opened = cbcDecrypt(aes, aesKey, iv, parts[0] as Uint8Array);
      if (opened === undefined || opened.length !== layout.passphraseBytes + layout.reservedBytes) {
        forget();
        return undefined;
      }
      both = opened;
    }
    return {
      protocol: "esptouch-v2",
      ssid: ssid.slice(),
      passphrase: both.slice(0, layout.passphraseBytes),
      reserved: both.slice(layout.passphraseBytes),
      us,
      token: layout.portMark,
    };
  }

  function push(length: number, step: number, us: number, da: Uint8Array): Found | undefined {
    if (da.some((byte) => byte !== 0xff)) return undefined;
    if (us - lastUs > SILENCE_US && lastUs !== 0) forget();
    lastUs = us;
    const isSync = length === SYNC;
    const isSize = length > SIZE && length < SIZE + SEQUENCES_MAX;
    const isMarker = length >= MARKER && length < MARKER + 64;
    const isData = length < 1024 && (length & 64) !== 0;
    if (!isSync && !isSize && !isMarker && !isData) {
      // Another datagram of the same phone: it used up a sequence number, but no place on the round.
      if (step === 0) low = -1;
      else slack += step - 1;
      return undefined;
    }
    const steps = step === 0 ? 0 : slack + step;
    slack = 0;
    if (low >= 0 && (steps < 1 || steps > STEP_MAX)) {
      breakRun();
      low = -1;
    }
    if (isSync) {
      takeAnchor(steps, [0, 2]);
      syncJustSeen = true;
      score++;
    } else if (isSize) {
      takeSize(length - SIZE + 1);
      takeAnchor(steps, [1, 3]);
      if (syncJustSeen) score += LOCK_SCORE / 2;
      syncJustSeen = false;
    } else if (isMarker) {
      syncJustSeen = false;
      const group = length - MARKER;
      if (sequences > 0 && group > sequences - 2) return undefined;
      const at = GROUPS_AT + GROUP_FRAMES * group;
      if (takeAnchor(steps, [at, at + 1, at + 2])) score++;
    } else {
      syncJustSeen = false;
      if (low < 0) return undefined;
      takeData(length, steps);
    }
    return complete(us);
  }

  /** Whether a frame stands exactly so many places on as numbers, or somewhere before, or nowhere. */
  function stand(
    steps: number,
    placesIn: (from: number, to: number) => readonly number[],
  ): "exactly" | "before" | "nowhere" {
    if (low < 0) return "nowhere";
    const [from, to] = [low, high];
    if (narrow(from + steps, to + steps, placesIn(from + steps, to + steps)) > 0) return "exactly";
    return narrow(from + 1, to + steps, placesIn(from + 1, to + steps)) > 0 ? "before" : "nowhere";
  }

  /** @returns Whether it stands where it could be. */
  function takeAnchor(steps: number, places: readonly number[]): boolean {
    const how = stand(steps, () => places);
    if (how === "exactly") {
      isFirm = true;
      settle(0);
    } else {
      const [narrowLow, narrowHigh] = [low, high];
      breakRun();
      low = how === "before" ? narrowLow : (places[0] as number);
      high = how === "before" ? narrowHigh : (places.at(-1) as number);
    }
    return how !== "nowhere";
  }

  function takeData(length: number, steps: number) {
    const column = length >> 7;
    const how = stand(steps, (from, to) => dataPlaces(column, from, to));
    if (how !== "exactly") breakRun();
    if (how === "nowhere" || low !== high) return;
    score++;
    const block = low < GROUPS_AT ? 0 : 1 + Math.floor((low - GROUPS_AT) / GROUP_FRAMES);
    if (block >= SEQUENCES_MAX) return;
    const held = { block, column, bits: length & 63 };
    if (how === "before") return blocks.suspect(held.block, held.column, held.bits);
    run.push(held);
    // The last place of a round: nothing more may come for a while.
    if (isFirm) settle(sequences > 0 && low === roundFrames() - 1 ? 0 : 1);
  }

  return { push, score: () => score };
}
