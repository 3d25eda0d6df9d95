/** The link's state in memory, and the operations that its parts share: connect, close, write, back off. */
import { viewOf } from "#base/bytes.ts";
import { type Fault, faultText } from "#base/faults.ts";
import type { Gathered } from "#base/gathered.ts";
import type { MqttVersion } from "#codec/mqtt.ts";
import type { Effect } from "#device/machine.ts";
import type { Facts } from "#device/store/facts.ts";
import type { Primitives } from "#trust/primitives.ts";
import type { LinkProof } from "#wire/link/link-auth.ts";
import { DIRECTED_MAX_S } from "#wire/link/topics.ts";
import { type Conversation, unacknowledged } from "./conversation.ts";
import { secureAt } from "./security.ts";
import type { LinkSettings, LinkTimes } from "./settings.ts";

type Phase = "off" | "away" | "nonce" | "proof" | "connecting" | "connack" | "suback" | "up";

export interface LinkState {
  /** What the unit remembers, to be read again when its cloud moves. */
  facts: Facts | undefined;
  settings: LinkSettings | undefined;
  phase: Phase;
  /** When the present wait ends, however it ends. */
  deadlineMs: number;
  /** Number of the open connection, -1 for none. */
  connection: number;
  isOnline: boolean;
  /** Failures since the link was last up for a while. */
  failures: number;
  upSinceMs: number;
  proof: LinkProof | undefined;
  version: MqttVersion;
  http: Gathered;
  conversation: Conversation | undefined;
  unsent: readonly Uint8Array[];
}

export const LINK_TAG = "link";
const STEADY_MS = 30_000;

/** What the functions of the link share: native functions, times, and the effects of the step in hand. */
export interface Link {
  readonly crypto: Primitives;
  readonly times: LinkTimes;
  /** When the running image was built, Unix seconds: the present is not before. */
  readonly buildS: number | undefined;
  effects: Effect[];
}

export function connect(link: Link, state: LinkState, port: number, nowMs: number): void {
  state.deadlineMs = nowMs + link.times.answerMs;
  const settings = state.settings as LinkSettings;
  const secure = secureAt(settings, nowMs);
  link.effects.push({ kind: "tcp-connect", tag: LINK_TAG, host: settings.host, port, secure });
}

export function close(link: Link, state: LinkState): void {
  if (state.connection >= 0) link.effects.push({ kind: "tcp-close", connection: state.connection });
  state.connection = -1;
  if (state.phase === "up") link.effects.push({ kind: "emit", event: { kind: "link-down" } });
  state.proof = undefined;
  if (state.conversation !== undefined) state.unsent = unacknowledged(state.conversation);
  state.conversation = undefined;
}

/** Gives up this attempt; the next begins after the back-off, or after what the server asked for, within bounds. */
export function fail(link: Link, state: LinkState, nowMs: number, fault: Fault, askedS = 0): void {
  const phase = state.phase;
  const directedS = Math.min(DIRECTED_MAX_S, askedS);
  if (phase === "up" && nowMs - state.upSinceMs >= STEADY_MS) state.failures = 0;
  close(link, state);
  const longestMs = Math.min(link.times.backOffMaxMs, link.times.backOffMs * 2 ** Math.min(state.failures, 20));
  // Half is certain, half is chance, so that a fleet that lost its broker together does not come back together.
  const chance = viewOf(link.crypto.random(4)).getUint32(0, true) / 2 ** 32;
  const waitMs = Math.round(
    Math.max(longestMs / 2, directedS * 1000) + (chance * Math.max(longestMs, directedS * 500)) / 2,
  );
  state.failures++;
  state.phase = "away";
  state.deadlineMs = nowMs + waitMs;
  link.effects.push({ kind: "emit", event: { kind: "link-failed", fault } });
  link.effects.push({ kind: "log", text: `link: ${faultText(fault)} in ${phase}, again in ${waitMs} ms` });
}

export function write(link: Link, state: LinkState, packets: readonly Uint8Array[]): void {
  for (const bytes of packets) link.effects.push({ kind: "tcp-write", connection: state.connection, bytes });
}
