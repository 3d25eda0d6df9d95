/**
 * Makes and checks discharges: the fresh consent of a second key, which a discharge caveat requires (PROTOCOL 4.12).
 */
import { equal } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { utf8 } from "#base/utf8.ts";
import { verifyEd25519 } from "#trust/ed25519-strict.ts";
import type { Primitives } from "#trust/primitives.ts";
import type { Signer } from "#trust/signer.ts";
import { type Discharge, encodeDischarge, readDischarge } from "#wire/grants/discharge.ts";
import { CONTEXT, composeSigned, STATEMENT_TAGS, toBeSigned } from "#wire/signed.ts";
import type { Discharged } from "./caveats.ts";
import type { OpenChain } from "./open-chain.ts";

/** Signs a discharge of the link with this cti, over the nonce that the unit gave for it. */
export function signDischarge(signer: Signer, discharge: Discharge): Uint8Array {
  return composeSigned(STATEMENT_TAGS, undefined, encodeDischarge(discharge), utf8(CONTEXT.discharge), (message) =>
    signer.sign(message),
  );
}

/**
 * Checks a discharge for a session's chain. Costs a signature for each discharge caveat of the link that it names.
 * @param nonce The nonce that the unit gave to this session; the session counts its age.
 * @returns The link and the key that stands for it, to be shown to `decide` with the nonce's age; or what readDischarge
 *   refuses, DISCHARGE_NONCE, DISCHARGE_LINK (no link of the chain with this cti asks for one), DISCHARGE_SIGNATURE.
 * @source PROTOCOL 4.12
 */
export function checkDischarge(
  primitives: Pick<Primitives, "ed25519VerifyRaw">,
  statement: Uint8Array,
  nonce: Uint8Array,
  open: OpenChain,
): Result<Omit<Discharged, "ageS">> {
  const discharge = readDischarge(statement);
  if (!discharge.ok) return discharge;
  const { signed, content } = discharge.value;
  if (!equal(content.nonce, nonce)) return refuse("DISCHARGE_NONCE");
  const caveats = open.links
    .filter((link) => equal(link.claims.cti, content.cti))
    .flatMap((link) => link.claims.caveats)
    .filter((caveat) => caveat.kind === "discharge");
  if (caveats.length === 0) return refuse("DISCHARGE_LINK");
  const message = toBeSigned(signed, utf8(CONTEXT.discharge));
  for (const { publicKey } of caveats) {
    if (verifyEd25519(primitives, message, signed.signature, publicKey)) return ok({ cti: content.cti, publicKey });
  }
  return refuse("DISCHARGE_SIGNATURE");
}
