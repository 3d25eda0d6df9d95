/** A transport through an MQTT broker, which can neither read nor forge the messages. */
import { randomBytes } from "node:crypto";
import type { MqttClient } from "mqtt";
import { toHex } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import {
  decodeRelayedAsleep,
  decodeRelayedReply,
  encodeRelayedRequest,
  RELAY_TAG_BYTES,
  type RelayedReply,
} from "#wire/link/relay.ts";
import { readRefusal } from "#wire/sessions/session.ts";
import type { Transport } from "../transport.ts";

/** When a unit should wake, Unix seconds; undefined when nobody knows. */
export type OnAsleep = (untilS: number | undefined) => boolean;

interface RelayTransportOptions {
  /** A connected client. It stays open when the transport closes. */
  readonly client: Pick<MqttClient, "publishAsync" | "subscribeAsync" | "on" | "off">;
  /** Where to speak, and where to hear. */
  readonly topics: { readonly relay: string; readonly reply: string };
  /** How long an answer may take. */
  readonly timeoutMs?: number;
  /**
   * The unit sleeps, and what was asked waits at the cloud. Answers whether to wait for it; SESSION_ASLEEP otherwise, as when this is
   * absent.
   */
  readonly onAsleep?: OnAsleep | undefined;
}

/** After the moment when it should be awake: for its start, its network and what it has to do first. */
const AWAKE_MS = 120_000;
/** The cloud keeps nothing longer. */
const ASLEEP_MAX_MS = 24 * 3_600_000;

/** A transport over a broker; resolves once the replies are subscribed to. */
export async function relayTransport(options: RelayTransportOptions): Promise<Transport> {
  const { client, topics, timeoutMs = 10_000, onAsleep } = options;
  const waiting = new Map<string, (reply: RelayedReply | { readonly untilS: number }) => void>();
  const onMessage = (topic: string, payload: Uint8Array) => {
    if (topic !== topics.reply) return;
    const bytes = Uint8Array.from(payload);
    const reply = decodeRelayedReply(bytes);
    const heard = reply.ok ? reply.value : decodeRelayedAsleep(bytes);
    if (heard !== undefined) waiting.get(toHex(heard.tag))?.(heard);
  };
  client.on("message", onMessage);
  await client.subscribeAsync(topics.reply, { qos: 1 });
  return {
    async exchange(path, body) {
      const tag = Uint8Array.from(randomBytes(RELAY_TAG_BYTES));
      const name = toHex(tag);
      let timer: NodeJS.Timeout | undefined;
      const answer = new Promise<Result<Uint8Array>>((resolve) => {
        const waitFor = (milliseconds: number) => {
          clearTimeout(timer);
          timer = setTimeout(() => resolve(refuse("SESSION_UNREACHABLE")), milliseconds);
        };
        waitFor(timeoutMs);
        waiting.set(name, (reply) => {
          if (!("untilS" in reply)) return resolve(reply.accepted ? ok(reply.body) : refuse(readRefusal(reply.body)));
          const { untilS } = reply;
          if (onAsleep?.(untilS === 0 ? undefined : untilS) !== true) return resolve(refuse("SESSION_ASLEEP"));
          const leftMs = untilS === 0 ? ASLEEP_MAX_MS : Math.max(0, untilS * 1_000 - Date.now());
          waitFor(Math.min(ASLEEP_MAX_MS, leftMs) + AWAKE_MS);
        });
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
