/** Where onboarding stands between two events. */

import type { Stored } from "#device/machine.ts";
import type { Acknowledgement, Found } from "#wire/air/found.ts";
import type { AccessPoint } from "#wire/air/frame.ts";
import type { Listener } from "#wire/air/listener.ts";
import type { Wifi } from "./memory.ts";

/** Every 2.4 GHz channel that is in use the world over, the three that don't overlap first. */
const ALL_CHANNELS: readonly number[] = [1, 6, 11, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13];

/** Channels to hop over: where the scan found networks, strongest first, or all. */
export function channelsOf(accessPoints: readonly AccessPoint[]): readonly number[] {
  const strongest = [...accessPoints].sort((a, b) => b.rssiDbm - a.rssiDbm).map(({ channel }) => channel);
  const seen = [...new Set(strongest)].filter((channel) => channel >= 1 && channel <= 14);
  return seen.length > 0 ? seen : ALL_CHANNELS;
}

export type Phase = "off" | "scanning" | "hopping" | "locked" | "joining" | "online" | "portal";

export interface State {
  phase: Phase;
  stored: Stored | undefined;
  listener: Listener | undefined;
  accessPoints: readonly AccessPoint[];
  channels: readonly number[];
  channelIndex: number;
  rounds: number;
  /** When listening without a find gives way to the unit's own access point. */
  portalAtMs: number;
  /** What a person typed into the portal, until its answer has left. */
  given: Wifi | undefined;
  lockedAtMs: number;
  lastScore: number;
  scoreMs: number;
  wifi: Wifi | undefined;
  isProvisional: boolean;
  found: Found | undefined;
  tries: number;
  rejoinMs: number;
  /** When a network that once worked is tried again. */
  rejoinAtMs: number;
  ipv4: string;
  mac: Uint8Array;
  acknowledgement: Acknowledgement | undefined;
  answersSent: number;
  answerAtMs: number;
  forgetAtMs: number;
  wakeAtMs: number;
}

export const NEVER = Number.POSITIVE_INFINITY;

export function initialState(): State {
  return {
    phase: "off",
    stored: undefined,
    listener: undefined,
    accessPoints: [],
    channels: ALL_CHANNELS,
    channelIndex: 0,
    rounds: 0,
    portalAtMs: NEVER,
    given: undefined,
    lockedAtMs: 0,
    lastScore: 0,
    scoreMs: 0,
    wifi: undefined,
    isProvisional: false,
    found: undefined,
    tries: 0,
    rejoinMs: 1_000,
    rejoinAtMs: NEVER,
    ipv4: "",
    mac: new Uint8Array(6),
    acknowledgement: undefined,
    answersSent: 0,
    answerAtMs: NEVER,
    forgetAtMs: NEVER,
    wakeAtMs: NEVER,
  };
}
