/**
 * The portal: the machine that answers on the unit's own access point. It forwards what a person typed;
 * onboarding decides whether the unit joins, and that the result stays provisional.
 * @source PROTOCOL 6.11
 */
import { concat } from "#base/bytes.ts";
import { readHttpRequest } from "#device/http-request.ts";
import type { DeviceEvent, Effect, Machine, Step } from "#device/machine.ts";
import type { Primitives } from "#trust/primitives.ts";
import type { AccessPoint } from "#wire/air/frame.ts";
import { formPage, joiningPage, pageResponse, readForm } from "./portal-page.ts";

/** Phones open several connections at once; more than these wait for none. */
const CONNECTIONS_MAX = 4;
const TOKEN_BYTES = 16;

interface State {
  /** The unit's address on its own access point; empty while that is closed. */
  ipv4: string;
  token: Uint8Array;
  accessPoints: readonly AccessPoint[];
  readonly received: Map<number, Uint8Array>;
}

/** A header field's value, by its name in lower case. */
function fieldOf(head: string, name: string): string | undefined {
  const line = head.split("\r\n").find((each) => each.toLowerCase().startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim();
}

interface Portal {
  readonly crypto: Pick<Primitives, "random">;
  readonly port: number;
}

function answer(portal: Portal, state: State, connection: number, bytes: Uint8Array): Effect[] {
  const read = readHttpRequest(bytes);
  if (read.ok && read.value === undefined) return [];
  state.received.delete(connection);
  const say = (response: Uint8Array): Effect[] => [
    { kind: "tcp-write", connection, bytes: response },
    { kind: "tcp-close", connection },
  ];
  if (!read.ok || read.value === undefined) return say(pageResponse("400 Bad Request", ""));
  const { method, path, body } = read.value;
  const head = String.fromCharCode(...bytes.subarray(0, read.value.byteLength - body.length));
  const host = portal.port === 80 ? state.ipv4 : `${state.ipv4}:${portal.port}`;
  const home = `http://${host}`;
  const ssids = state.accessPoints.map(({ ssid }) => ssid);
  // Under any other name the page could be read by whoever owns that name (DNS rebinding); captive checks land here too.
  if (fieldOf(head, "host") !== host || (method === "GET" && path !== "/")) {
    if (method !== "GET") return say(pageResponse("403 Forbidden", ""));
    return say(pageResponse("302 Found", "", `Location: ${home}/\r\n`));
  }
  if (method === "GET") return say(pageResponse("200 OK", formPage(ssids, state.token)));
  const origin = fieldOf(head, "origin");
  if (method !== "POST" || path !== "/join") return say(pageResponse("404 Not Found", ""));
  if (origin !== undefined && origin !== home) return say(pageResponse("403 Forbidden", ""));
  const form = readForm(body, state.token);
  if (form.ok) {
    return [
      ...say(pageResponse("200 OK", joiningPage())),
      { kind: "emit", event: { kind: "credentials-given", ...form.value } },
    ];
  }
  if (form.fault === "PORTAL_TOKEN") return say(pageResponse("403 Forbidden", ""));
  const trouble = "Choose a network; a password has 8 to 63 characters, or none.";
  return say(pageResponse("200 OK", formPage(ssids, state.token, trouble)));
}

function on(portal: Portal, state: State, event: DeviceEvent): Effect[] {
  switch (event.kind) {
    case "radio-scan":
      state.accessPoints = event.accessPoints;
      return [];
    case "radio-access-point":
      state.ipv4 = event.ipv4;
      state.token = portal.crypto.random(TOKEN_BYTES);
      state.received.clear();
      return event.ipv4 === "" ? [] : [{ kind: "tcp-listen", port: portal.port }];
    case "tcp-accepted":
      if (event.port !== portal.port) return [];
      if (state.ipv4 === "" || state.received.size >= CONNECTIONS_MAX) {
        return [{ kind: "tcp-close", connection: event.connection }];
      }
      state.received.set(event.connection, new Uint8Array(0));
      return [];
    case "tcp-data": {
      const before = state.received.get(event.connection);
      if (before === undefined) return [];
      const bytes = concat(before, event.bytes);
      state.received.set(event.connection, bytes);
      return answer(portal, state, event.connection, bytes);
    }
    case "tcp-closed":
      state.received.delete(event.connection);
      return [];
    default:
      return [];
  }
}

export function createPortal(crypto: Pick<Primitives, "random">, port: number): Machine<State> {
  const portal: Portal = { crypto, port };
  return {
    name: "portal",
    initial: { ipv4: "", token: new Uint8Array(0), accessPoints: [], received: new Map() },
    step: (state, event): Step<State> => ({ state, effects: on(portal, state, event) }),
  };
}
