/** Answers the sender's phone after a join: with the protocol's acknowledgement, and with the unit's signed hello. */

import type { Effect } from "#device/machine.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import type { Primitives } from "#trust/primitives.ts";
import { signHello } from "#trust/verify-hello.ts";
import type { Acknowledgement, AirCredentials } from "#wire/air/air-credentials.ts";
import { bindingOf, HELLO_PORT, type HelloBinding } from "#wire/sessions/hello.ts";

/** The older protocols' phones expect 30 acknowledgements, 100 ms apart. */
const QUICK_BEATS = 30;
const QUICK_MS = 100;
/** Then the hello alone for a minute, for a phone that is itself still coming back to the network. */
const SLOW_BEATS = 57;
const SLOW_MS = 1_000;

/** An announcement to a group goes out after 0, 1, 3, 7, 15 and 31 s. */
const ANNOUNCING_BEATS = [0, 10, 30, 34, 42, 58];

interface Beat {
  readonly acknowledges: boolean;
  readonly announces: boolean;
  /** A hello is the larger datagram: every third quick beat is enough. */
  readonly says: boolean;
  readonly nextInMs?: number;
}

/** What beat number `n` after joining does. A unit that came back by itself says hello for a shorter time. */
export function answerBeat(n: number, wasOnboarded: boolean): Beat {
  const isQuick = n < QUICK_BEATS;
  const isLast = n + 1 >= QUICK_BEATS + (wasOnboarded ? SLOW_BEATS : 0);
  const beat = { acknowledges: isQuick, announces: ANNOUNCING_BEATS.includes(n), says: !isQuick || n % 3 === 0 };
  return isLast ? beat : { ...beat, nextInMs: isQuick ? QUICK_MS : SLOW_MS };
}

/** Whether the acknowledgement goes out with a beat. */
export function isDue(beat: Beat, { group }: Acknowledgement): boolean {
  return group === undefined ? beat.acknowledges : beat.announces;
}

export function signedHello(
  found: AirCredentials | undefined,
  ipv4: string,
  tcpPort: number,
  seed: Uint8Array,
  crypto: Primitives,
): Acknowledgement {
  const publicKey = crypto.ed25519PublicKey(seed);
  const deviceId = deviceIdOf(crypto, publicKey);
  const binding: HelloBinding = found === undefined ? { kind: "none" } : bindingOf(found, crypto.sha256);
  const bytes = signHello({ deviceId, publicKey, ipv4, tcpPort, binding }, seed, crypto);
  return { port: HELLO_PORT, bytes, ...(found?.phone === undefined ? {} : { phone: found.phone }) };
}

/** To everyone on the network or a group, and to the phone where its address is known. */
export function send({ port, bytes, phone, group }: Acknowledgement): Effect[] {
  if (group !== undefined) return [{ kind: "udp-send", host: group, port, bytes, from: port }];
  const all: Effect = { kind: "udp-send", host: "broadcast", port, bytes };
  return phone === undefined ? [all] : [all, { kind: "udp-send", host: phone, port, bytes }];
}
