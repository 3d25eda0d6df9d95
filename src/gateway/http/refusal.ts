/** Refusals of the gateway's HTTP interface, in the shape that programs of the Spark era read. */
import type { Trouble } from "#gateway/units/unit-connection.ts";

/** Becomes a reply `{ ok: false, error, error_description }` with this status. */
export class Refusal extends Error {
  override name = "Refusal";
  readonly status: number;
  /** A word of RFC 6750 section 3.1, or the name of a fault. */
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

const RETRY_S = "1";

/** Puts a unit's refusal, or the gateway's own about a unit, into HTTP. */
export function refusalFor(fault: Trouble, what: string): Refusal {
  if (fault === "BUSY") {
    return new Refusal(429, "BUSY", "too many requests wait for this unit; try again", { "retry-after": RETRY_S });
  }
  if (fault === "ENDED") {
    return new Refusal(401, "invalid_token", `${what}: the access token ended while this waited for the unit`);
  }
  if (fault === "UNCERTAIN") {
    return new Refusal(
      408,
      "UNCERTAIN",
      `${what}: no answer came, and the unit may have done it; look before you repeat it`,
    );
  }
  if (fault === "SESSION_RATE" || fault === "SESSION_FULL" || fault === "CAVEAT_RATE") {
    return new Refusal(429, fault, `${what}: the unit takes no more now; try again later`, { "retry-after": "10" });
  }
  if (fault === "APP_NO_SUCH_NAME") return new Refusal(400, fault, `${what}: the unit's app has no such name`);
  if (fault === "APP_ARGUMENT") return new Refusal(400, fault, `${what}: the unit's app takes other arguments`);
  if (fault.startsWith("APP_")) return new Refusal(502, fault, `${what}: the unit's app failed`);
  if (/^(GRANT|CAVEAT|REVOCATION)_/.test(fault) || fault === "SESSION_OWNER") {
    return new Refusal(403, fault, `${what}: the key that the owner gave this gateway does not allow it`);
  }
  return new Refusal(404, fault, `${what}: the unit is not connected`);
}
