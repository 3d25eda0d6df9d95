/**
 * The authorities that units are to believe when a server speaks for their cloud: read from the maker's PEM file, held to
 * what a unit can check, and written as it is given them (PROTOCOL 7.8).
 */
import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { concat } from "#base/bytes.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { isMissing, readText } from "#trust/host/files.ts";
import { ConfigError, type FlashConfig } from "./config.ts";

const AUTHORITIES_MAX = 3;
/** With all else that a unit is given it must fit one line of the factory console. */
const DER_BYTES_MAX = 2048;
const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

function authorityOf(pem: string, path: string, what: string): X509Certificate {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch {
    throw new ConfigError(`${what}: a certificate in ${path} is damaged; export it again as PEM`);
  }
  const name = certificate.subject.split("\n").at(-1) ?? "";
  if (!certificate.ca) {
    throw new ConfigError(`${what}: ${name} in ${path} is no authority; give the certificate that signs the server's`);
  }
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
  if (asymmetricKeyType !== "ec" || asymmetricKeyDetails?.namedCurve !== "prime256v1") {
    throw new ConfigError(`${what}: the key of ${name} in ${path} is not on P-256, the one curve that units check`);
  }
  return certificate;
}

/** @param what What to call the file in an error. @returns DER of its certificates, one after the other. @throws ConfigError in one line. */
export function readAuthorities(path: string, what = "cloud.ca"): Uint8Array {
  let text: string;
  try {
    text = readText(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new ConfigError(
      `${what}: there is no ${path}; give the PEM file of the authority behind the cloud's servers`,
    );
  }
  const blocks = text.match(PEM) ?? [];
  if (blocks.length === 0) throw new ConfigError(`${what}: no PEM certificate is in ${path}`);
  if (blocks.length > AUTHORITIES_MAX) {
    throw new ConfigError(`${what}: ${path} holds ${blocks.length} certificates; units take ${AUTHORITIES_MAX}`);
  }
  const der = concat(...blocks.map((pem) => Uint8Array.from(authorityOf(pem, path, what).raw)));
  if (der.length <= DER_BYTES_MAX) return der;
  throw new ConfigError(`${what}: ${path} holds ${der.length} bytes of DER; units take ${DER_BYTES_MAX}`);
}

/** What a unit is told of its cloud's TLS, or undefined where the link goes in the clear. @throws ConfigError in one line. */
export function cloudTlsOf({ cloud }: FlashConfig): Uint8Array | undefined {
  if (cloud?.ca === undefined) return undefined;
  const { serverName = cloud.host } = cloud;
  if (isIP(serverName) !== 0) {
    throw new ConfigError(
      `cloud.serverName: ${serverName} is an address; give the DNS name in the server's certificate`,
    );
  }
  return encodeCbor([serverName, readAuthorities(cloud.ca)]);
}
