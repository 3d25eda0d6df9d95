/**
 * A transport through the unit's cloud: the phone proves the last key of its chain to the unit's cloud, which lets it
 * exchange sealed bytes with this unit over the broker. No account: the chain is all that it shows.
 * @source PROTOCOL 7.6
 */
import { X509Certificate } from "node:crypto";
import { request } from "node:http";
import { request as requestTls } from "node:https";
import type { MqttClient } from "mqtt";
import { toHex, viewOf } from "#base/bytes.ts";
import { FAULTS, type Fault, ok, type Result, refuse } from "#base/faults.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import type { Primitives } from "#trust/primitives.ts";
import {
  callerName,
  callerRelayTopic,
  callerReplyTopic,
  callerToBeSigned,
  encodeCallerProof,
} from "#wire/link/caller-auth.ts";
import type { CloudAddress, CloudTls } from "#wire/link/cloud-address.ts";
import { decodeNonceAnswer, linkPassword } from "#wire/link/link-auth.ts";
import type { Transport } from "../transport.ts";
import { type OnAsleep, relayTransport } from "./relay.ts";

export interface CloudRelayOptions {
  readonly primitives: Primitives;
  /** Where the unit's cloud is, as the unit said within a session. */
  readonly cloud: CloudAddress;
  /** The 12 bytes on the label. */
  readonly deviceId: Uint8Array;
  /** Ed25519 seed of the key that the chain's last link names. */
  readonly holderSeed: Uint8Array;
  /** The grant and its children, encoded; the owner's too: the cloud holds no grants. */
  readonly chain: Uint8Array;
  /**
   * Where the cloud speaks TLS: the authority that its certificate must lead to, PEM, the system's own when absent; and the
   * name in it, where that isn't the host.
   */
  readonly tls?: { readonly ca?: string; readonly servername?: string };
  /** How long each answer may take. */
  readonly timeoutMs?: number;
  /** Asked when the unit sleeps: whether to wait until it wakes. Without it the answer is SESSION_ASLEEP. */
  readonly onAsleep?: OnAsleep;
}

/**
 * What TLS is held to where the unit told it: the same authorities and name as the unit's own (PROTOCOL 7.8). Undefined where
 * it can't be read: no authority at all would leave it to the system's.
 */
export function tlsToldBy({ serverName, authorities }: CloudTls): CloudRelayOptions["tls"] {
  try {
    const ca = certificatesOf(authorities).map((der) => new X509Certificate(der).toString());
    return ca.length === 0 ? undefined : { ca: ca.join(""), servername: serverName };
  } catch {
    return undefined;
  }
}

/** DER of certificates that stand one after the other, apart: each begins with its own length (X.690, 8.1.3). */
function certificatesOf(der: Uint8Array): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at + 4 <= der.length; ) {
    const bytes = 4 + viewOf(der).getUint16(at + 2);
    parts.push(der.subarray(at, at + bytes));
    at += bytes;
  }
  return parts;
}

const TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 4_096;

/** Posts bytes to the cloud. @returns The answer's body; or the fault that it names, or SESSION_UNREACHABLE. */
function post(
  { cloud, tls, timeoutMs }: CloudRelayOptions,
  path: string,
  body: Uint8Array,
): Promise<Result<Uint8Array>> {
  return new Promise((resolve) => {
    const lost = () => resolve(refuse("SESSION_UNREACHABLE"));
    const outgoing = (tls === undefined ? request : requestTls)({
      ...{ host: cloud.host, port: cloud.httpPort, path, method: "POST", ...tls },
      headers: { "content-length": body.length, "content-type": "application/octet-stream" },
      signal: AbortSignal.timeout(timeoutMs ?? TIMEOUT_MS),
    });
    outgoing.on("response", (incoming) => {
      const parts: Buffer[] = [];
      let byteLength = 0;
      incoming.on("data", (part: Buffer) => {
        parts.push(part);
        byteLength += part.length;
        if (byteLength > ANSWER_BYTES_MAX) incoming.destroy();
      });
      incoming.on("error", lost);
      incoming.on("close", lost);
      incoming.on("end", () => {
        const answer = Uint8Array.from(Buffer.concat(parts));
        const isGood = incoming.statusCode === 200 || incoming.statusCode === 204;
        resolve(isGood ? ok(answer) : refuse(faultIn(answer)));
      });
    });
    outgoing.on("error", lost);
    outgoing.end(body);
  });
}

/** The fault that the cloud names; SESSION_REFUSED for an answer of another kind. */
function faultIn(answer: Uint8Array): Fault {
  try {
    const { error } = JSON.parse(new TextDecoder().decode(answer)) as { error?: unknown };
    return typeof error === "string" && Object.hasOwn(FAULTS, error) ? (error as Fault) : "SESSION_REFUSED";
  } catch {
    return "SESSION_REFUSED";
  }
}

/**
 * Opens a relay session to one unit; closing the transport ends the session.
 * @returns The transport; SESSION_UNREACHABLE when the cloud or its broker can't be reached; LINK_NONCE; what the cloud
 *   refuses (LINK_PROOF, LINK_DEVICE, LINK_SIGNATURE, SESSION_RATE, SESSION_FULL, GRANT_*); LINK_REFUSED by the broker.
 */
export async function cloudRelayTransport(options: CloudRelayOptions): Promise<Result<Transport>> {
  const { primitives, cloud, deviceId, holderSeed, chain, tls, timeoutMs = TIMEOUT_MS, onAsleep } = options;
  const publicKey = primitives.ed25519PublicKey(holderSeed);
  const given = await post(options, "/nonce", deviceIdOf(primitives, publicKey));
  const nonce = given.ok ? decodeNonceAnswer(given.value) : given;
  if (!nonce.ok) return nonce;
  const signed = callerToBeSigned(cloud.broker, toHex(deviceId), nonce.value.nonce);
  const proof = { nonce: nonce.value.nonce, publicKey, signature: primitives.ed25519Sign(signed, holderSeed) };
  const admitted = await post(options, "/caller", encodeCallerProof({ proof, deviceId, chain }));
  if (!admitted.ok) return admitted;

  const name = callerName(nonce.value.nonce);
  // Loaded here: a program whose units are all near does without its 6 MB.
  const { connectAsync } = await import("mqtt");
  let client: MqttClient;
  try {
    client = await connectAsync(
      `${tls === undefined ? "mqtt" : "mqtts"}://${cloud.host}:${cloud.mqttPort}`,
      {
        ...tls,
        clientId: name,
        username: name,
        password: linkPassword(proof),
        reconnectPeriod: 0,
        connectTimeout: timeoutMs,
      },
      false,
    );
  } catch {
    return refuse("LINK_REFUSED");
  }
  // A broken connection shows as an answer that doesn't come.
  client.on("error", () => undefined);
  const topics = { relay: callerRelayTopic(name), reply: callerReplyTopic(name) };
  const relay = await relayTransport({ client, topics, timeoutMs, onAsleep });
  return ok({
    exchange: relay.exchange,
    async close() {
      await relay.close();
      await client.publishAsync(topics.relay, Buffer.alloc(0), { qos: 1 }).catch(() => undefined);
      await client.endAsync(true);
    },
  });
}
