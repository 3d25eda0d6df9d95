/**
 * A round of groups, as AirKiss and Tuya EZ send their payload: four frames before them, then for each group its CRC,
 * its number and up to four bytes. Frames are put where their place is certain (bracket.ts), from any round; a group's
 * CRC keeps seven bits, so it checks but never decides.
 * @source PROTOCOL 6.6, 6.7
 */
import { crc8 } from "#codec/crc.ts";
import { LACKS_ALL } from "./air-credentials.ts";
import { anchorFrame, type Bracket, holdFrame, losePlace, newBracket, predictPlace } from "./bracket.ts";

/** Frames before the groups: AirKiss's prefix, Tuya's header. */
const LEAD_FRAMES = 4;
export const GROUP_BYTES = 4;
const GROUP_FRAMES = 2 + GROUP_BYTES;
const EMPTY = 0xffff;

export interface Groups {
  /**
   * Tuya's: the CRC of a last group stands over four bytes, zeros behind the real ones, and senders may send 256 as
   * often again as that group has bytes.
   */
  readonly isTuya: boolean;
  readonly payloadBytesMax: number;
  /** A cell for each byte of the payload, then one for each group's CRC; none until something was put. */
  cells: Uint16Array;
  readonly bracket: Bracket;
  payloadBytes: number;
  /** Whether this sender is one of those that send the last group's filling. */
  isFilling: boolean;
  /** The last frame of the groups, for a number that stands right behind its CRC. */
  last: number;
  /** Bytes and CRCs put. */
  gained: number;
}

export function newGroups(payloadBytesMax: number, isTuya: boolean): Groups {
  const groups: Groups = {
    isTuya,
    payloadBytesMax,
    cells: new Uint16Array(0),
    bracket: newBracket((place, value) => put(groups, place, value)),
    payloadBytes: 0,
    isFilling: isTuya,
    last: -1,
    gained: 0,
  };
  return groups;
}

/** Frames up to the last group's last byte. */
function lastFrames({ payloadBytes }: Groups): number {
  return LEAD_FRAMES + 2 * Math.ceil(payloadBytes / GROUP_BYTES) + payloadBytes;
}

function ringFrames(groups: Groups): number {
  const filling = ((groups.payloadBytes - 1) % GROUP_BYTES) + 1;
  return lastFrames(groups) + (groups.isFilling ? filling : 0);
}

function put(groups: Groups, place: number, value: number): void {
  if (place < LEAD_FRAMES || place >= lastFrames(groups)) return;
  const group = Math.floor((place - LEAD_FRAMES) / GROUP_FRAMES);
  const inGroup = (place - LEAD_FRAMES) % GROUP_FRAMES;
  if (inGroup === 0 && value < 256) note(groups, groups.payloadBytesMax + group, value & 127);
  const at = GROUP_BYTES * group + inGroup - 2;
  if (inGroup >= 2 && value >= 256 && at < groups.payloadBytesMax) note(groups, at, value & 255);
}

function forget(groups: Groups): void {
  groups.cells = new Uint16Array(0);
  losePlace(groups.bracket);
}

function note(groups: Groups, at: number, value: number): void {
  const cellCount = groups.payloadBytesMax + Math.ceil(groups.payloadBytesMax / GROUP_BYTES);
  if (at >= cellCount) return;
  const before = groups.cells[at] ?? EMPTY;
  if (before !== EMPTY && before !== value) forget(groups);
  if (groups.cells.length === 0) groups.cells = new Uint16Array(cellCount).fill(EMPTY);
  groups.cells[at] = value;
  groups.gained++;
}

/** A frame that can't stand where counting puts it: someone else's frames were lost in between. */
function isMisplaced(groups: Groups, length: number, place: number): boolean {
  if (place < LEAD_FRAMES) return place >= 0;
  if (place >= lastFrames(groups)) return length !== 256;
  const inGroup = (place - LEAD_FRAMES) % GROUP_FRAMES;
  if (inGroup === 1) return length !== (128 | Math.floor((place - LEAD_FRAMES) / GROUP_FRAMES));
  return inGroup === 0 ? length >= 256 : length < 256;
}

/** Sets the length of the payload once it is known; what was held of another one goes. 0 forgets. */
export function expectPayload(groups: Groups, payloadBytes: number): void {
  forget(groups);
  groups.payloadBytes = payloadBytes;
  groups.last = -1;
}

/** Loses the place, not what is held. */
export function loseGroups(groups: Groups): void {
  losePlace(groups.bracket);
  groups.last = -1;
}

/** Takes one of the four frames before the groups, 0 to 3. */
export function takeLead(groups: Groups, steps: number, place: number): void {
  const { bracket } = groups;
  groups.last = -1;
  if (groups.payloadBytes === 0) return;
  const predicted = predictPlace(bracket, steps);
  if (predicted >= LEAD_FRAMES) {
    losePlace(bracket);
    if (predicted === lastFrames(groups) + place) groups.isFilling = false;
  }
  anchorFrame(bracket, steps, place, ringFrames(groups));
}

/** Takes a group's CRC or number (128 to 255), or one of its bytes (256 to 511). */
export function takeGrouped(groups: Groups, steps: number, length: number): void {
  const { bracket, payloadBytes, last } = groups;
  groups.last = length;
  if (payloadBytes === 0) return;
  const predicted = predictPlace(bracket, steps);
  if (isMisplaced(groups, length, predicted)) {
    losePlace(bracket);
    if (groups.isTuya && length === 256 && predicted === 0) groups.isFilling = true;
  }
  const group = length & 127;
  const place = LEAD_FRAMES + GROUP_FRAMES * group + 1;
  const isNumber = length < 256 && group < Math.ceil(payloadBytes / GROUP_BYTES);
  const now = predictPlace(bracket, steps);
  // A number is an anchor where it stands as counted, or right behind a CRC.
  const isBehindCheck = steps === 1 && last >= 128 && last < 256 && now < 0;
  if (isNumber && (now === place || isBehindCheck)) anchorFrame(bracket, steps, place, ringFrames(groups));
  else holdFrame(bracket, steps, length, now === lastFrames(groups) - 1);
}

/** Bytes and CRCs of the payload that are not there. */
export function lackedBytes({ cells, payloadBytes, payloadBytesMax }: Groups): number {
  if (payloadBytes === 0) return LACKS_ALL;
  let lacks = 0;
  for (let i = 0; i < payloadBytes; i++) if ((cells[i] ?? EMPTY) === EMPTY) lacks++;
  for (let i = 0; GROUP_BYTES * i < payloadBytes; i++) if ((cells[payloadBytesMax + i] ?? EMPTY) === EMPTY) lacks++;
  return lacks;
}

/** @returns The payload once every byte is there and every group's CRC holds; a group whose CRC doesn't is emptied. */
export function payloadOf({ cells, payloadBytes, payloadBytesMax, isTuya }: Groups): Uint8Array | undefined {
  if (payloadBytes === 0 || cells.length === 0) return undefined;
  for (let i = 0; i < payloadBytes; i++) if (cells[i] === EMPTY) return undefined;
  const payload = Uint8Array.from(cells.subarray(0, payloadBytes));
  for (let at = 0; at < payloadBytes; at += GROUP_BYTES) {
    const group = at / GROUP_BYTES;
    const check = cells[payloadBytesMax + group];
    if (check === EMPTY) return undefined;
    const real = payload.subarray(at, at + GROUP_BYTES);
    const covered = isTuya ? Uint8Array.from({ length: GROUP_BYTES }, (_, i) => real[i] ?? 0) : real;
    if ((crc8(covered, crc8([group])) & 127) === check) continue;
    cells.fill(EMPTY, at, Math.min(at + GROUP_BYTES, payloadBytesMax));
    cells[payloadBytesMax + group] = EMPTY;
    return undefined;
  }
  return payload;
}
