/**
 * MQTT topics and who may use them. A unit publishes and subscribes below `f/FLEET/d/DEVICE/` only, and subscribes
 * below `f/FLEET/all/` to what concerns its whole fleet. The broker derives these rights from the authenticated
 * client, never from what a client asks for.
 * @source PROTOCOL 7.1
 */

/** What a unit publishes, below its own topic. */
export const UP = {
  /** Retained: how the unit is (wire/link/unit-state.ts). The last will sets it to a payload of zero bytes: gone. */
  state: "state",
  /** A nonce of 16 bytes: asks for a timestamp over it. */
  ask: "ask",
  /** A block request (wire/releases/blocks.ts). */
  want: "want",
  /** A relayed session's bytes, from the unit. */
  reply: "reply",
  /** What the maker's app threw (wire/link/app-failure.ts). */
  failure: "failure",
  /** A nonce of 16 bytes: asks for the time, signed over it by the maker's time key (wire/grants/signed-time.ts). */
  askTime: "ask-time",
  /** The unit is about to sleep, and until when (wire/link/unit-sleep.ts). */
  sleep: "sleep",
  /** One event of the app: `event/NAME`. */
  event: "event",
} as const;

/**
 * The longest wait in seconds, before jitter, that a server can impose on a unit: on a link without TLS the server
 * may be anyone.
 */
export const DIRECTED_MAX_S = 900;

/** What a unit hears, below its own topic. */
export const DOWN = {
  /** A signed release that is meant for this unit (wire/releases/release.ts). Zero bytes: none. */
  release: "release",
  /** A timestamp over the unit's nonce (wire/releases/timestamp.ts). */
  fresh: "fresh",
  /** A block response (wire/releases/blocks.ts). */
  block: "block",
  /** A relayed session's bytes, to the unit. */
  relay: "relay",
  /** Signed revocations that concern this unit (wire/grants/revocation.ts). */
  revocation: "revocation",
  /** The time, signed over the unit's nonce. */
  time: "time",
  /**
   * Unsigned u16: the unit disconnects and waits this many seconds, plus jitter, before it connects again. Zero bytes, in answer
   * to `sleep`: there is nothing more for the unit, and it may leave when it likes.
   */
  away: "away",
} as const;

/** What all units of a fleet hear, retained, below `f/FLEET/all/`. */
export const ALL = {
  /** A key set signed by the roots (wire/releases/keyset.ts). */
  keyset: "keyset",
  /** Signed revocations. */
  revocation: "revocation",
} as const;

const FLEET = /^[a-z0-9-]{1,32}$/;
const DEVICE = /^[0-9a-f]{24}$/;

/** Whether a text may name a fleet: 1 to 32 of a-z, 0-9 and hyphen. */
export function isFleet(fleet: string): boolean {
  return FLEET.test(fleet);
}

/** Whether a text is a device ID: 24 lower-case hexadecimal digits. */
function isDevice(device: string): boolean {
  return DEVICE.test(device);
}

/** The topic of a unit with this name below it, as in `f/lamp/d/0123.../state`. */
export function unitTopic(fleet: string, device: string, name: string): string {
  return `f/${fleet}/d/${device}/${name}`;
}

/** The topic that all units of a fleet hear under this name. */
export function fleetTopic(fleet: string, name: string): string {
  return `f/${fleet}/all/${name}`;
}

type UnitOrFleetTopic =
  | { readonly scope: "unit"; readonly fleet: string; readonly device: string; readonly name: string }
  | { readonly scope: "fleet"; readonly fleet: string; readonly name: string };

/** Takes a topic apart, or gives undefined for one that is none of ours. */
export function parseTopic(topic: string): UnitOrFleetTopic | undefined {
  const parts = topic.split("/");
  const [f, fleet, scope] = parts;
  if (f !== "f" || fleet === undefined || !isFleet(fleet)) return undefined;
  if (scope === "all" && parts.length === 4 && parts[3] !== "") {
    return { scope: "fleet", fleet, name: parts[3] as string };
  }
  const device = parts[3] ?? "";
  const name = parts.slice(4).join("/");
  if (scope !== "d" || !isDevice(device) || name === "") return undefined;
  return { scope: "unit", fleet, device, name };
}

/** What a unit may publish to; `event/+` stands for any name of one level. Last will included. */
export function publishRights(fleet: string, device: string): readonly string[] {
  return Object.values(UP).map((name) => unitTopic(fleet, device, name === UP.event ? "event/+" : name));
}

/** What a unit may subscribe to: these filters, letter for letter, and no other. */
export function subscribeRights(fleet: string, device: string): readonly string[] {
  return [...Object.values(DOWN).map((name) => unitTopic(fleet, device, name)), `f/${fleet}/all/+`];
}

/** Whether a unit may publish to a topic. */
export function mayPublish(fleet: string, device: string, topic: string): boolean {
  if (/[+#]/.test(topic)) return false;
  return publishRights(fleet, device).some((right) =>
    right.endsWith("/+")
      ? topic.startsWith(right.slice(0, -1)) && /^[^/]+$/.test(topic.slice(right.length - 1))
      : topic === right,
  );
}

/** Whether a unit may subscribe to a filter. */
export function maySubscribe(fleet: string, device: string, filter: string): boolean {
  return subscribeRights(fleet, device).includes(filter);
}
