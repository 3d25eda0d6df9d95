/** The link of a gateway: its address, and in the fragment its public key and a code that is good once. */
import { existsSync } from "node:fs";
import { fromHex, toHex } from "#base/bytes.ts";
import { ValueError } from "#cli/values/value-error.ts";
import { recall } from "#phone/memory.ts";
import { readText } from "#trust/host/files.ts";
import { PhoneTrouble } from "./unit.ts";

interface GatewayLink {
  readonly url: string;
  readonly publicKey: Uint8Array;
  readonly code: string;
}

/** Reads what `latchkey gateway invite` wrote. @throws ValueError */
export function readGatewayLink(word: string): GatewayLink {
  const text = (existsSync(word) ? readText(word) : word).trim();
  const [, url, key = "", code] = /^(https?:\/\/[^#\s]+?)\/?#([0-9a-f]{64})\.([\w-]{16,64})$/.exec(text) ?? [];
  const publicKey = fromHex(key);
  if (url !== undefined && code !== undefined && publicKey?.length === 32 && URL.canParse(url)) {
    return { url, publicKey, code };
  }
  throw new ValueError("--to-gateway: this is no link of a gateway; make one there with: latchkey gateway invite");
}

/**
 * Brings a unit's chain to a gateway, which tries it at once.
 * @throws PhoneTrouble when the gateway can't be reached or refuses it.
 */
export async function bringToGateway(
  { url, code }: GatewayLink,
  unit: { readonly id: string; readonly name: string; readonly chain: Uint8Array },
  memory: string,
): Promise<{ readonly connected: boolean; readonly sentence: string }> {
  const { host = "", port = 0, cloud, cloudTls } = recall(memory, unit.id) ?? {};
  const relay = cloud ? { cloud, ...(cloudTls !== undefined && { cloudTls }) } : {};
  const body = { code, id: unit.id, name: unit.id, chain: toHex(unit.chain), host, port, ...relay };
  const revoke = `the key was made; end it with: latchkey phone revoke ${JSON.stringify(unit.name)}`;
  const response = await fetch(new URL("/v1/gateway/units", url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  }).catch(() => undefined);
  if (response === undefined) throw new PhoneTrouble(`the gateway at ${url} can't be reached; ${revoke}`);
  const told = (await response.json().catch(() => ({}))) as {
    connected?: boolean;
    fault?: string | null;
    error_description?: string;
  };
  if (!response.ok) {
    throw new PhoneTrouble(
      `the gateway at ${url} refuses the unit (${told.error_description ?? response.status}); ${revoke}`,
    );
  }
  const connected = told.connected === true;
  const sentence = connected
    ? "; the gateway reached the unit with it"
    : `; the gateway has not reached the unit yet (${told.fault})`;
  return { connected, sentence };
}
