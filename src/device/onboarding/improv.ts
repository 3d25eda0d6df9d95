/**
 * Improv over serial: a program at the unit's console gives it a network, while it has none and the factory switched this on.
 * Onboarding joins, and keeps such a network only once a card-holder has spoken with the unit.
 * @source PROTOCOL 6.13
 */
import { concat } from "#base/bytes.ts";
import type { DeviceEvent, Effect, Machine, Step } from "#device/machine.ts";
import type { Facts } from "#device/store/facts.ts";
import type { Primitives } from "#trust/primitives.ts";
import type { AccessPoint } from "#wire/air/frame.ts";
import {
  encodeImprov,
  IMPROV,
  IMPROV_COMMAND,
  IMPROV_ERROR,
  IMPROV_STATE,
  improvNetwork,
  improvResult,
  takeImprov,
} from "#wire/lines/improv-line.ts";
import { setupName } from "./portal-turns.ts";

/** What flash.config.json's switch is called among the names that a unit is told. */
const NAME = "improv";
/** Onboarding's tries, of at most 20 s each, and a little. */
const GIVE_UP_MS = 75_000;

interface State {
  facts: Facts | undefined;
  accessPoints: readonly AccessPoint[];
  hasNetwork: boolean;
  /** Whether the network stays when the unit leaves it. */
  isLasting: boolean;
  /** While a network that was given here is tried. */
  giveUpAtMs: number | undefined;
  heard: Uint8Array;
}

interface Improv {
  readonly crypto: Primitives;
  readonly release: string;
  readonly board: string;
}

const say = (type: number, data: Uint8Array): Effect => ({ kind: "console-write", bytes: encodeImprov(type, data) });
const fault = (number: number): Effect => say(IMPROV.error, Uint8Array.of(number));
const result = (command: number, values: readonly (string | Uint8Array)[]): Effect =>
  say(IMPROV.result, improvResult(command, values));

function stateNow({ hasNetwork, giveUpAtMs }: State): Effect {
  const { ready, joining, joined } = IMPROV_STATE;
  return say(IMPROV.state, Uint8Array.of(giveUpAtMs !== undefined ? joining : hasNetwork ? joined : ready));
}

/** The networks of the last scan, the strongest of each name. */
function networks(accessPoints: readonly AccessPoint[]): readonly Effect[] {
  const strongest = new Map<string, AccessPoint>();
  for (const each of accessPoints) {
    const name = String(each.ssid);
    const known = strongest.get(name);
    if (each.ssid.length > 0 && (known === undefined || known.rssiDbm < each.rssiDbm)) strongest.set(name, each);
  }
  const told = [...strongest.values()].map(({ ssid, rssiDbm, cipher }) =>
    result(IMPROV_COMMAND.networks, [ssid, String(rssiDbm), cipher === "open" ? "NO" : "YES"]),
  );
  return [...told, result(IMPROV_COMMAND.networks, [])];
}

function join(state: State, data: Uint8Array, nowMs: number): readonly Effect[] {
  if (state.hasNetwork || state.giveUpAtMs !== undefined) return [fault(IMPROV_ERROR.notAllowed)];
  const given = improvNetwork(data);
  if (given === undefined) return [fault(IMPROV_ERROR.packet)];
  state.giveUpAtMs = nowMs + GIVE_UP_MS;
  const event = { kind: "credentials-given", isOverSerial: true, ...given } as const;
  return [stateNow(state), { kind: "emit", event }];
}

function answer(improv: Improv, state: State, command: Uint8Array, nowMs: number): readonly Effect[] {
  const [number = 0, length] = command;
  const data = command.subarray(2);
  if (length !== data.length) return [fault(IMPROV_ERROR.packet)];
  switch (number) {
    case IMPROV_COMMAND.join:
      return join(state, data, nowMs);
    case IMPROV_COMMAND.state:
      // Whoever has a network is told where its page is: a unit has none.
      return state.hasNetwork ? [stateNow(state), result(number, [])] : [stateNow(state)];
    case IMPROV_COMMAND.about:
      return [result(number, ["Latchkey", improv.release, improv.board, setupName(state.facts?.key, improv.crypto)])];
    case IMPROV_COMMAND.networks:
      return state.hasNetwork ? [fault(IMPROV_ERROR.notAllowed)] : networks(state.accessPoints);
    default:
      return [fault(IMPROV_ERROR.command)];
  }
}

function failed(state: State): readonly Effect[] {
  if (state.giveUpAtMs === undefined) return [];
  state.giveUpAtMs = undefined;
  return [fault(IMPROV_ERROR.join), stateNow(state)];
}

function on(improv: Improv, state: State, event: DeviceEvent): readonly Effect[] {
  switch (event.kind) {
    case "start":
      state.facts = event.facts;
      state.hasNetwork = event.facts.wifi !== undefined || event.facts.unreadable.has("wifi");
      state.isLasting = state.hasNetwork;
      return [];
    case "radio-scan":
      state.accessPoints = event.accessPoints;
      return [];
    case "online": {
      const wasGiven = state.giveUpAtMs !== undefined;
      state.hasNetwork = true;
      state.giveUpAtMs = undefined;
      return wasGiven ? [stateNow(state), result(IMPROV_COMMAND.join, [])] : [];
    }
    case "offline":
      state.hasNetwork = state.isLasting;
      return [];
    case "peer-proved":
      state.isLasting ||= event.by === "session" && state.hasNetwork;
      return [];
    case "reset":
      state.isLasting = false;
      state.hasNetwork = false;
      return [];
    case "join-given-up":
      return failed(state);
    case "timer":
      return state.giveUpAtMs !== undefined && event.nowMs >= state.giveUpAtMs ? failed(state) : [];
    case "console-data": {
      if (state.facts?.onboarding?.legacy.includes(NAME) !== true) return [];
      const { packets, rest } = takeImprov(concat(state.heard, event.bytes));
      state.heard = rest;
      return packets.flatMap((packet) => {
        if (packet === undefined) return [fault(IMPROV_ERROR.packet)];
        return packet.type === IMPROV.command ? answer(improv, state, packet.data, event.nowMs) : [];
      });
    }
    default:
      return [];
  }
}

export function createImprov(crypto: Primitives, release: string, board: string): Machine<State> {
  const improv: Improv = { crypto, release, board };
  return {
    name: NAME,
    initial: {
      ...{ facts: undefined, accessPoints: [], hasNetwork: true, isLasting: false },
      ...{ giveUpAtMs: undefined, heard: new Uint8Array(0) },
    },
    step(state, event): Step<State> {
      const effects = on(improv, state, event);
      return state.giveUpAtMs === undefined ? { state, effects } : { state, effects, wakeAtMs: state.giveUpAtMs };
    },
  };
}
