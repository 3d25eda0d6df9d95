/**
 * Counts the uses of links that limit them. A link is known by its number and by who signed it: each signer chooses
 * numbers, so a number alone would let one guest use up another's turns.
 * @source PROTOCOL 5.22
 */
import { equal } from "#base/bytes.ts";
import type { Effect } from "#device/machine.ts";
import { remember } from "#device/store/store.ts";
import type { Usage } from "#trust/grants/caveats.ts";
import type { OpenChain, OpenLink } from "#trust/grants/open-chain.ts";
import type { Primitives } from "#trust/primitives.ts";
import { isOwnersBranch, type Memory } from "./memory.ts";

/** Links whose use is counted. When all places are taken, further ones refuse: forgetting would give uses back. */
const COUNTED_MAX = 32;
/** So many of them may be links that neither the owner nor an issuer signed, so that no guest can take all places. */
const DEEP_MAX = 16;
/** Recent uses of a link that are remembered: as many as a rate caveat can ask for. */
const RECENT_MAX = 255;
const LINK_BYTES = 8;

/** Where there is no room to count, nothing more may be used. */
const USED_UP: Usage = { uses: Number.MAX_SAFE_INTEGER, agesS: new Array<number>(RECENT_MAX).fill(0) };

/** The entry of a chain's link, or what a new one would be. */
function entryOf({ sha256 }: Primitives, memory: Memory, chain: OpenChain, cti: Uint8Array) {
  const place = chain.links.findIndex(({ claims }) => equal(claims.cti, cti));
  const link = sha256((chain.links[place] as OpenLink).signer, cti).slice(0, LINK_BYTES);
  const known = memory.counted.find((each) => equal(each.link, link));
  return { known, link, isDeep: place > (isOwnersBranch(memory, chain) ? 1 : 0) };
}

/** How often the link of a chain with this cti was used. */
export function usageOf(
  primitives: Primitives,
  memory: Memory,
  chain: OpenChain,
  cti: Uint8Array,
  nowMs: number,
): Usage {
  if (memory.facts.unreadable.has("usage")) return USED_UP;
  const { known, isDeep } = entryOf(primitives, memory, chain, cti);
  if (known !== undefined) return { uses: known.uses, agesS: known.recentMs.map((atMs) => (nowMs - atMs) / 1000) };
  const isFull = isDeep && memory.counted.filter((each) => each.isDeep).length >= DEEP_MAX;
  return isFull || memory.counted.length >= COUNTED_MAX ? USED_UP : { uses: 0, agesS: [] };
}

/** Counts one use of each of these links, and stores the counts before anything is done with the use. */
export function countUses(
  primitives: Primitives,
  memory: Memory,
  chain: OpenChain,
  ctis: readonly Uint8Array[],
  nowMs: number,
): readonly Effect[] {
  if (ctis.length === 0) return [];
  for (const cti of ctis) {
    const { known, link, isDeep } = entryOf(primitives, memory, chain, cti);
    const entry = known ?? { link, isDeep, uses: 0, recentMs: [] };
    if (known === undefined) memory.counted.push(entry);
    entry.uses++;
    entry.recentMs.push(nowMs);
    if (entry.recentMs.length > RECENT_MAX) entry.recentMs.shift();
  }
  const usage = memory.counted.map(({ link, isDeep, uses, recentMs }) => {
    return { link, isDeep, uses, recent: recentMs.length };
  });
  return [remember("usage", usage)];
}
