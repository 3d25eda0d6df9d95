/** The network that a development kit is given: its name and passphrase are asked for once, and lie with the kit's own secrets. */
import { createInterface } from "node:readline/promises";
import { utf8 } from "#base/utf8.ts";
import { PASSPHRASE } from "#cli/phone/credentials.ts";
import { CliTrouble } from "#cli/trouble.ts";
import { askSecret, secretFrom } from "#cli/values/secret.ts";
import type { DevIdentity } from "./dev-keys.ts";

const SSID_BYTES_MAX = 32;
const [KEY_BYTES_MIN, KEY_BYTES_MAX] = [8, 63];

async function askName(): Promise<string> {
  if (process.stdin.isTTY !== true) {
    throw new CliTrouble(
      "which network shall the kit join? Name it by --ssid NAME, and its passphrase by --passphrase-file FILE or LATCHKEY_PASSPHRASE",
    );
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const name = await lines.question("name of the Wi-Fi network that the kit joins: ");
  lines.close();
  return name;
}

/** @throws CliTrouble for what is no network's name or passphrase; the latter is never said back. */
export async function askNetwork(options: {
  readonly ssid?: string | undefined;
  readonly passphraseFile?: string | undefined;
}): Promise<DevIdentity["network"]> {
  const source = { fileOption: PASSPHRASE.fileOption, variable: PASSPHRASE.variable, what: PASSPHRASE.what };
  const given = await secretFrom(source, undefined, options.passphraseFile);
  const ssid = options.ssid ?? (await askName());
  const nameBytes = utf8(ssid).length;
  if (nameBytes < 1 || nameBytes > SSID_BYTES_MAX) {
    throw new CliTrouble(`the network's name has ${nameBytes} bytes (expected 1 to ${SSID_BYTES_MAX})`);
  }
  const asked = given === undefined && process.stdin.isTTY === true;
  const passphrase = asked ? await askSecret(`passphrase of ${ssid} (none for an open network)`) : (given ?? "");
  const bytes = utf8(passphrase).length;
  if (bytes > 0 && (bytes < KEY_BYTES_MIN || bytes > KEY_BYTES_MAX)) {
    throw new CliTrouble(
      `the passphrase has ${bytes} bytes (expected ${KEY_BYTES_MIN} to ${KEY_BYTES_MAX}, or none for an open network)`,
    );
  }
  return { ssid, passphrase };
}
