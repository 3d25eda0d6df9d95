/** Accepts requests over HTTP on the local network and over the broker's relay. Both lead to the same handler. */
import { ok, type Result, refuse } from "#base/faults.ts";
import { encodeHttpResponse, httpStatusOf, type RequestHead } from "#device/http-request.ts";
import { answerHttp, createHttpServer, endsAfterAnswer, type HttpServer, takeHttpEvent } from "#device/http-server.ts";
import type { DeviceEvent, Effect } from "#device/machine.ts";
import { decodeRelayedRequest, encodeRelayedReply } from "#wire/link/relay.ts";
import { DOWN, UP } from "#wire/link/topics.ts";
import { encodeRefusal, PATH, type SessionPath } from "#wire/sessions/session.ts";

/** Where an answer goes. */
export type Origin =
  | {
      readonly kind: "lan";
      readonly connection: number;
      readonly keepAlive: boolean;
      /** Whether the caller is on the unit's own subnet: no router lies between. */
      readonly isOnSubnet: boolean;
      /** The app's origin, when the caller is a page. */
      readonly page: string | undefined;
    }
  | { readonly kind: "relay"; readonly tag: Uint8Array };

export interface IncomingRequest {
  readonly origin: Origin;
  /** Whom to count this for: an address, or the relay as a whole. */
  readonly source: string;
  readonly path: SessionPath;
  readonly body: Uint8Array;
}

export interface Endpoint {
  readonly http: HttpServer;
  /** Origins of the maker's app: no other page may speak with the unit. */
  readonly appOrigins: readonly string[];
  /** What the unit is called on its network: its address while it has one, and its name in mDNS. */
  readonly names: { ipv4: string | undefined; local: string | undefined };
}

export function createEndpoint(port: number, appOrigins: readonly string[]): Endpoint {
  return { http: createHttpServer(port), appOrigins, names: { ipv4: undefined, local: undefined } };
}

const METHOD: Readonly<Record<SessionPath, string>> = { edhoc: "POST", record: "POST", key: "GET" };
const PATHS = Object.keys(PATH) as SessionPath[];

function routeOf(method: string, path: string): Result<SessionPath> {
  const route = PATHS.find((each) => PATH[each] === path);
  if (route === undefined) return refuse("HTTP_PATH");
  return METHOD[route] === method ? ok(route) : refuse("HTTP_METHOD");
}

/**
 * Judges a request by its head, before its body is read and before anything is counted or computed. A page may speak with the
 * unit when it is the maker's app, and only under a name that is the unit's own: under any other, whoever owns that name
 * could have it lead here (DNS rebinding).
 */
function admit({ names, appOrigins }: Endpoint, { method, path, host, origin }: RequestHead): Result<SessionPath> {
  const name = host?.split(":", 1)[0]?.toLowerCase();
  if (name === undefined || (name !== names.ipv4 && name !== names.local)) return refuse("HTTP_HOST");
  if (origin !== undefined && !appOrigins.includes(origin)) return refuse("HTTP_ORIGIN");
  return routeOf(method, path);
}

function overHttp(endpoint: Endpoint, event: DeviceEvent, effects: Effect[]): IncomingRequest | undefined {
  const asked = takeHttpEvent(endpoint.http, event, effects, (head) => admit(endpoint, head));
  if (asked === undefined) return undefined;
  if (!asked.ok) {
    const { connection } = asked;
    const nowhere = { kind: "lan", connection, keepAlive: false, isOnSubnet: false, page: undefined } as const;
    answerAt(endpoint, nowhere, refuse(asked.fault), event.nowMs, effects);
    return undefined;
  }
  const { connection, peer, isOnSubnet, head, body } = asked.request;
  const route = routeOf(head.method, head.path);
  if (!route.ok) return undefined;
  const origin: Origin = { kind: "lan", connection, keepAlive: head.keepAlive, isOnSubnet, page: head.origin };
  return { origin, source: peer, path: route.value, body };
}

/**
 * Takes an event of the network or the link.
 * @returns What somebody asks, or undefined when the event brought nothing whole.
 */
export function requestIn(endpoint: Endpoint, event: DeviceEvent, effects: Effect[]): IncomingRequest | undefined {
  if (event.kind !== "link-message") return overHttp(endpoint, event, effects);
  const relayed = event.topic === DOWN.relay ? decodeRelayedRequest(event.payload) : undefined;
  if (relayed === undefined || !relayed.ok) return undefined;
  const { tag, path, body } = relayed.value;
  return { origin: { kind: "relay", tag }, source: "relay", path, body };
}

/** Sends an answer where its question came from. */
export function answerAt(
  endpoint: Endpoint,
  origin: Origin,
  answer: Result<Uint8Array>,
  nowMs: number,
  effects: Effect[],
): void {
  const body = answer.ok ? answer.value : encodeRefusal(answer.fault);
  if (origin.kind === "relay") {
    const payload = encodeRelayedReply({ tag: origin.tag, accepted: answer.ok, body });
    effects.push({ kind: "emit", event: { kind: "publish", topic: UP.reply, payload, retain: false } });
    return;
  }
  const status = answer.ok ? 200 : httpStatusOf(answer.fault);
  const keepAlive = origin.keepAlive && !endsAfterAnswer(endpoint.http, origin.connection);
  const bytes = encodeHttpResponse(status, body, keepAlive, origin.page);
  answerHttp(endpoint.http, origin.connection, bytes, keepAlive, nowMs, effects);
}
