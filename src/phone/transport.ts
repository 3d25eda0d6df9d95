/** How a session's bytes reach a unit: over the network at home, relayed when away, or anything a phone's app brings. */
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
