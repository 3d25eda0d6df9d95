/** Certificates made for one test: an authority, and servers that it vouches for, of whatever kind a test wants wrong. */
import { createSign, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";

/** A private key and the certificate over its public half, as PEM and DER. */
export interface Certified {
  readonly name: string;
  readonly privateKey: KeyObject;
  readonly keyPem: string;
  readonly certificatePem: string;
  readonly der: Uint8Array;
}

interface Wanted {
  /** The DNS name, or the authority's own name. */
  readonly name: string;
  /** Unix seconds. A day ago, and in a year, when absent. */
  readonly notBeforeS?: number;
  readonly notAfterS?: number;
  readonly isAuthority?: boolean;
  /** Names a server only in its subject, as was usual before subjectAltName. */
  readonly isNamedBySubject?: boolean;
  /** P-256 when absent. */
  readonly curve?: "P-256" | "P-384";
}

const DAY_S = 86_400;

function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(parts);
  const { length } = body;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Uint8Array.of(tag, ...head), body]);
}

const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts);
const oid = (...bytes: readonly number[]) => der(0x06, Uint8Array.from(bytes));
const ECDSA_SHA256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));

function named(name: string): Uint8Array {
  const commonName = sequence(oid(0x55, 0x04, 0x03), der(0x0c, Buffer.from(name)));
  return sequence(der(0x31, commonName));
}

/** RFC 5280 section 4.1.2.5: UTCTime up to 2049, GeneralizedTime from then on. */
function moment(unixS: number): Uint8Array {
  const digits = new Date(unixS * 1000).toISOString().replace(/[-:T]|\.\d+/g, "");
  return Number(digits.slice(0, 4)) < 2050 ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits));
}

const extension = (id: number, isCritical: boolean, value: Uint8Array) =>
  sequence(oid(0x55, 0x1d, id), ...(isCritical ? [der(0x01, Uint8Array.of(0xff))] : []), der(0x04, value));

function extensionsOf({ name, isAuthority, isNamedBySubject }: Wanted): readonly Uint8Array[] {
  if (isAuthority === true) {
    const canSign = der(0x03, Uint8Array.of(1, 0x06));
    return [extension(0x13, true, sequence(der(0x01, Uint8Array.of(0xff)))), extension(0x0f, true, canSign)];
  }
  if (isNamedBySubject === true) return [extension(0x13, true, sequence())];
  return [extension(0x11, false, sequence(der(0x82, Buffer.from(name))))];
}

const pem = (bytes: Uint8Array) =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(bytes)
    .toString("base64")
    .replace(/.{1,64}/g, "$&\n")}-----END CERTIFICATE-----\n`;

/** Makes one. @param by Who vouches for it; it vouches for itself when absent. */
export function certify(wanted: Wanted, by?: Certified): Certified {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: wanted.curve ?? "P-256" });
  const nowS = Math.floor(Date.now() / 1000);
  const { notBeforeS = nowS - DAY_S, notAfterS = nowS + 365 * DAY_S } = wanted;
  const body = sequence(
    der(0xa0, der(0x02, Uint8Array.of(2))),
    der(0x02, Uint8Array.of(1), randomBytes(8)),
    ECDSA_SHA256,
    named(by?.name ?? wanted.name),
    sequence(moment(notBeforeS), moment(notAfterS)),
    named(wanted.name),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensionsOf(wanted))),
  );
  const signature = createSign("sha256")
    .update(body)
    .sign(by?.privateKey ?? privateKey);
  const whole = sequence(body, ECDSA_SHA256, der(0x03, Uint8Array.of(0), signature));
  return {
    name: wanted.name,
    privateKey,
    keyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    certificatePem: pem(whole),
    der: Uint8Array.from(whole),
  };
}
