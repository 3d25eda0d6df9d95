/**
 * Lets phones find the unit on its network: answers mDNS queries for the service, and announces itself twice when it
 * joins the network. Anyone may ask; the answers are not secret, and prove nothing.
 * @source PROTOCOL 5.16; RFC 6762 sections 6, 6.7, 8.3
 */
import { toHex } from "#base/bytes.ts";
import { encodeDnsResponse, readDnsMessage } from "#codec/dns.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import type { Primitives } from "#trust/primitives.ts";
import { type Announced, encodeOwn, MDNS_GROUP, MDNS_PORT, wantedOf } from "#wire/sessions/discovery.ts";
import type { DeviceEvent, Effect, Machine, Step } from "./machine.ts";
import { createRateLimit, type RateLimit, takeTurn } from "./rate-limit.ts";
import { isProvisioned } from "./store/store.ts";

/** Random delay of 20 to 120 ms, because other units may answer the same question at the same time. */
const DELAY_MS = 20;
const SPREAD_MS = 100;
/** Between the two announcements, and the least between two answers to the whole network. */
const AGAIN_MS = 1_000;
/** Datagrams that are read, for one source and for all together: what comes faster is not looked at. */
const READS_EACH = { burst: 10, everyMs: 100 };
const READS_ALL = { burst: 30, everyMs: 30 };
const NO_QUESTIONS = { count: 0, bytes: new Uint8Array(0) };
/** What an announcement says: all but the list of services. */
const ANNOUNCED = [0, 1, 2, 3];

interface DiscoveryState {
  device: string;
  /** Undefined while the unit is on no network. */
  announced: Announced | undefined;
  /** Places of the records that the network is to hear, when. */
  places: readonly number[];
  dueMs: number;
  /** When it last heard them. */
  saidMs: number;
  /** Announcements still to make. */
  left: number;
  readonly reads: RateLimit;
}

function online(state: DiscoveryState, nowMs: number, ipv4: string, port: number, effects: Effect[]): void {
  state.announced = { device: state.device, ipv4, port };
  effects.push({ kind: "udp-listen", port: MDNS_PORT, group: MDNS_GROUP });
  state.left = 2;
  announce(state, nowMs, effects);
}

function announce(state: DiscoveryState, nowMs: number, effects: Effect[]): void {
  say(state, ANNOUNCED, effects, nowMs);
  state.left--;
  state.places = state.left > 0 ? ANNOUNCED : [];
  state.dueMs = state.left > 0 ? nowMs + AGAIN_MS : Number.POSITIVE_INFINITY;
}

/** Says records to the whole network. */
function say(state: DiscoveryState, places: readonly number[], effects: Effect[], nowMs: number): void {
  const { answers, additional } = encodeOwn(state.announced as Announced, places, false);
  const bytes = encodeDnsResponse(0, NO_QUESTIONS, answers, additional);
  effects.push({ kind: "udp-send", host: MDNS_GROUP, port: MDNS_PORT, bytes, from: MDNS_PORT });
  state.saidMs = nowMs;
}

function asked(
  crypto: Pick<Primitives, "random">,
  state: DiscoveryState,
  event: DeviceEvent & { kind: "udp-data" },
  effects: Effect[],
): void {
  // What others answer one another is most of what is heard, and none of the unit's business: it costs no turn.
  const isResponse = ((event.bytes[2] ?? 0) & 0x80) !== 0;
  if (isResponse || !takeTurn(state.reads, event.peer, event.nowMs)) return;
  const message = readDnsMessage(event.bytes);
  const announced = state.announced as Announced;
  const places = message === undefined ? [] : wantedOf(announced, message);
  if (message === undefined || places.length === 0) return;
  if (event.peerPort !== MDNS_PORT) {
    // A querier on another port is no mDNS responder: it gets a unicast answer, as from a DNS server (RFC 6762
    // section 6.7).
    const { answers, additional } = encodeOwn(announced, places, true);
    const questions = { count: message.questions.length, bytes: message.questionBytes };
    const bytes = encodeDnsResponse(message.id, questions, answers, additional);
    effects.push({ kind: "udp-send", host: event.peer, port: event.peerPort, bytes, from: MDNS_PORT });
    return;
  }
  const dueMs = event.nowMs + DELAY_MS + ((crypto.random(1)[0] as number) * SPREAD_MS) / 255;
  state.places = [...new Set([...state.places, ...places])].sort();
  state.dueMs = Math.max(Math.min(state.dueMs, dueMs), state.saidMs + AGAIN_MS);
}

function due(state: DiscoveryState, nowMs: number, effects: Effect[]): void {
  if (state.announced === undefined || nowMs < state.dueMs) return;
  if (state.left > 0) return announce(state, nowMs, effects);
  say(state, state.places, effects, nowMs);
  state.places = [];
  state.dueMs = Number.POSITIVE_INFINITY;
}

/** @param port The TCP port on which the gate listens for HTTP. */
export function createDiscovery(crypto: Primitives, port: number): Machine<DiscoveryState> {
  return {
    name: "discovery",
    initial: {
      ...{ device: "", announced: undefined, places: [], dueMs: Number.POSITIVE_INFINITY, left: 0 },
      saidMs: Number.NEGATIVE_INFINITY,
      reads: createRateLimit(READS_EACH, READS_ALL),
    },
    step(state, event): Step<DiscoveryState> {
      const effects: Effect[] = [];
      if (event.kind === "start") {
        const { key: seed } = event.facts;
        // A bare unit has nothing to be called for.
        if (seed !== undefined && isProvisioned(event.facts)) {
          state.device = toHex(deviceIdOf(crypto, crypto.ed25519PublicKey(seed)));
        }
      }
      if (state.device === "") return { state, effects };
      if (event.kind === "online" && event.ipv4 !== state.announced?.ipv4)
        online(state, event.nowMs, event.ipv4, port, effects);
      else if (event.kind === "offline") state.announced = undefined;
      else if (event.kind === "timer") due(state, event.nowMs, effects);
      else if (event.kind === "udp-data" && event.port === MDNS_PORT && state.announced !== undefined) {
        asked(crypto, state, event, effects);
      }
      const isWaiting = state.announced !== undefined && state.dueMs !== Number.POSITIVE_INFINITY;
      return isWaiting ? { state, effects, wakeAtMs: state.dueMs } : { state, effects };
    },
  };
}
