/** Brings a kit the new script of its app: what differs from the one that it has, in parts that fit a session's record. */
import { toHex } from "#base/bytes.ts";
import { CliTrouble } from "#cli/trouble.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { appDigest, LOAD_APP } from "#wire/lines/development-app.ts";
import type { DevConsole } from "./dev-console.ts";
import type { DevLink } from "./dev-link.ts";

/** In a record of a session. */
const PART_BYTES = 1_200;
/** In a line of the console, which the unit holds several times while it reads it. */
const LINE_PART_BYTES = 300;

const NOTHING = new Uint8Array(0);

interface Part {
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly tail: number;
  readonly digest: Uint8Array;
}

/** @param there What the kit has; no bytes where that is not known. */
export function partsOf(there: Uint8Array, next: Uint8Array, partBytes = PART_BYTES): readonly Part[] {
  const most = Math.min(there.length, next.length);
  let front = 0;
  while (front < most && there[front] === next[front]) front++;
  let tail = 0;
  while (tail < most - front && there[there.length - 1 - tail] === next[next.length - 1 - tail]) tail++;
  const digest = appDigest(nodePrimitives.sha256, next.length, (at, bytes) => next.subarray(at, at + bytes));
  const parts: Part[] = [];
  const end = next.length - tail;
  for (let at = front; at < end || parts.length === 0; at += partBytes) {
    const bytes = next.subarray(at, Math.min(end, at + partBytes));
    const isLast = at + partBytes >= end;
    parts.push({ at, bytes, tail: isLast ? tail : 0, digest: isLast ? digest : new Uint8Array(0) });
  }
  return parts;
}

/** Over the network. @returns Whether the kit took it. */
async function loadBySession(link: DevLink, parts: readonly Part[]): Promise<boolean> {
  for (const part of parts) {
    const answer = await link.call(LOAD_APP, { ...part });
    if (!answer.ok || answer.value !== "") return false;
  }
  return true;
}

async function loadByCable(console: DevConsole, parts: readonly Part[]): Promise<void> {
  for (const { at, bytes, tail, digest } of parts) {
    await console.load({ at, bytes: toHex(bytes), tail, digest: toHex(digest) });
  }
}

/**
 * Over the network where a session is open; by the cable otherwise.
 * @throws CliTrouble where neither leads to the kit, or it does not take the script
 */
export async function loadKit(
  { link, isLinked, console }: { link: DevLink; isLinked: boolean; console: DevConsole | undefined },
  there: Uint8Array,
  next: Uint8Array,
): Promise<"network" | "cable"> {
  if (
    isLinked &&
    ((await loadBySession(link, partsOf(there, next))) || (await loadBySession(link, partsOf(NOTHING, next))))
  ) {
    return "network";
  }
  if (console === undefined) {
    throw new CliTrouble("the kit answers neither on its network nor on its cable; check both, then save again");
  }
  try {
    await loadByCable(console, partsOf(there, next, LINE_PART_BYTES));
  } catch (error) {
    if (!(error instanceof CliTrouble)) throw error;
    await loadByCable(console, partsOf(NOTHING, next, LINE_PART_BYTES));
  }
  return "cable";
}
