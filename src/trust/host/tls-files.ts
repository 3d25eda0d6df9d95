/** Reads the cloud's TLS private key and certificates from files, and refuses those that units can't verify. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readBytes } from "./files.ts";

/** A file that can't be used; one line that says what to do. */
class TlsTrouble extends Error {
  override name = "TlsTrouble";
}

export interface CloudTls {
  /** PEM. */
  readonly key: Buffer;
  /** PEM: the server's own certificate first, then those between it and the authority. */
  readonly cert: Buffer;
}

/** @throws TlsTrouble, or the file system's error with its path. */
export function readCloudTls(keyPath: string, certPath: string): CloudTls {
  const [key, cert] = [Buffer.from(readBytes(keyPath)), Buffer.from(readBytes(certPath))];
  let privateKey: KeyObject;
  let certificate: X509Certificate;
  try {
    privateKey = createPrivateKey(key);
  } catch {
    throw new TlsTrouble(`--tls-key ${keyPath} holds no private key in PEM that can be opened without a passphrase`);
  }
  try {
    certificate = new X509Certificate(cert);
  } catch {
    throw new TlsTrouble(`--tls-cert ${certPath} holds no certificate in PEM`);
  }
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new TlsTrouble(
      `--tls-cert ${certPath} is over another key than the one in ${keyPath}; give the two that belong`,
    );
  }
  if (privateKey.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
    throw new TlsTrouble(
      `--tls-cert ${certPath} is not over a P-256 key, the only kind that units check; have one issued`,
    );
  }
  return { key, cert };
}

/** Reads the authority behind a server's TLS. @returns PEM. @throws TlsTrouble, FileError */
export function readAuthority(option: string, path: string): Buffer {
  const pem = Buffer.from(readBytes(path));
  try {
    new X509Certificate(pem);
  } catch {
    throw new TlsTrouble(`${option} ${path} holds no certificate in PEM; name the authority's`);
  }
  return pem;
}

/** The SHA-256 of the server's own certificate, by which tools on its machine know it. */
export function fingerprintOf({ cert }: CloudTls): string {
  return new X509Certificate(cert).fingerprint256;
}
