/**
 * Decides what a token may do. A token that was exchanged is a chain, as grants are: what it came from must allow an act as well, and
 * counts it. Caveats are evaluated by what units evaluate them with.
 */
import type { Fault } from "#base/faults.ts";
import type { CborMap } from "#codec/cbor.ts";
import type { Arrival } from "#gateway/http/arrival.ts";
import { type Ask, checkCaveat, type Usage } from "#trust/grants/caveats.ts";
import type { Caveat } from "#wire/grants/caveat.ts";
import { RIGHT, type Rights } from "./rights.ts";
import type { Capability } from "./scope-word.ts";

/** What a request wants to do to a unit. */
export interface Act {
  readonly device: string;
  readonly right: Rights;
  /** The function, variable or event; absent for what concerns the unit itself. */
  readonly name?: string;
  /** Arguments of a call by name; absent where they are not known yet, and so not judged. */
  readonly args?: CborMap;
  /** Where it comes from; absent where nobody knows. */
  readonly arrival?: Arrival;
}

/** A token's own words, or those of what it came from. */
export interface TokenLink {
  /** By what its uses are counted: a login, an exchanged token or a program. */
  readonly owner: string;
  readonly capabilities: readonly Capability[];
}

/** The uses of a word that has a rate or a number of them. */
export interface Counted {
  readonly owner: string;
  readonly word: string;
  /** How many of the last uses' times matter. */
  readonly recent: number;
}

type Judged =
  | { readonly ok: true; readonly counted: readonly Counted[] }
  | { readonly ok: false; readonly fault: Fault };

interface Circumstances {
  /** Unix milliseconds; now when absent. */
  readonly nowMs?: number;
  /** Past uses; without it they are not judged, for what is no use, or was counted already. */
  usageOf?(counted: Pick<Counted, "owner" | "word">): Usage;
}

const NOBODY = new Uint8Array(8);
const UNUSED: Usage = { uses: 0, agesS: [] };

const isCounted = ({ kind }: Caveat) => kind === "rate" || kind === "uses";

/** A capability for one name shows the unit, but changes nothing of it. */
function isFor({ level, name, device, caveats }: Capability, act: Act): boolean {
  if (device !== undefined && device !== act.device) return false;
  // Nobody could count what a unit tells by itself.
  if (act.right === RIGHT.subscribe && caveats.some(isCounted)) return false;
  if (level === "all") return true;
  if (level === "noFlash") return act.right !== RIGHT.flash;
  return act.right === RIGHT.see || (act.name === name && act.right !== RIGHT.flash && act.right !== RIGHT.manage);
}

const GRANT_RIGHT: Readonly<Record<Rights, Ask["right"]>> = {
  see: "read",
  read: "read",
  subscribe: "subscribe",
  call: "call",
  manage: "config",
  flash: "flash",
};

function refusalOf(
  { owner }: TokenLink,
  { word, caveats }: Capability,
  act: Act,
  { nowMs = Date.now(), usageOf }: Circumstances,
): Fault | undefined {
  if (caveats.length === 0) return undefined;
  const timeS = Math.floor(nowMs / 1_000);
  const time = { grade: "trusted", earliestS: timeS, latestS: timeS } as const;
  const { name, args, right, arrival } = act;
  const ask: Ask = {
    ...{ right: GRANT_RIGHT[right], arrival: arrival === "lan" ? "lan" : "relay" },
    ...(name !== undefined && { name }),
    ...(args !== undefined && { args }),
    usageOf: () => (right === RIGHT.see ? UNUSED : (usageOf?.({ owner, word }) ?? UNUSED)),
  };
  for (const caveat of caveats) {
    if (caveat.kind === "argument" && (right !== RIGHT.call || args === undefined)) continue;
    const fault = checkCaveat(caveat, NOBODY, ask, time);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function countedOf({ owner }: TokenLink, { word, caveats }: Capability): readonly Counted[] {
  if (!caveats.some(isCounted)) return [];
  return [{ owner, word, recent: Math.max(0, ...caveats.map((each) => (each.kind === "rate" ? each.count : 0))) }];
}

/**
 * Whether all links of a token allow an act.
 * @returns Whose use it is, to be counted: of each link one word, one without a count where there is one. Or why not:
 *   GRANT_RIGHT where no word is for it at all, else the fault of a limit.
 */
export function judge(links: readonly TokenLink[], act: Act, now: Circumstances = {}): Judged {
  const counted: Counted[] = [];
  if (links.length === 0) return { ok: false, fault: "GRANT_RIGHT" };
  for (const link of links) {
    let fault: Fault = "GRANT_RIGHT";
    let taken: readonly Counted[] | undefined;
    for (const capability of link.capabilities) {
      if (!isFor(capability, act)) continue;
      const refused = refusalOf(link, capability, act, now);
      if (refused !== undefined) {
        fault = refused;
        continue;
      }
      const uses = countedOf(link, capability);
      if (taken === undefined || uses.length === 0) taken = uses;
      if (uses.length === 0) break;
    }
    if (taken === undefined) return { ok: false, fault };
    counted.push(...taken);
  }
  return { ok: true, counted: act.right === RIGHT.see ? [] : counted };
}
