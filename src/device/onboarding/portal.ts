/**
 * The portal: the machine that answers on the unit's own access point. It forwards what a person typed;
 * onboarding decides whether the unit joins, and that the result stays provisional.
 * @source PROTOCOL 6.11
 */
import { ok } from "#base/faults.ts";
import {
  answerHttp,
  createHttpServer,
  forgetConnections,
  type HttpServer,
  nextCloseMs,
  type Request,
  takeHttpEvent,
} from "#device/http-server.ts";
import type { DeviceEvent, Effect, Machine, Step } from "#device/machine.ts";
import type { Primitives } from "#trust/primitives.ts";
import type { AccessPoint } from "#wire/air/frame.ts";
import { formPage, joiningPage, pageResponse, readForm } from "./portal-page.ts";

const TOKEN_BYTES = 16;

interface State {
  /** The unit's address on its own access point; empty while that is closed. */
  ipv4: string;
  token: Uint8Array;
  accessPoints: readonly AccessPoint[];
  readonly http: HttpServer;
}

interface Portal {
  readonly crypto: Pick<Primitives, "random">;
  readonly port: number;
}

/** The page that answers a request, and what the form in it said. */
function answer({ port }: Portal, state: State, { head, body }: Request, effects: Effect[]): Uint8Array {
  const { method, path, origin } = head;
  const host = port === 80 ? state.ipv4 : `${state.ipv4}:${port}`;
  const home = `http://${host}`;
  const ssids = state.accessPoints.map(({ ssid }) => ssid);
  // Under any other name the page could be read by whoever owns that name (DNS rebinding); captive checks land here too.
  if (head.host !== host || (method === "GET" && path !== "/")) {
    if (method !== "GET") return pageResponse("403 Forbidden", "");
    return pageResponse("302 Found", "", `Location: ${home}/\r\n`);
  }
  if (method === "GET") return pageResponse("200 OK", formPage(ssids, state.token));
  if (method !== "POST" || path !== "/join") return pageResponse("404 Not Found", "");
  if (origin !== undefined && origin !== home) return pageResponse("403 Forbidden", "");
  const form = readForm(body, state.token);
  if (form.ok) {
    effects.push({ kind: "emit", event: { kind: "credentials-given", ...form.value } });
    return pageResponse("200 OK", joiningPage());
  }
  if (form.fault === "PORTAL_TOKEN") return pageResponse("403 Forbidden", "");
  const trouble = "Choose a network; a password has 8 to 63 characters, or none.";
  return pageResponse("200 OK", formPage(ssids, state.token, trouble));
}

function overHttp(portal: Portal, state: State, event: DeviceEvent, effects: Effect[]): void {
  const asked = takeHttpEvent(state.http, event, effects, () => ok(undefined));
  if (asked === undefined) return;
  const after: Effect[] = [];
  const page = asked.ok ? answer(portal, state, asked.request, after) : pageResponse("400 Bad Request", "");
  const connection = asked.ok ? asked.request.connection : asked.connection;
  answerHttp(state.http, connection, page, false, event.nowMs, effects);
  effects.push(...after);
}

function on(portal: Portal, state: State, event: DeviceEvent): Effect[] {
  const effects: Effect[] = [];
  switch (event.kind) {
    case "radio-scan":
      state.accessPoints = event.accessPoints;
      return effects;
    case "radio-access-point":
      state.ipv4 = event.ipv4;
      state.token = portal.crypto.random(TOKEN_BYTES);
      forgetConnections(state.http);
      return event.ipv4 === "" ? [] : [{ kind: "tcp-listen", port: portal.port }];
    case "tcp-accepted":
      // The port stays listened on when the access point is closed: nobody is answered there then.
      if (state.ipv4 !== "") break;
      if (event.port === portal.port) effects.push({ kind: "tcp-close", connection: event.connection });
      return effects;
  }
  overHttp(portal, state, event, effects);
  return effects;
}

export function createPortal(crypto: Pick<Primitives, "random">, port: number): Machine<State> {
  const portal: Portal = { crypto, port };
  return {
    name: "portal",
    initial: { ipv4: "", token: new Uint8Array(0), accessPoints: [], http: createHttpServer(port) },
    step(state, event): Step<State> {
      const effects = on(portal, state, event);
      const wakeAtMs = nextCloseMs(state.http);
      return wakeAtMs === Number.POSITIVE_INFINITY ? { state, effects } : { state, effects, wakeAtMs };
    },
  };
}
