/**
 * The onboarding machine, which brings a unit onto Wi-Fi and keeps it there: it scans, searches the channels
 * (search.ts), joins with what it decoded, answers with the protocol's acknowledgement and its own signed hello, and
 * comes back with what it remembers. Only Air proves that a card-holder sent the credentials; any other join is
 * provisional and forgotten after ten minutes without a card-holder's session.
 *
 * Long because the phases of one machine are easier to follow side by side.
 * @source PROTOCOL 6.3, 6.9, 6.10
 */

import { faultText } from "#base/faults.ts";
import type { DeviceEvent, Effect, Machine, Step } from "#device/machine.ts";
import type { Wifi } from "#device/store/codecs.ts";
import type { Facts } from "#device/store/facts.ts";
import { forget, remember } from "#device/store/store.ts";
import type { Primitives } from "#trust/primitives.ts";
import { type AirCredentials, acknowledgementOf } from "#wire/air/air-credentials.ts";
import { airListener } from "#wire/air/listener.ts";
import { answerBeat, isDue, send, signedHello } from "./answer.ts";
import { decodersFor } from "./decoders.ts";
import type { LegacyProtocol } from "./legacy-protocols.ts";
import { allowedBy, lastCounter, listenedFor } from "./memory.ts";
import {
  ANSWER_LEAVES_MS,
  CLOSE_ACCESS_POINT,
  LISTEN_BEFORE_PORTAL_MS,
  PORTAL_MS,
  setupName,
  typedIn,
} from "./portal-turns.ts";
import { hopOn, lookRound, nextTurn, startSearch, type Turn } from "./search.ts";
import { initialState, NEVER, type State } from "./state.ts";

/** Longer than any radio takes, as it hears nothing meanwhile: Linux scans both bands for up to 12 s. */
const SCAN_TIMEOUT_MS = 15_000;
const JOIN_TIMEOUT_MS = 20_000;
const JOIN_TRIES = 3;
const REJOIN_MAX_MS = 60_000;
export const PROVISIONAL_MS = 600_000;
/**
 * So long after its start a unit without a network does not sleep, and after it was told one: it could not be brought onto it otherwise,
 * and whoever did so means to speak with it.
 */
const NEWCOMER_MS = 120_000;
/** How long the button must be held to forget network and counter. */
const RESET_HOLD_MS = 10_000;

interface OnboardingOptions {
  /** Where the LAN server listens; told in the hello. */
  readonly lanPort: number;
  /** The older protocols that this bundle holds; a unit listens for those that the factory switched on. */
  readonly legacy: readonly LegacyProtocol[];
  /** Whether this bundle holds the portal. */
  readonly hasPortal: boolean;
  /** How long a unit with SoftAP listens in vain before it opens its own access point; a minute when absent. */
  readonly portalAfterMs?: number;
}

/** What the functions of the machine share. */
interface Parts extends OnboardingOptions {
  readonly crypto: Primitives;
  readonly portalAfterMs: number;
}

function scan(parts: Parts, state: State, nowMs: number): Effect[] {
  state.phase = "scanning";
  const { wifi, facts } = state;
  const hasNetwork = wifi !== undefined || facts?.unreadable.has("wifi") === true;
  const opensPortal = parts.hasPortal && !hasNetwork && facts !== undefined && allowedBy(facts).isSoftApOn;
  if (!opensPortal) state.portalAtMs = NEVER;
  else if (state.portalAtMs === NEVER) state.portalAtMs = nowMs + parts.portalAfterMs;
  state.listener = undefined;
  state.search = undefined;
  state.wakeAtMs = nowMs + SCAN_TIMEOUT_MS;
  return [{ kind: "radio-scan" }];
}

function startSearching(parts: Parts, state: State, nowMs: number): Effect[] {
  const search = startSearch(state.accessPoints, nowMs);
  state.search = search;
  state.listener = airListener({
    decoders: decodersFor(
      listenedFor(state.facts as Facts, state.wifi !== undefined),
      parts.legacy,
      state.accessPoints,
      parts.crypto,
    ),
  });
  return follow(parts, state, hopOn(search, nowMs), nowMs);
}

/** Does what the search says; while nothing holds the unit on a channel, a join or the portal that is due comes first. */
function follow(parts: Parts, state: State, turn: Turn, nowMs: number): Effect[] {
  state.phase = "searching";
  if (state.search?.mode === "hopping") {
    if (nowMs >= state.rejoinAtMs) return join(state, nowMs);
    if (nowMs >= state.portalAtMs) return openPortal(parts, state, nowMs);
  }
  if (turn === "scan") return scan(parts, state, nowMs);
  state.wakeAtMs = nowMs + turn.forMs;
  return turn.channel === undefined ? [] : [{ kind: "radio-listen", channel: turn.channel }];
}

function join(state: State, nowMs: number): Effect[] {
  const { ssid, passphrase } = state.wifi as Wifi;
  state.phase = "joining";
  state.rejoinAtMs = NEVER;
  state.tries++;
  state.listener = undefined;
  state.search = undefined;
  state.wakeAtMs = nowMs + JOIN_TIMEOUT_MS;
  return [
    { kind: "radio-listen", channel: 0 },
    { kind: "radio-join", ssid, passphrase },
  ];
}

function take(parts: Parts, state: State, found: AirCredentials, nowMs: number): Effect[] {
  const effects: Effect[] = [];
  if (found.sealed !== undefined) {
    if (found.sealed.counter <= lastCounter(state.facts as Facts)) {
      // Whoever sends it again and again must not keep the unit from senders on other channels.
      return state.search === undefined ? [] : follow(parts, state, lookRound(state.search, nowMs), nowMs);
    }
    // Spent before it is used: whatever happens next, these bytes never count again.
    effects.push(remember("airCounter", found.sealed.counter));
    effects.push({ kind: "emit", event: { kind: "time-hinted", hintS: found.sealed.timeHintS } });
  }
  state.found = found;
  state.wifi = { ssid: found.ssid, passphrase: found.passphrase };
  state.awakeUntilMs = nowMs + NEWCOMER_MS;
  state.isProvisional = found.protocol !== "air";
  state.tries = 0;
  return [...effects, { kind: "log", text: `onboarding: ${found.protocol} complete, joining` }, ...join(state, nowMs)];
}

/** Only a unit that listens and has no network of its own takes one from its console. */
function giveOverSerial(parts: Parts, state: State, given: Wifi, nowMs: number): Effect[] {
  const isListening = state.phase === "scanning" || state.phase === "searching";
  if (isListening && state.wifi === undefined) return take(parts, state, typedIn(given, "improv"), nowMs);
  return [{ kind: "emit", event: { kind: "join-given-up" } }];
}

/** The fallback: an access point of the unit's own, for a while, in turn with listening. */
function openPortal(parts: Parts, state: State, nowMs: number): Effect[] {
  state.phase = "portal";
  state.portalAtMs = NEVER;
  state.wakeAtMs = nowMs + PORTAL_MS;
  const ssid = setupName(state.facts?.key, parts.crypto);
  return [
    { kind: "radio-listen", channel: 0 },
    { kind: "radio-access-point", ssid },
  ];
}

function closePortal(parts: Parts, state: State, nowMs: number): Effect[] {
  state.portalAtMs = nowMs + parts.portalAfterMs;
  const { given } = state;
  state.given = undefined;
  return [
    CLOSE_ACCESS_POINT,
    ...(given === undefined ? scan(parts, state, nowMs) : take(parts, state, typedIn(given), nowMs)),
  ];
}

/** The join came to nothing: again, or back to listening, or (a network that once worked) later. */
function joinFailed(parts: Parts, state: State, nowMs: number): Effect[] {
  if (state.tries < JOIN_TRIES) return join(state, nowMs);
  state.wifi = state.facts?.wifi;
  // Whoever mistyped on the portal finds it open again.
  if (state.found?.protocol === "softap") state.portalAtMs = nowMs;
  state.found = undefined;
  state.tries = 0;
  const told: Effect[] = [
    { kind: "log", text: "onboarding: could not join" },
    { kind: "emit", event: { kind: "join-given-up" } },
  ];
  if (state.wifi === undefined) return [...told, ...scan(parts, state, nowMs)];
  return [...told, ...waitToRejoin(parts, state, nowMs)];
}

/** A network that once worked is tried again and again; in between a card-holder may name another one by Air. */
function waitToRejoin(parts: Parts, state: State, nowMs: number): Effect[] {
  state.rejoinMs = Math.min(2 * state.rejoinMs, REJOIN_MAX_MS);
  state.rejoinAtMs = nowMs + state.rejoinMs;
  state.tries = 0;
  return startSearching(parts, state, nowMs);
}

function joined(parts: Parts, state: State, event: DeviceEvent & { kind: "radio-joined" }): Effect[] {
  const { nowMs } = event;
  state.phase = "online";
  state.ipv4 = event.ipv4;
  state.mac = event.mac;
  state.tries = 0;
  state.rejoinMs = 1_000;
  state.acknowledgement = state.found && acknowledgementOf(state.found, event.mac, event.ipv4);
  state.answersSent = 0;
  state.forgetAtMs = state.isProvisional ? nowMs + PROVISIONAL_MS : NEVER;
  const effects: Effect[] = [];
  if (!state.isProvisional && state.found !== undefined) {
    effects.push(remember("wifi", state.wifi as Wifi));
  }
  effects.push({ kind: "emit", event: { kind: "online", ipv4: event.ipv4 } });
  return [...effects, ...answer(parts, state, nowMs)];
}

function answer(parts: Parts, state: State, nowMs: number): Effect[] {
  const { found, acknowledgement, ipv4 } = state;
  const seed = state.facts?.key;
  const beat = answerBeat(state.answersSent++, found !== undefined);
  const hello = seed && signedHello(found, ipv4, parts.lanPort, seed, parts.crypto);
  state.answerAtMs = beat.nextInMs === undefined ? NEVER : nowMs + beat.nextInMs;
  state.wakeAtMs = Math.min(state.answerAtMs, state.forgetAtMs);
  return [
    ...(acknowledgement !== undefined && isDue(beat, acknowledgement) ? send(acknowledgement) : []),
    ...(beat.says && hello !== undefined ? send(hello) : []),
  ];
}

/** Leaves the network and forgets it, then listens again. */
function leave(parts: Parts, state: State, nowMs: number): Effect[] {
  const wasOnline = state.phase === "online";
  state.wifi = undefined;
  state.found = undefined;
  state.forgetAtMs = NEVER;
  state.rejoinAtMs = NEVER;
  return [forget("wifi"), ...left(wasOnline), ...scan(parts, state, nowMs)];
}

function left(wasOnline: boolean): Effect[] {
  const offline: Effect = { kind: "emit", event: { kind: "offline" } };
  return wasOnline ? [{ kind: "radio-leave" }, offline] : [{ kind: "radio-leave" }];
}

/** The flash took no more: what must not be used without it is dropped, and the rest goes on until the power goes. */
function notStored(parts: Parts, state: State, nowMs: number): Effect[] {
  switch (state.phase) {
    case "joining":
      // The broadcast's counter isn't spent, so its credentials could be heard again from anyone who recorded them.
      state.wifi = state.facts?.wifi;
      state.found = undefined;
      return startSearching(parts, state, nowMs);
    case "online":
      return [{ kind: "emit", event: { kind: "online", ipv4: state.ipv4 } }, ...answer(parts, state, nowMs)];
    case "scanning":
      return [...left(true), ...scan(parts, state, nowMs)];
    default:
      return [];
  }
}

function onTimer(parts: Parts, state: State, nowMs: number): Effect[] {
  switch (state.phase) {
    case "scanning":
      return startSearching(parts, state, nowMs);
    case "searching": {
      const { search, listener } = state;
      if (search === undefined || listener === undefined) return [];
      const fault = search.isFaultSaid ? undefined : listener.fault();
      const effects = follow(parts, state, nextTurn(search, listener, nowMs), nowMs);
      if (fault === undefined) return effects;
      search.isFaultSaid = true;
      return [{ kind: "log", text: `onboarding: ${faultText(fault)}` }, ...effects];
    }
    case "portal":
      return closePortal(parts, state, nowMs);
    case "joining":
      return joinFailed(parts, state, nowMs);
    case "online":
      if (nowMs >= state.forgetAtMs) {
        return [{ kind: "log", text: "onboarding: no session came, network forgotten" }, ...leave(parts, state, nowMs)];
      }
      return nowMs >= state.answerAtMs ? answer(parts, state, nowMs) : [];
    default:
      return [];
  }
}

function start(parts: Parts, state: State, event: DeviceEvent & { kind: "start" }): Effect[] {
  state.facts = event.facts;
  state.wifi = event.facts.wifi;
  if (state.wifi === undefined) state.awakeUntilMs = event.nowMs + NEWCOMER_MS;
  state.isProvisional = false;
  const { country } = event.facts;
  return [
    ...(country === undefined ? [] : [{ kind: "radio-country", country } as const]),
    ...(state.wifi === undefined ? scan(parts, state, event.nowMs) : join(state, event.nowMs)),
  ];
}

function on(parts: Parts, state: State, event: DeviceEvent): Effect[] {
  const { nowMs } = event;
  switch (event.kind) {
    case "start":
      return start(parts, state, event);
    case "timer":
      return nowMs >= state.wakeAtMs ? onTimer(parts, state, nowMs) : [];
    case "radio-scan":
      state.accessPoints = event.accessPoints;
      return state.phase === "scanning" ? startSearching(parts, state, nowMs) : [];
    case "radio-frame": {
      if (state.phase !== "searching") return [];
      const found = state.listener?.push(event);
      if (found !== undefined) return take(parts, state, found, nowMs);
      return [];
    }
    case "radio-joined":
      return state.phase === "joining" ? joined(parts, state, event) : [];
    case "radio-join-failed":
      return state.phase === "joining" ? joinFailed(parts, state, nowMs) : [];
    case "radio-left":
      if (state.phase !== "online") return [];
      return [{ kind: "emit", event: { kind: "offline" } }, ...waitToRejoin(parts, state, nowMs)];
    case "credentials-given":
      if (event.isOverSerial === true) return giveOverSerial(parts, state, event, nowMs);
      if (state.phase !== "portal") return [];
      state.given = event;
      state.wakeAtMs = nowMs + ANSWER_LEAVES_MS;
      return [];
    case "peer-proved":
      if (event.by !== "session" || !state.isProvisional || state.phase !== "online") return [];
      state.isProvisional = false;
      state.forgetAtMs = NEVER;
      state.wakeAtMs = state.answerAtMs;
      return [remember("wifi", state.wifi as Wifi)];
    case "store-failed":
      return notStored(parts, state, nowMs);
    case "button":
      if (event.heldMs < RESET_HOLD_MS) return [];
      return [forget("airCounter"), ...leave(parts, state, nowMs)];
    default:
      return [];
  }
}

export function createOnboarding(crypto: Primitives, options: OnboardingOptions): Machine<State> {
  const parts: Parts = { crypto, portalAfterMs: LISTEN_BEFORE_PORTAL_MS, ...options };
  return {
    name: "onboarding",
    initial: initialState(),
    isBusy: ({ awakeUntilMs }, nowMs) => nowMs < awakeUntilMs,
    step: (state, event): Step<State> => {
      const effects = on(parts, state, event);
      return state.wakeAtMs === NEVER ? { state, effects } : { state, effects, wakeAtMs: state.wakeAtMs };
    },
  };
}
