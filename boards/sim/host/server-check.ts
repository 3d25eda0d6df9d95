/**
 * Whether a TLS server is the one that a unit was told to expect, by the rules of firmware/tls: node:tls would hold it
 * against this machine's clock and authorities, a unit has neither.
 */
import { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { FAULTS } from "#base/faults.ts";
import type { Secure } from "#device/port.ts";

const INTERMEDIATES_MAX = 3;

/** The certificates of a DER string, one after the other. Throws when it holds anything else. */
function authoritiesOf(der: Uint8Array): readonly X509Certificate[] {
  const authorities: X509Certificate[] = [];
  for (let rest = der; rest.length > 0; ) {
    const bytes = rest[1] === 0x82 ? 4 + (((rest[2] as number) << 8) | (rest[3] as number)) : Number.NaN;
    authorities.push(new X509Certificate(rest.subarray(0, bytes)));
    rest = rest.subarray(bytes);
  }
  return authorities;
}

/** What the server showed, its own first. */
function chainOf(socket: TLSSocket): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  let each = socket.getPeerCertificate(true);
  while (each?.raw !== undefined && chain.length <= INTERMEDIATES_MAX) {
    chain.push(new X509Certificate(each.raw));
    if (each.issuerCertificate === each) break;
    each = each.issuerCertificate;
  }
  return chain;
}

const vouches = (issuer: X509Certificate, subject: X509Certificate) =>
  issuer.ca && subject.checkIssued(issuer) && subject.verify(issuer.publicKey);

/** The part of a chain up to the one that a pinned authority vouches for, or undefined. */
function trustedPart(
  chain: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): readonly X509Certificate[] | undefined {
  for (const [i, certificate] of chain.entries()) {
    if (authorities.some((each) => vouches(each, certificate) || (i === 0 && each.raw.equals(certificate.raw)))) {
      return chain.slice(0, i + 1);
    }
    const next = chain[i + 1];
    if (next === undefined || !vouches(next, certificate)) return undefined;
  }
  return undefined;
}

/** @returns 0, or the number of the fault, in the order in which firmware/tls reports. */
export function checkServer(socket: TLSSocket, { serverName, certificate, earliestS, latestS }: Secure): number {
  const chain = trustedPart(chainOf(socket), authoritiesOf(certificate));
  if (chain === undefined) return FAULTS.LINK_TLS_ISSUER;
  // The common name is no name of a server: a certificate without a subjectAltName matches none.
  if (chain[0]?.checkHost(serverName, { subject: "never" }) === undefined) return FAULTS.LINK_TLS_NAME;
  const isTimely = chain.every(
    ({ validFrom, validTo }) => Date.parse(validTo) / 1000 >= earliestS && Date.parse(validFrom) / 1000 <= latestS,
  );
  return isTimely ? 0 : FAULTS.LINK_TLS_TIME;
}
