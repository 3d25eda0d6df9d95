/** The state of onboarding between two events. */
import type { Wifi } from "#device/store/codecs.ts";
import type { Facts } from "#device/store/facts.ts";
import type { Acknowledgement, AirCredentials } from "#wire/air/air-credentials.ts";
import type { AccessPoint } from "#wire/air/frame.ts";
import type { Listener } from "#wire/air/listener.ts";
import type { Search } from "./search.ts";

type Phase = "off" | "scanning" | "searching" | "joining" | "online" | "portal";

export interface State {
  phase: Phase;
  facts: Facts | undefined;
  listener: Listener | undefined;
  accessPoints: readonly AccessPoint[];
  search: Search | undefined;
  /** When listening without a find gives way to the unit's own access point. */
  portalAtMs: number;
  /** What a person typed into the portal, until its answer has left. */
  given: Wifi | undefined;
  wifi: Wifi | undefined;
  isProvisional: boolean;
  found: AirCredentials | undefined;
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
  /** Until when an app may not put the unit to sleep. */
  awakeUntilMs: number;
}

export const NEVER = Number.POSITIVE_INFINITY;

export function initialState(): State {
  return {
    phase: "off",
    facts: undefined,
    listener: undefined,
    accessPoints: [],
    search: undefined,
    portalAtMs: NEVER,
    given: undefined,
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
    awakeUntilMs: 0,
  };
}
