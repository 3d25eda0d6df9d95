/** The cloud's own MQTT client at an external broker, independent of how that broker authenticates clients. */
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { isPlainUrl, redactUrl, redactUrlIn } from "#base/redact-url.ts";
import { callerRelayTopic, callerReplyTopic, isCallerName } from "#wire/link/caller-auth.ts";
import { fleetTopic, parseTopic, UP, unitTopic } from "#wire/link/topics.ts";
import type { Broker, BrokerEvents, LinkedDevice } from "./broker.ts";

export const ANSWER_MS = 10_000;

/** The broker can't be used. The message is one line that says what to do. */
export class BrokerTrouble extends Error {
  override name = "BrokerTrouble";
}

interface RemoteOptions {
  readonly url: string;
  /** Client ID. */
  readonly clientId: string;
  /** What the URL doesn't say. */
  readonly account?: { readonly username: string; readonly password: string };
  /** PEM of the authority behind mqtts://; the system's own when absent. */
  readonly ca?: Buffer;
  /** What to check when it can't be used, as in "user and password". */
  readonly check: string;
  /** A device's last will was said. */
  gone?(device: LinkedDevice): void;
  /** What came on a topic that is none of devices' or callers'; true: it was that. */
  aside?(topic: string, payload: Uint8Array): boolean;
}

interface RemoteClient {
  readonly client: MqttClient;
  /** The URL without what is secret in it. */
  readonly where: string;
  /** IDs of the devices that said how they are, and not yet that they are gone. */
  readonly online: Map<string, LinkedDevice>;
  isClosing(): boolean;
  /** Subscribes to what devices and callers say. @throws BrokerTrouble when the broker refuses that */
  listen(): Promise<void>;
  /** Has the broker forget what a caller had it retain: nobody could hear it any more, and it would be kept for ever. */
  forgetCaller(name: string): Promise<void>;
  readonly speaking: Pick<Broker, "toCaller" | "toDevice" | "toFleet" | "settled" | "close">;
}

/** User and password of a URL. The library splits them at the last ":", which a password may hold. */
function accountIn(url: string): { readonly username?: string; readonly password?: string } {
  const { username, password } = new URL(url);
  if (username === "") return {};
  return { username: decodeURIComponent(username), ...(password !== "" && { password: decodeURIComponent(password) }) };
}

/** @throws BrokerTrouble when the broker can't be reached or refuses us. */
export async function openRemoteClient(events: BrokerEvents, options: RemoteOptions): Promise<RemoteClient> {
  const where = redactUrl(options.url);
  if (
    !isPlainUrl(options.url) ||
    !URL.canParse(options.url) ||
    !/^mqtts?:$/i.test(options.url.slice(0, options.url.indexOf(":") + 1))
  ) {
    throw new BrokerTrouble(
      `broker ${where}: its URL can't be read (expected mqtt://user@host:port or mqtts://, with %2F, %3F, %23, %40 and %3A for / ? # @ : in user and password)`,
    );
  }
  /** What the library says, in one line and without the password. */
  const wordsOf = ({ message }: Error) => redactUrlIn(message.trim().replace(/\s*\n\s*/g, "; "), options.url);
  const plan: IClientOptions = {
    clientId: options.clientId,
    ...accountIn(options.url),
    ...options.account,
    // The session outlives us: what devices say while the cloud restarts is kept for it by the broker.
    clean: false,
    // A block that waits for a connection could go out after a halt; the device asks for it again anyway.
    queueQoSZero: false,
    reconnectPeriod: 1_000,
    connectTimeout: ANSWER_MS,
    ...(options.ca !== undefined && { ca: options.ca }),
  };
  const client = await connectAsync(where, plan, false).catch((error: Error) => {
    const more = options.url.startsWith("mqtts:") ? ", and --broker-ca" : "";
    throw new BrokerTrouble(
      `broker ${where} can't be used (${wordsOf(error)}); check that it runs, ${options.check}${more}`,
    );
  });
  let isClosing = false;
  client.on("error", (error) => {
    if (!isClosing) events.log(`broker ${where}: ${wordsOf(error)}`);
  });
  const online = new Map<string, LinkedDevice>();
  client.on("connect", ({ sessionPresent }) => {
    if (sessionPresent) return;
    // The broker has lost our session, so it crashed or was replaced: the wills of its clients were never said. Who is
    // still there connects again and says so.
    for (const device of [...online.values()]) {
      online.delete(device.id);
      events.offline(device);
    }
  });

  const forgetCaller = async (name: string): Promise<void> => {
    const nothing = Buffer.alloc(0);
    await client.publishAsync(callerRelayTopic(name), nothing, { qos: 0, retain: true }).catch(() => undefined);
  };

  const heardCaller = (name: string, payload: Uint8Array, wasRetained: boolean): void => {
    // Told when we subscribe, so somebody said it to a cloud before this one.
    if (wasRetained) void forgetCaller(name);
    else events.callerSaid(name, payload);
  };

  const heard = async (topic: string, payload: Uint8Array, wasRetained: boolean): Promise<void> => {
    const [place, caller = ""] = topic.split("/");
    if (place === "c") {
      if (isCallerName(caller) && topic === callerRelayTopic(caller)) heardCaller(caller, payload, wasRetained);
      return;
    }
    const parsed = parseTopic(topic);
    if (parsed?.scope !== "unit") return;
    const device = { id: parsed.device, fleet: parsed.fleet };
    if (parsed.name === UP.state) {
      const isOnline = payload.length > 0;
      if (isOnline !== online.has(device.id)) {
        if (isOnline) {
          online.set(device.id, device);
          events.online(device);
        } else {
          online.delete(device.id);
          events.offline(device);
          options.gone?.(device);
        }
      }
    }
    await events.message(device, parsed.name, payload);
  };

  client.handleMessage = (packet, done) => {
    const payload = Uint8Array.from(packet.payload as Buffer);
    const isAside = options.aside?.(packet.topic, payload) ?? false;
    // Not held back until it is on our disk: messages come one after the other, and a state is retained, so that a
    // cloud that died over it is told again when it subscribes at its next start.
    done();
    if (!isAside) heard(packet.topic, payload, packet.retain).catch(() => undefined);
  };

  return {
    client,
    where,
    online,
    isClosing: () => isClosing,
    forgetCaller,
    async listen() {
      const filters = Object.values(UP).map((up) => `f/+/d/+/${up === UP.event ? "event/+" : up}`);
      for (const filter of [...filters, "c/+/relay"]) {
        await client.subscribeAsync(filter, { qos: filter.endsWith(`/${UP.state}`) ? 1 : 0 }).catch((error: Error) => {
          client.end(true);
          throw new BrokerTrouble(
            `broker ${where} won't tell what units say (${wordsOf(error)}); check ${options.check}`,
          );
        });
      }
    },
    speaking: {
      async toCaller(name, payload) {
        await client.publishAsync(callerReplyTopic(name), Buffer.from(payload), { qos: 0 }).catch(() => undefined);
      },
      async toDevice(device, topicName, payload, retain) {
        const topic = unitTopic(device.fleet, device.id, topicName);
        const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
        try {
          await client.publishAsync(topic, bytes, { qos: retain ? 1 : 0, retain });
        } catch {
          return false;
        }
        return online.has(device.id);
      },
      async toFleet(fleet, topicName, payload) {
        await client.publishAsync(fleetTopic(fleet, topicName), Buffer.from(payload), { qos: 1, retain: true });
      },
      // What mqtt was given is in its socket, or waits for a connection, in the order in which it came.
      settled: async () => {
        await new Promise((resolve) => setImmediate(resolve));
      },
      close() {
        isClosing = true;
        return client.endAsync();
      },
    },
  };
}
