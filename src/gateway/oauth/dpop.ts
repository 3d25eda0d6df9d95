/** Checks proofs of possession of a key. @source RFC 9449, sections 4.3 and 7 */
import { createHash } from "node:crypto";
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from "jose";
import type Provider from "oidc-provider";

interface ProofRequest {
  readonly proof: string | readonly string[] | undefined;
  readonly method: string;
  /** Without query and fragment. */
  readonly url: string;
  /** Whose hash the proof must have; undefined at the token endpoint. */
  readonly accessToken?: string;
  readonly clientId: string;
}

type Proof = { readonly ok: true; readonly thumbprint: string } | { readonly ok: false; readonly why: string };

const ALGORITHMS = ["ES256", "EdDSA", "Ed25519", "ES384", "PS256", "RS256"];
/** How old a proof may be, and how far ahead its clock. */
const WINDOW_S = 60;

const no = (why: string): Proof => ({ ok: false, why });

export async function checkProof(provider: Provider, request: ProofRequest): Promise<Proof> {
  const { proof, method, url, accessToken, clientId } = request;
  if (typeof proof !== "string" || proof.includes(",")) return no("send one DPoP proof");
  try {
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      algorithms: ALGORITHMS,
      typ: "dpop+jwt",
    });
    const { jti, iat, htm, htu, ath } = payload;
    if (typeof jti !== "string" || jti === "" || typeof iat !== "number") return no("the proof lacks jti or iat");
    const nowS = Math.floor(Date.now() / 1_000);
    if (Math.abs(nowS - iat) > WINDOW_S) return no("the proof is too old");
    if (htm !== method) return no("the proof is for another method");
    const target = typeof htu === "string" && URL.canParse(htu) ? new URL(htu) : undefined;
    if (target === undefined || `${target.origin}${target.pathname}` !== new URL(url).href) {
      return no("the proof is for another address");
    }
    if (accessToken !== undefined && ath !== createHash("sha256").update(accessToken).digest("base64url")) {
      return no("the proof is for another token");
    }
    const isNew = await provider.ReplayDetection.unique(clientId, jti, nowS + 2 * WINDOW_S);
    if (!isNew) return no("this proof was used before");
    return { ok: true, thumbprint: await calculateJwkThumbprint(protectedHeader.jwk as never) };
  } catch {
    return no("the proof is not signed by its key");
  }
}
