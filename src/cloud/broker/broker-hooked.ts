/**
 * An external broker (EMQX 5), given by its URL, that asks the cloud over HTTP which clients may connect and which
 * topics they may use. The cloud checks each client's proof when it connects, so the broker keeps no accounts.
 * @source PROTOCOL 7.27
 */
import { randomBytes } from "node:crypto";
import { connectAsync } from "mqtt";
import { fromHex, toHex } from "#base/bytes.ts";
import { bearsKey } from "#base/host/http/bearer.ts";
import type { Fleet } from "#cloud/fleet.ts";
import { serveHttp } from "#cloud/http/http.ts";
import { createHttpApp } from "#cloud/http/http-app.ts";
import { type HookRight, hookRoutes } from "#cloud/http/routes-hook.ts";
import { callerRelayTopic, callerReplyTopic, isCallerName } from "#wire/link/caller-auth.ts";
import { mayPublish, maySubscribe, publishRights, subscribeRights } from "#wire/link/topics.ts";
import type { Broker, BrokerEvents, LinkedDevice } from "./broker.ts";
import type { LinkGate } from "./link-gate.ts";
import { ANSWER_MS, BrokerTrouble, openRemoteClient } from "./remote-client.ts";

interface HookedOptions {
  readonly url: string;
  /** The broker's name. */
  readonly name: string;
  /** PEM of the authority behind mqtts://. */
  readonly ca?: Buffer;
  readonly gate: LinkGate;
  readonly fleet: Fleet;
  /** Where the broker asks. */
  readonly host: string;
  readonly port: number;
  /** Needed where the host is no loopback address: the broker's key and units' proofs pass there. */
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer };
  /** What the broker shows, and the file that it stands in. */
  readonly key: string;
  readonly keyFile: string;
  /** The nonce time (up-clock.ts). */
  nonceMs(): number;
}

/** A caller's password that was not used within this time is forgotten. */
const PASSWORD_LIFE_MS = 60_000;

/** The filters of topics.ts. With them at hand the broker needn't ask us, as for the last will of a device while we are away. */
function rightsOf({ fleet, id }: LinkedDevice): readonly HookRight[] {
  const right = (action: HookRight["action"]) => (topic: string) => ({ permission: "allow" as const, action, topic });
  const heard = subscribeRights(fleet, id).map((filter) => `eq ${filter}`);
  return [...publishRights(fleet, id).map(right("publish")), ...heard.map(right("subscribe"))];
}

const isLoopback = (host: string) => /^(127(\.\d{1,3}){3}|::1|localhost)$/.test(host);

/**
 * Answers the broker's questions, then connects to it as a client that it asks about like any other.
 * @throws BrokerTrouble when it can't be reached or doesn't ask; or the socket's error (EADDRINUSE and the like)
 */
export async function connectHookedBroker(events: BrokerEvents, options: HookedOptions): Promise<Broker> {
  const { url, name, gate, fleet, host, port, key } = options;
  const tls = isLoopback(host) ? undefined : options.tls;
  if (tls === undefined && !isLoopback(host)) {
    throw new BrokerTrouble(`--broker-hooks at ${host} needs --tls-key and --tls-cert, or take 127.0.0.1`);
  }
  if (/\/\/[^/]*@/.test(url)) {
    throw new BrokerTrouble("leave user and password out of --broker: with --broker-hooks the cloud lets itself in");
  }
  const own = `latchkey-cloud-${name}`;
  const ownPassword = toHex(randomBytes(32));
  /** Callers that were let in; with a password until they connect. */
  const callers = new Map<string, { password?: string }>();
  let wasStranger = false;
  let online = new Map<string, LinkedDevice>();

  const signIn = async (client: string, password: string): Promise<readonly HookRight[] | undefined> => {
    if (client === own) return bearsKey(`Bearer ${password}`, ownPassword) ? [] : undefined;
    if (isCallerName(client)) {
      const caller = callers.get(client);
      if (caller?.password === undefined || caller.password !== password) return undefined;
      delete caller.password;
      return [];
    }
    const proof = fromHex(password);
    const device = proof === undefined ? undefined : await gate.check(client, proof, options.nonceMs());
    if (!device?.ok) return undefined;
    // A connection in another's place: what it says of itself is new.
    online.delete(client);
    return rightsOf(device.value);
  };

  const routes = hookRoutes(key, {
    async signIn(client, password) {
      const rights = await signIn(client, password);
      if (rights === undefined) events.refused();
      return rights;
    },
    mayPublish(client, topic, isRetained) {
      if (client === own) return /^[fc]\/[^+#]+$/.test(topic);
      if (isCallerName(client)) return callers.has(client) && topic === callerRelayTopic(client) && !isRetained;
      const device = fleet.get(client);
      return device !== undefined && mayPublish(device.fleet, device.id, topic);
    },
    maySubscribe(client, filter) {
      if (client === own) return /^[fc]\//.test(filter);
      if (isCallerName(client)) return callers.has(client) && filter === callerReplyTopic(client);
      const device = fleet.get(client);
      return device !== undefined && maySubscribe(device.fleet, device.id, filter);
    },
    stranger() {
      events.refused();
      if (!wasStranger) events.log(`a hook without the key in ${options.keyFile}: denied`);
      wasStranger = true;
    },
  });
  // Each hook checks the key by itself, since it has to answer a wrong one with a 200 that says "deny".
  const app = createHttpApp(routes, { authorize: () => undefined, log: events.log });
  const hooks = await serveHttp(app, { host, port, ...(tls === undefined ? {} : { tls }) });
  const at = `${tls === undefined ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${hooks.port}/hooks`;
  const remote = await openRemoteClient(events, {
    url,
    clientId: own,
    account: { username: own, password: ownPassword },
    check: `that it asks ${at}/authn and ${at}/authz with the key in ${options.keyFile}`,
    ...(options.ca !== undefined && { ca: options.ca }),
  }).catch(async (error: unknown) => {
    await hooks.close();
    throw error;
  });
  online = remote.online;
  await remote.listen().catch(async (error: unknown) => {
    await hooks.close();
    throw error;
  });

  /**
   * Disconnects a caller by connecting under its client ID: a broker must end the older of two connections of the same
   * client (MQTT 3.1.1, section 3.1.4).
   */
  const takePlaceOf = async (caller: string) => {
    const password = toHex(randomBytes(16));
    callers.set(caller, { password });
    const client = await connectAsync(
      url,
      {
        ...{ clientId: caller, username: caller, password, reconnectPeriod: 0, connectTimeout: ANSWER_MS },
        ...(options.ca !== undefined && { ca: options.ca }),
      },
      false,
    );
    await client.endAsync();
  };

  return {
    port: undefined,
    wantsProofs: false,
    // Any make may stand behind the hooks.
    speaksMqtt5: false,
    ...remote.speaking,
    admit: () => Promise.resolve(),
    async admitCaller(caller, password) {
      const admitted = { password };
      callers.set(caller, admitted);
      setTimeout(() => {
        if (callers.get(caller) === admitted && "password" in admitted) callers.delete(caller);
      }, PASSWORD_LIFE_MS).unref();
    },
    async dismissCaller(caller) {
      const known = callers.get(caller);
      callers.delete(caller);
      if (known === undefined || known.password !== undefined || remote.isClosing()) return;
      await takePlaceOf(caller).finally(() => callers.delete(caller));
    },
    async close() {
      await remote.speaking.close();
      await hooks.close();
    },
  };
}
