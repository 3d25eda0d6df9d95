/**
 * The transport of a session's messages to a unit: over the local network, through the relay, or one that a phone's
 * app supplies.
 */
import type { Result } from "#base/faults.ts";
import type { SessionPath } from "#wire/sessions/session.ts";

export interface Transport {
  /**
   * Sends one body and waits for the answer to it. Sending the same body again is always safe.
   * @returns The unit's answer; its refusal in clear, which anyone could have sent; or SESSION_UNREACHABLE when no
   *          answer came, in which case the unit may or may not have had the body.
   */
  exchange(path: SessionPath, body: Uint8Array): Promise<Result<Uint8Array>>;
  close(): Promise<void>;
}
