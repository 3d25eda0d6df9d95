/**
 * The phone's side of onboarding: sends the packets on schedule, and stops when the unit that the label names sends its
 * signed hello, or (where no label is known) when any unit acknowledges.
 * @source PROTOCOL 6.9
 */
import { ok, type Result, refuse } from "#base/faults.ts";
import type { Primitives } from "#trust/primitives.ts";
import { verifyHello } from "#trust/verify-hello.ts";
import type { Schedule } from "#wire/air/schedule.ts";
import { HELLO_PORT, type Hello, type HelloBinding } from "#wire/sessions/hello.ts";
import type { DatagramTransport } from "./datagrams.ts";

/** A phone may have to wait for the answer after the last packet. */
const LISTEN_AFTER_MS = 15_000;
/** Never more than this at once, however late a platform's timer was: a queue would drop the rest. */
const CATCH_UP_PACKETS = 8;

export interface OnboardRequest {
  readonly schedule: Schedule;
  /** Broadcast address, or the gateway's. */
  readonly host: string;
  /** Sends to the packets' multicast groups in place of the host, where they name one (ESP-TOUCH v1). */
  readonly isMulticast?: boolean;
  /** The label's ID: only this unit's hello counts. */
  readonly deviceId?: Uint8Array;
  /** What the hello must answer; none takes any hello of this unit. */
  readonly binding?: HelloBinding;
  readonly acknowledgement?: ExpectedAcknowledgement;
  readonly timeoutMs?: number;
}

/** The protocol's own acknowledgement: where it arrives, what it is, and where one in return goes (ESP-TOUCH v2). */
interface ExpectedAcknowledgement {
  readonly port: number;
  readonly group?: string;
  readonly replyPort?: number;
  isOurs(bytes: Uint8Array): boolean;
}

export interface OnboardProgress {
  readonly elapsedMs: number;
  readonly packets: number;
  /** Someone acknowledged; without a hello that proves nothing. */
  readonly isAcknowledged: boolean;
}

/** Who answered: proved by its signature, or merely claimed. */
export type Onboarded =
  | { readonly proved: true; readonly hello: Hello; readonly elapsedMs: number }
  | { readonly proved: false; readonly ipv4: string; readonly elapsedMs: number };

/**
 * Broadcasts until the unit answers.
 * @returns Who answered, or ONBOARD_TIMEOUT. Forged and stale hellos are passed over, so that nobody can stop it.
 */
export async function onboard(
  request: OnboardRequest,
  transport: DatagramTransport,
  primitives: Primitives,
  onProgress: (progress: OnboardProgress) => void = () => undefined,
): Promise<Result<Onboarded>> {
  const { schedule, host, deviceId, acknowledgement } = request;
  const startMs = transport.nowMs();
  const elapsedMs = () => transport.nowMs() - startMs;
  const timeoutMs = request.timeoutMs ?? Number.POSITIVE_INFINITY;
  let answered: Onboarded | undefined;
  let isAcknowledged = false;
  let packets = 0;
  const tell = () => onProgress({ elapsedMs: elapsedMs(), packets, isAcknowledged });

  if (deviceId !== undefined) {
    await transport.listen(HELLO_PORT, (bytes) => {
      const verdict = verifyHello(bytes, deviceId, request.binding, primitives);
      if (verdict.ok) answered ??= { proved: true, hello: verdict.value, elapsedMs: elapsedMs() };
    });
  }
  if (acknowledgement !== undefined) {
    const { port, group, replyPort } = acknowledgement;
    const take = (bytes: Uint8Array, peer: string) => {
      if (!acknowledgement.isOurs(bytes)) return;
      isAcknowledged = true;
      if (deviceId !== undefined) return;
      if (replyPort !== undefined) for (let i = 0; i < 2; i++) transport.answer(peer, replyPort, Uint8Array.of(1));
      answered ??= { proved: false, ipv4: peer, elapsedMs: elapsedMs() };
    };
    await transport.listen(port, take, group);
  }

  let burst = 0;
  for (const { atMs, length, group, port = schedule.port } of schedule.packets) {
    const waitMs = atMs - elapsedMs();
    if (waitMs > 0.5 || ++burst >= CATCH_UP_PACKETS) {
      burst = 0;
      await transport.wait(Math.max(0, waitMs));
    }
    if (answered !== undefined || elapsedMs() > timeoutMs) break;
    const isByGroup = request.isMulticast === true || schedule.to === "groups";
    transport.send(isByGroup && group !== undefined ? group : host, port, length);
    if (++packets % 100 === 0) tell();
  }
  const lastMs = elapsedMs();
  while (answered === undefined && elapsedMs() - lastMs < LISTEN_AFTER_MS && elapsedMs() < timeoutMs) {
    await transport.wait(50);
    tell();
  }
  tell();
  return answered === undefined ? refuse("ONBOARD_TIMEOUT") : ok(answered);
}
