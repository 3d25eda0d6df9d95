/** Obtains a second key's consent to a session's request, signed over the unit's nonce (PROTOCOL 4.12). */
import { equal } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { signDischarge } from "#trust/grants/discharge.ts";
import type { Signer } from "#trust/signer.ts";
import { readChain } from "#wire/grants/grant.ts";
import type { Session } from "./session.ts";

/**
 * Consents for each link of a chain that names this key.
 * @returns How many links that were; or what the unit refuses, or what became of the session.
 */
export async function consentTo(session: Session, chain: Uint8Array, factor: Signer): Promise<Result<number>> {
  const links = readChain(chain);
  if (!links.ok) return links;
  const asked = links.value.filter(({ claims }) =>
    claims.caveats.some((caveat) => caveat.kind === "discharge" && equal(caveat.publicKey, factor.publicKey)),
  );
  for (const { claims } of asked) {
    const nonce = await session.request({ op: "nonce" });
    if (!nonce.ok) return nonce;
    if (!(nonce.value instanceof Uint8Array)) return refuse("SESSION_ANSWER");
    const statement = signDischarge(factor, { cti: claims.cti, nonce: nonce.value });
    const answer = await session.request({ op: "discharge", statement });
    if (!answer.ok) return answer;
  }
  return ok(asked.length);
}
