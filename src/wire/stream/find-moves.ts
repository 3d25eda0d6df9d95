/**
 * Finds how the code of a base image moved (see moves.ts), from matches found without that knowledge. Runs on hosts.
 */
import { viewOf } from "#base/bytes.ts";
import { branchOffset, createMoves, MOVES_MAX, type Moves, mayBeAddress, movedBy, STRETCHES_MAX } from "./moves.ts";

/** Bytes of the image that were taken from the base, in place. */
export interface Alike {
  readonly at: number;
  readonly from: number;
  readonly byteLength: number;
}

/** What goes on where the last one ended is one stretch. */
export function noteAlike(alike: Alike[], at: number, from: number, byteLength: number): void {
  const last = alike.at(-1);
  const goesOn = last !== undefined && last.at + last.byteLength === at && last.from + last.byteLength === from;
  if (goesOn) alike[alike.length - 1] = { ...last, byteLength: last.byteLength + byteLength };
  else alike.push({ at, from, byteLength });
}

/** Something in the base that refers to an address, and how far the image says that what lies there moved. */
interface Vote {
  readonly address: number;
  readonly by: number;
  /** Where it stands in the base. */
  readonly place: number;
  /** Whether it is a word and not a branch. */
  readonly isWord: boolean;
}

export interface MovesFound {
  readonly imageAddress: number;
  /** Addresses behind which nothing lies that could have moved. */
  readonly ends: readonly number[];
  readonly votes: readonly Vote[];
}

/** Shifts that are tried for a stretch of addresses, the most frequent ones. */
const SHIFTS_TRIED = 48;
/** What an entry of the table costs in a block, and what a wrong reference costs, in eighths of a byte. */
const ENTRY_COST = 32;
const WRONG_COST = 14;
const SHIFT_MAX = 1 << 20;
/** How often shifts and stretches are chosen, each in view of the other. */
const ROUNDS = 3;
const MEMORY_BYTES = 1 << 20;
/** Enough to outweigh an entry of the table. */
const STOP_VOTES = 4;
const PAGE_BYTES = 0x1000;
/** Calls that are found in what is no code at all. */
const TARGETS_MIN = 16;

const halfAt = (view: DataView, at: number) => view.getUint16(at, true);

function branchAt(view: DataView, at: number): number | undefined {
  return at >= 0 && at + 4 <= view.byteLength ? branchOffset(halfAt(view, at), halfAt(view, at + 2)) : undefined;
}

function branchTargets(base: DataView): ReadonlySet<number> {
  const targets = new Set<number>();
  for (let at = 0; at + 4 <= base.byteLength; at += 2) {
    const offset = branchAt(base, at);
    if (offset !== undefined) targets.add(at + 4 + offset);
  }
  return targets;
}

/**
 * Where the base is linked to. It begins with its vector table, whose second word is the address of the reset handler;
 * of the pages up to an image's length below that, the one for which most words name the target of a call (plus one:
 * Thumb addresses are odd). 0 when nothing speaks for any.
 * @source Armv7-M Architecture Reference Manual, B1.5.3
 */
function addressOf(base: DataView, targets: ReadonlySet<number>): number {
  const last = Math.floor(base.getUint32(4, true) / PAGE_BYTES);
  const first = Math.max(0, last - Math.ceil(base.byteLength / PAGE_BYTES));
  const words: number[] = [];
  for (let at = 0; at + 4 <= base.byteLength; at += 4) {
    const word = base.getUint32(at, true);
    if ((word & 1) === 1 && word >= first * PAGE_BYTES && word < (last + 1) * PAGE_BYTES + base.byteLength)
      words.push(word - 1);
  }
  let best = 0;
  let bestHits = 0;
  for (let page = first; page <= last; page++) {
    let hits = 0;
    for (const word of words) if (targets.has(word - page * PAGE_BYTES)) hits++;
    if (hits > bestHits) [best, bestHits] = [page * PAGE_BYTES, hits];
  }
  return best;
}

const isNear = (word: number, from: number, byteLength: number) => word >= from && word < from + byteLength;

/** What the stretches that are alike say of the addresses that they refer to. */
export function findMoves(base: Uint8Array, image: Uint8Array, alike: readonly Alike[]): MovesFound {
  const [old, young] = [viewOf(base), viewOf(image)];
  const targets = branchTargets(old);
  const votes: Vote[] = [];
  if (targets.size < TARGETS_MIN) return { imageAddress: 0, ends: [], votes };
  const imageAddress = addressOf(old, targets);
  const vote = (address: number, by: number, place: number, isWord: boolean) => {
    if (Math.abs(by) < SHIFT_MAX) votes.push({ address, by, place, isWord });
  };
  // The first word of a vector table is the stack's top: variables lie below it.
  const stackTop = old.getUint32(0, true);
  for (const { at, from, byteLength } of alike) {
    const moved = at - from;
    for (let place = (from + 1) & ~1; place + 4 <= from + byteLength; place += 2) {
      const was = branchAt(old, place);
      const is = branchAt(young, place + moved);
      if (was !== undefined && is !== undefined) {
        const target = place + 4 + was;
        if (target >= 0 && target < base.length) vote(imageAddress + target, is - was + moved, place, false);
        place += 2;
      } else if ((place & 3) === 0 && branchAt(old, place - 2) === undefined && halfAt(old, place + 2) < 0xf000) {
        const word = old.getUint32(place, true);
        if (!isNear(word, imageAddress, base.length) && !isNear(word, stackTop - MEMORY_BYTES, MEMORY_BYTES)) continue;
        vote(word, young.getUint32(place + moved, true) - word, place, true);
      }
    }
  }
  votes.sort((a, b) => a.address - b.address);
  return { imageAddress, ends: [imageAddress + base.length, stackTop], votes };
}

/**
 * The states that cost least along a row of observations, where each wrong one and each change costs (Viterbi 1967).
 * Begins in state 0.
 */
function cheapestStates(
  count: number,
  states: number,
  changeCost: number,
  isWrong: (i: number, state: number) => boolean,
): Uint8Array {
  const costs = new Int32Array(states).fill(changeCost);
  costs[0] = 0;
  const before = new Uint8Array(count * states);
  for (let i = 0; i < count; i++) {
    let cheapest = 0;
    for (let s = 1; s < states; s++) if ((costs[s] as number) < (costs[cheapest] as number)) cheapest = s;
    const change = (costs[cheapest] as number) + changeCost;
    for (let s = 0; s < states; s++) {
      const stays = (costs[s] as number) <= change;
      before[i * states + s] = stays ? s : cheapest;
      costs[s] = (stays ? (costs[s] as number) : change) + (isWrong(i, s) ? WRONG_COST : 0);
    }
  }
  const chosen = new Uint8Array(count);
  let state = costs.indexOf(Math.min(...costs));
  for (let i = count - 1; i >= 0; i--) {
    chosen[i] = state;
    state = before[i * states + state] as number;
  }
  return chosen;
}

/** Where the cheapest row of states changes, beginning in state 0: in at most `max` places. */
function cheapestChanges(
  count: number,
  states: number,
  max: number,
  isWrong: (i: number, state: number) => boolean,
): { readonly at: readonly number[]; readonly states: Uint8Array } {
  for (let changeCost = ENTRY_COST; ; changeCost *= 2) {
    const row = cheapestStates(count, states, changeCost, isWrong);
    const at = [...row.keys()].filter((i) => row[i] !== (i === 0 ? 0 : row[i - 1]));
    if (at.length <= max) return { at, states: row };
  }
}

function chooseShifts(votes: readonly Vote[], moves: Moves): void {
  const counts = new Map<number, number>();
  for (const { by } of votes) if (by !== 0) counts.set(by, (counts.get(by) ?? 0) + 1);
  const frequent = [...counts].sort((a, b) => b[1] - a[1]).slice(0, SHIFTS_TRIED);
  const shifts = [0, ...frequent.filter(([, count]) => count > 1).map(([by]) => by)];
  const { at, states } = cheapestChanges(
    votes.length,
    shifts.length,
    MOVES_MAX,
    (i, state) => votes[i]?.by !== shifts[state],
  );
  moves.count = at.length;
  moves.from.set(at.map((i) => (votes[i] as Vote).address));
  moves.by.set(at.map((i) => shifts[states[i] as number] as number));
}

function chooseStretches(words: readonly Vote[], moves: Moves): void {
  const byPlace = [...words].sort((a, b) => a.place - b.place);
  const shifts = byPlace.map(({ address }) => movedBy(moves, address));
  const isWrong = (i: number, state: number) => byPlace[i]?.by !== (state === 0 ? shifts[i] : 0);
  const { at } = cheapestChanges(byPlace.length, 2, STRETCHES_MAX, isWrong);
  moves.stretches = at.length;
  moves.changes.set(at.map((i) => (byPlace[i] as Vote).place));
}

/**
 * The table that makes the fewest bytes of what stands in some part of the base: for each stretch of addresses the shift
 * that most who refer to it say, unless another entry costs more than it saves; and which stretches of the base hold
 * constants that only look like addresses.
 */
export function chooseMoves({ imageAddress, ends, votes }: MovesFound, fromPlace: number, toPlace: number): Moves {
  const moves = { ...createMoves(), imageAddress };
  const here = votes.filter(({ place }) => place >= fromPlace && place < toPlace);
  const stop = { by: 0, place: 0, isWord: false };
  for (const address of ends) for (let i = 0; i < STOP_VOTES; i++) here.push({ ...stop, address });
  here.sort((a, b) => a.address - b.address);
  const words = here.filter(({ isWord }) => isWord);
  // At first only words that changed count as addresses: most that did not are constants and code.
  chooseShifts(
    here.filter(({ isWord, by }) => !isWord || by !== 0),
    moves,
  );
  for (let round = 0; round < ROUNDS && moves.count > 0; round++) {
    chooseStretches(words, moves);
    chooseShifts(
      here.filter(({ isWord, place }) => !isWord || mayBeAddress(moves, place)),
      moves,
    );
  }
  return moves;
}
