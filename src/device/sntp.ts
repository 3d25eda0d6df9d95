/**
 * Asks the network what time it is, where neither cloud nor phone has signed it: servers that DHCP names (option 42), then the
 * maker's. The answer is a hint for the app's clock and for log stamps. The gate decides nothing by it.
 * @source RFC 4330 section 10; docs/adr/0116-the-network-s-time.md
 */
import { encodeSntpRequest, readSntpAnswer, SNTP_PORT, TRANSACTION_BYTES } from "#codec/sntp.ts";
import type { Primitives } from "#trust/primitives.ts";
import type { DeviceEvent, Effect, Machine, Step } from "./machine.ts";

/** After joining: a random part of it, so that a town whose power comes back does not ask at once. */
const FIRST_MS = 10_000;
/** After no answer, or a useless one; each time twice as long. RFC 4330 allows no less than 15 s. */
const RETRY_MS = 16_000;
/** After an answer, and the longest pause. */
const AGAIN_MS = 6 * 3_600_000;
/** A longer way makes no useful time of an answer. */
const WAIT_MS = 5_000;
/** No unit runs longer on one image: what a server says beyond it is a lie, or an accident. */
const LATEST_S = 40 * 365.25 * 86_400;
const SERVERS_MAX = 6;
/** Ports that nobody registers (RFC 6335). */
const PORT_FIRST = 49_152;

interface Server {
  readonly host: string;
  readonly port: number;
}

interface SntpState {
  /** Those that the network named, while the unit is on it. */
  told: readonly Server[];
  /** Hosts that said not to be asked, and until when. */
  readonly closed: { readonly host: string; readonly untilMs: number }[];
  /** Counts requests without a useful answer: the next server's turn. */
  turn: number;
  /** Of the request that waits for its answer. */
  asked: { readonly transaction: Uint8Array; readonly server: Server; readonly atMs: number } | undefined;
  /** The port from which this run asks; 0 before the first request. */
  port: number;
  dueMs: number;
  retryMs: number;
  /** The present is not before this second. */
  earliestS: number;
  /** Somebody has signed the time in this run, so that nobody else is asked. */
  isProved: boolean;
}

interface SntpOptions {
  readonly crypto: Primitives;
  /** HOST or HOST:PORT, as flash.config.json names them. */
  readonly servers?: readonly string[] | undefined;
  /** When this image was built, Unix seconds. */
  readonly buildS: number;
}

/** Reads HOST or HOST:PORT. */
function serverOf(text: string): Server {
  const [host = "", port] = text.split(":");
  return { host, port: port === undefined ? SNTP_PORT : Number(port) };
}

/** A random number from 0 to below 1. */
function fraction(crypto: Primitives): number {
  const [high = 0, low = 0] = crypto.random(2);
  return (high * 256 + low) / 65_536;
}

function serversOf({ told, closed }: SntpState, { servers = [] }: SntpOptions, nowMs: number): readonly Server[] {
  const all = [...told, ...servers.map(serverOf)].slice(0, SERVERS_MAX);
  return all.filter(({ host }) => !closed.some((each) => each.host === host && nowMs < each.untilMs));
}

function ask(state: SntpState, options: SntpOptions, nowMs: number, effects: Effect[]): void {
  const servers = serversOf(state, options, nowMs);
  const server = servers[state.turn % Math.max(1, servers.length)];
  if (server === undefined) {
    const ends = state.closed.map(({ untilMs }) => untilMs).filter((untilMs) => untilMs > nowMs);
    state.dueMs = Math.min(Number.POSITIVE_INFINITY, ...ends);
    return;
  }
  if (state.port === 0) {
    state.port = PORT_FIRST + Math.floor(fraction(options.crypto) * (65_536 - PORT_FIRST));
    effects.push({ kind: "udp-listen", port: state.port });
  }
  const transaction = options.crypto.random(TRANSACTION_BYTES);
  const bytes = encodeSntpRequest(transaction);
  effects.push({ kind: "udp-send", host: server.host, port: server.port, bytes, from: state.port });
  state.asked = { transaction, server, atMs: nowMs };
  // Unless a useful answer comes, the next server has its turn.
  state.turn++;
  later(state, nowMs);
}

/** Sets when to ask after a request that came to nothing. */
function later(state: SntpState, nowMs: number): void {
  state.dueMs = nowMs + state.retryMs;
  state.retryMs = Math.min(AGAIN_MS, 2 * state.retryMs);
}

function answered(state: SntpState, options: SntpOptions, event: DeviceEvent & { kind: "udp-data" }): Effect[] {
  const { nowMs } = event;
  const { asked } = state;
  if (asked === undefined || nowMs - asked.atMs > WAIT_MS) return [];
  const answer = readSntpAnswer(event.bytes, asked.transaction, state.earliestS);
  if (answer === undefined) return [];
  const { host } = asked.server;
  state.asked = undefined;
  if (answer.kind === "kiss") {
    if (answer.code === "DENY" || answer.code === "RSTR")
      state.closed.push({ host, untilMs: Number.POSITIVE_INFINITY });
    if (answer.code === "RATE") state.closed.push({ host, untilMs: nowMs + AGAIN_MS });
    return [{ kind: "log", text: `time: ${host} sends clients away (${answer.code.replace(/[^A-Z]/g, "?")})` }];
  }
  const unixS = answer.unixS + (nowMs - asked.atMs) / 2_000;
  if (unixS > state.earliestS + LATEST_S) {
    return [{ kind: "log", text: `time: ${host} says what cannot be: before this image was built, or 40 years later` }];
  }
  state.turn--;
  state.retryMs = RETRY_MS;
  state.dueMs = nowMs + AGAIN_MS * (0.9 + 0.2 * fraction(options.crypto));
  return [{ kind: "emit", event: { kind: "time-guessed", unixS } }];
}

function see(state: SntpState, options: SntpOptions, event: DeviceEvent): Effect[] {
  const { nowMs } = event;
  const effects: Effect[] = [];
  switch (event.kind) {
    case "start":
      state.earliestS = Math.max(options.buildS, event.facts.timeFloor ?? 0);
      break;
    case "radio-joined":
      state.told = (event.timeServers ?? []).map(serverOf);
      break;
    case "online":
      if (state.isProved) break;
      state.retryMs = RETRY_MS;
      state.dueMs = nowMs + FIRST_MS * fraction(options.crypto);
      break;
    case "offline":
      state.dueMs = Number.POSITIVE_INFINITY;
      state.asked = undefined;
      break;
    case "time-taken":
    case "time-vouched":
      state.isProved = true;
      state.dueMs = Number.POSITIVE_INFINITY;
      state.asked = undefined;
      break;
    case "timer":
      if (nowMs >= state.dueMs) ask(state, options, nowMs, effects);
      break;
    case "udp-data":
      if (state.port !== 0 && event.port === state.port) return answered(state, options, event);
  }
  return effects;
}

function step(state: SntpState, options: SntpOptions, event: DeviceEvent): Step<SntpState> {
  const effects = see(state, options, event);
  return { state, effects, wakeAtMs: state.dueMs };
}

export function createSntp(options: SntpOptions): Machine<SntpState> {
  return {
    name: "sntp",
    initial: {
      ...{ told: [], closed: [], turn: 0, asked: undefined, port: 0 },
      ...{ dueMs: Number.POSITIVE_INFINITY, retryMs: RETRY_MS, earliestS: options.buildS, isProved: false },
    },
    step: (state, event) => step(state, options, event),
  };
}
