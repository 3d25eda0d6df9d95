/** A transport through an MQTT broker, which can neither read nor forge the messages. */
import { randomBytes } from "node:crypto";
import type { MqttClient } from "mqtt";
import { toHex } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { decodeRelayedReply, encodeRelayedRequest, RELAY_TAG_BYTES, type RelayedReply } from "#wire/link/relay.ts";
import { readRefusal } from "#wire/sessions/session.ts";
import type { Transport } from "../transport.ts";

interface RelayTransportOptions {
  /** A connected client. It stays open when the transport closes. */
  readonly client: Pick<MqttClient, "publishAsync" | "subscribeAsync" | "on" | "off">;
  /** Where to speak, and where to hear. */
  readonly topics: { readonly relay: string; readonly reply: string };
  /** How long an answer may take. */
  readonly timeoutMs?: number;
}

/** A transport over a broker; resolves once the replies are subscribed to. */
export async function relayTransport(options: RelayTransportOptions): Promise<Transport> {
  const { client, topics, timeoutMs = 10_000 } = options;
  const waiting = new Map<string, (reply: RelayedReply) => void>();
  const onMessage = (topic: string, payload: Uint8Array) => {
    const reply = topic === topics.reply ? decodeRelayedReply(Uint8Array.from(payload)) : undefined;
    if (reply?.ok) waiting.get(toHex(reply.value.tag))?.(reply.value);
  };
  client.on("message", onMessage);
  await client.subscribeAsync(topics.reply, { qos: 1 });
  return {
    async exchange(path, body) {
      const tag = Uint8Array.from(randomBytes(RELAY_TAG_BYTES));
      const name = toHex(tag);
      let timer: NodeJS.Timeout | undefined;
      const answer = new Promise<Result<Uint8Array>>((resolve) => {
        timer = setTimeout(() => resolve(refuse("SESSION_UNREACHABLE")), timeoutMs);
        waiting.set(name, (reply) => resolve(reply.accepted ? ok(reply.body) : refuse(readRefusal(reply.body))));
      });
      try {
        await client.publishAsync(topics.relay, Buffer.from(encodeRelayedRequest({ tag, path, body })), { qos: 1 });
        return await answer;
      } catch {
        return refuse("SESSION_UNREACHABLE");
      } finally {
        clearTimeout(timer);
        waiting.delete(name);
      }
    },
    async close() {
      // The subscription stays with the client: another session over it may still wait for its answers.
      client.off("message", onMessage);
    },
  };
}
