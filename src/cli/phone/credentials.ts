/**
 * Checks the credentials to broadcast: the network's name, its passphrase and the application's bytes. Each refusal
 * gives its reason.
 */
import { fromHex } from "#base/bytes.ts";
import { fromUtf8, utf8 } from "#base/utf8.ts";
import { ValueError } from "#cli/values/value-error.ts";
import type { SentProtocol } from "#phone/message.ts";

/** The ways in which a person gives the network's passphrase. */
export const PASSPHRASE = {
  option: "--passphrase",
  fileOption: "--passphrase-file",
  variable: "LATCHKEY_PASSPHRASE",
  what: "passphrase",
};

export interface CredentialOptions {
  readonly ssid?: string;
  /** For a name that is not UTF-8. */
  readonly ssidHex?: string;
  readonly passphrase: string;
  readonly extra?: string;
  readonly protocol: SentProtocol;
}

interface CheckedCredentials {
  readonly ssid: Uint8Array;
  /** The name as a person reads it: in hexadecimal digits where it is no text. */
  readonly name: string;
  readonly passphrase: Uint8Array;
  readonly extra: Uint8Array | undefined;
}

const SSID_BYTES_MAX = 32;
/** WPA2: 8 to 63 characters, or the key itself as 64 hexadecimal digits. */
const PASSPHRASE_BYTES_MIN = 8;
const PASSPHRASE_BYTES_MAX = 64;
/** TI's field has 32 bytes. */
const PASSPHRASE_MAX: Partial<Record<SentProtocol, number>> = {
  "ti-smartconfig": 32,
  "ti-cc3200": 32,
  "ti-cc3000": 32,
};
/** How many bytes of the application a protocol carries, from and to; none where it is not listed. */
const EXTRA_BYTES: Partial<Record<SentProtocol, readonly [min: number, max: number]>> = {
  air: [0, 32],
  "esptouch-v2": [0, 115],
  "tuya-ez": [14, 14],
};

function ssidOf({ ssid, ssidHex }: CredentialOptions): Uint8Array {
  if ((ssid === undefined) === (ssidHex === undefined)) {
    throw new ValueError("name the network: --ssid NAME, or --ssid-hex DIGITS where its name is not UTF-8");
  }
  const bytes = ssid === undefined ? fromHex(ssidHex as string) : utf8(ssid);
  if (bytes === undefined) {
    throw new ValueError(`--ssid-hex: "${ssidHex}" is not hexadecimal (expected two digits a byte, as 486f6d65)`);
  }
  if (bytes.length < 1 || bytes.length > SSID_BYTES_MAX) {
    const option = ssid === undefined ? "--ssid-hex" : "--ssid";
    throw new ValueError(`${option}: the name has ${bytes.length} bytes (expected 1 to ${SSID_BYTES_MAX})`);
  }
  return bytes;
}

/** A passphrase is never said back, only how long it is. */
function passphraseOf({ passphrase, protocol }: CredentialOptions): Uint8Array {
  const bytes = utf8(passphrase);
  const max = PASSPHRASE_MAX[protocol] ?? PASSPHRASE_BYTES_MAX;
  if (bytes.length > 0 && bytes.length < PASSPHRASE_BYTES_MIN) {
    throw new ValueError(
      `--passphrase: it has ${bytes.length} bytes (expected at least ${PASSPHRASE_BYTES_MIN}, or none for an open network)`,
    );
  }
  if (bytes.length > max) {
    const who =
      max < PASSPHRASE_BYTES_MAX
        ? `${protocol} carries at most ${max}; use another protocol`
        : `expected at most ${max}`;
    throw new ValueError(`--passphrase: it has ${bytes.length} bytes (${who})`);
  }
  return bytes;
}

function extraOf({ extra, protocol }: CredentialOptions): Uint8Array | undefined {
  if (extra === undefined) return undefined;
  const bytes = fromHex(extra);
  if (bytes === undefined) throw new ValueError(`--extra: "${extra}" is not hexadecimal (expected two digits a byte)`);
  const [min, max] = EXTRA_BYTES[protocol] ?? [0, 0];
  if (max === 0) throw new ValueError(`--extra: ${protocol} carries no bytes of the application; leave it out`);
  if (bytes.length < min || bytes.length > max) {
    const expected = min === max ? `${min}` : `${min} to ${max}`;
    throw new ValueError(`--extra: it has ${bytes.length} bytes (${protocol} carries ${expected})`);
  }
  return bytes;
}

/** Checks each field for the protocol. @throws ValueError with the reason. */
export function credentialsOf(options: CredentialOptions): CheckedCredentials {
  const ssid = ssidOf(options);
  const name = fromUtf8(ssid) ?? `${options.ssidHex} (hexadecimal)`;
  return { ssid, name, passphrase: passphraseOf(options), extra: extraOf(options) };
}
