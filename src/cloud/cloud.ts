/** The cloud in one process: broker, block service, rollout engine, HTTP, over one store. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toHex, viewOf } from "#base/bytes.ts";
import type { Broker, BrokerEvents } from "#cloud/broker/broker.ts";
import { startEmbeddedBroker } from "#cloud/broker/broker-aedes.ts";
import { connectHookedBroker } from "#cloud/broker/broker-hooked.ts";
import { connectRemoteBroker } from "#cloud/broker/broker-remote.ts";
import { createCallerGate } from "#cloud/broker/caller-gate.ts";
import { createLinkGate } from "#cloud/broker/link-gate.ts";
import { createRelayDesk } from "#cloud/broker/relay-desk.ts";
import { json, openApi, type Route, serveHttp } from "#cloud/http/http.ts";
import { callerRoutes } from "#cloud/http/routes-caller.ts";
import { deviceRoutes } from "#cloud/http/routes-device.ts";
import { type OperatorRouteParts, operatorRoutes } from "#cloud/http/routes-operator.ts";
import { revocationRoutes } from "#cloud/http/routes-revocation.ts";
import { rolloutRoutes } from "#cloud/http/routes-rollout.ts";
import { type CloudTls, fingerprintOf } from "#cloud/http/tls-files.ts";
import { readGrantIssuers } from "#cloud/issuer/grant-issuers.ts";
import { createIssuer } from "#cloud/issuer/issuer.ts";
import { readPublicKeys } from "#cloud/releases/key-set-files.ts";
import { openStore } from "#cloud/store/store.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { ALL, DOWN, UP } from "#wire/link/topics.ts";
import { openCore } from "./core.ts";

export interface CloudOptions {
  /** Folder of the store, the operator key and running.json. */
  readonly data: string;
  /** A file, or postgres://…; cloud.db in the folder when absent. */
  readonly store?: string;
  /** Folders with the key set and the timestamp key of a product each. */
  readonly keys: readonly string[];
  /** The broker's name, which proofs are bound to and devices are given at the factory. */
  readonly name: string;
  readonly host: string;
  readonly mqttPort: number;
  readonly httpPort: number;
  /** mqtt://user:password@host of a broker that isn't ours; the embedded one when absent. */
  readonly broker?: string;
  /** Where that broker asks us about its clients (EMQX); absent: it is told by us (mosquitto). */
  readonly brokerHooks?: { readonly host: string; readonly port: number };
  /** PEM of the authority behind a broker at mqtts://; the system's own when absent. */
  readonly brokerCa?: Buffer;
  readonly tls?: CloudTls;
  /** Bytes of blocks a second, for all devices together. */
  readonly bytesPerS?: number;
  readonly tickMs?: number;
  /** Called when the store fails under way: the process must end, what was acknowledged is safe. */
  onFatal(error: unknown): void;
}

export interface Cloud {
  readonly httpPort: number;
  /** Undefined with somebody else's broker. */
  readonly mqttPort: number | undefined;
  close(): Promise<void>;
}

export const RUNNING_FILE = "running.json";
export const OPERATOR_KEY_FILE = "operator.key";
/** What a broker shows that asks us about its clients. */
export const HOOKS_KEY_FILE = "hooks.key";

const TICK_MS = 1_000;
const HEARD_MS = 5_000;
const GATHER_MS = 10;
/** Links that a cloud sets up in a second without haste. */
const RETURNS_PER_S = 200;

/** A key that others show us, as the operator's tools do; made at the first start. */
function sharedKey(path: string): string {
  if (existsSync(path)) return readFileSync(path, "utf8").trim();
  const key = toHex(nodePrimitives.random(32));
  writeFileSync(path, `${key}\n`, { mode: 0o600, flush: true });
  chmodSync(path, 0o600);
  return key;
}

/**
 * Starts everything; resolves once devices and operator can connect.
 * @throws StoreTrouble, KeySetTrouble, KeyFileError, BrokerTrouble, or a socket's error (EADDRINUSE …)
 */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  mkdirSync(options.data, { recursive: true });
  const issuer = createIssuer(options.keys);
  const store = await openStore(options.store ?? join(options.data, "cloud.db"));
  const closers: (() => Promise<void> | void)[] = [() => store.close()];
  const close = async () => {
    for (const each of closers.splice(0).reverse()) await each();
  };
  try {
    let broker: Broker | undefined;
    const theBroker = () => broker as Broker;
    const core = await openCore({
      store,
      issuer,
      onFatal: options.onFatal,
      gatherMs: GATHER_MS,
      send: (device, name, payload) => theBroker().toDevice(device, name, payload, false),
      nowMs: Date.now,
      chance: Math.random,
      ...(options.bytesPerS === undefined ? {} : { bytesPerS: options.bytesPerS }),
    });
    const { fleet, releases, rollouts, desk, queue } = core;
    const gate = createLinkGate(options.name, fleet, nodePrimitives);
    closers.push(async () => {
      fleet.flushHeard();
      // A store that failed was told of already.
      await queue.commit().catch(() => undefined);
    });
    const grantIssuers = new Map(
      options.keys.map((folder) => [readPublicKeys(folder).product, readGrantIssuers(folder)] as const),
    );
    const issuersOf = (product: string) => grantIssuers.get(product) ?? [];
    const callerGate = createCallerGate(
      options.name,
      fleet,
      gate,
      issuersOf,
      core.revocations.deliveryFor,
      nodePrimitives,
    );
    const relayDesk = createRelayDesk({
      toDevice: (device, name, payload) => theBroker().toDevice(device, name, payload, false),
      toCaller: (name, payload) => void theBroker().toCaller(name, payload),
      dismiss: (name) =>
        void theBroker()
          .dismissCaller(name)
          .catch(() => undefined),
      random: nodePrimitives.random,
      nowMs: Date.now,
      later: (milliseconds, then) => void setTimeout(then, milliseconds).unref(),
    });
    const counters = { connectionsRefused: 0 };
    const events: BrokerEvents = {
      async message(device, name, payload) {
        if (name === UP.reply) relayDesk.replied(device, payload);
        else await desk.message(device, name, payload);
      },
      callerSaid: (name, payload) => relayDesk.said(name, payload),
      callerGone: (name) => relayDesk.gone(name),
      online: (device) => desk.online(device),
      offline: (device) => desk.offline(device),
      refused: () => void counters.connectionsRefused++,
    };
    const connectTheirs = (url: string) => {
      if (options.brokerHooks === undefined) return connectRemoteBroker(url, events, options.name, options.brokerCa);
      const keyFile = join(options.data, HOOKS_KEY_FILE);
      return connectHookedBroker(events, {
        ...{ url, name: options.name, gate, fleet, ...options.brokerHooks, keyFile, key: sharedKey(keyFile) },
        ...(options.brokerCa === undefined ? {} : { ca: options.brokerCa }),
        ...(options.tls === undefined ? {} : { tls: options.tls }),
      });
    };
    broker =
      options.broker === undefined
        ? await startEmbeddedBroker(gate, events, {
            host: options.host,
            port: options.mqttPort,
            ...(options.tls === undefined ? {} : { tls: options.tls }),
          })
        : await connectTheirs(options.broker);
    closers.push(async () => {
      // Whoever is linked is asked to come back a little later, so that a restart isn't met by all at once.
      const online = [...fleet.all()].filter((device) => device.online);
      const away = new Uint8Array(2);
      viewOf(away).setUint16(0, 1 + Math.floor(online.length / RETURNS_PER_S), true);
      for (const device of online) void theBroker().toDevice(device, DOWN.away, away, false);
      await theBroker().settled();
      await theBroker().close();
    });

    const fleets = new Map<string, string>();
    /** Each fleet hears the key set of its product, retained. */
    const tellKeysets = async () => {
      for (const device of fleet.all()) {
        const keys = issuer.keysOf(device.product);
        if (keys === undefined || fleets.get(device.fleet) === device.product) continue;
        fleets.set(device.fleet, device.product);
        await theBroker().toFleet(device.fleet, ALL.keyset, keys.message);
      }
    };
    await tellKeysets();

    const operator: OperatorRouteParts = {
      ...core,
      settled: () => theBroker().settled(),
      enrolled: tellKeysets,
      counters: () => ({
        blocks: desk.blocks.counts.blocks,
        blockBytes: desk.blocks.counts.bytes,
        blocksRefused: desk.blocks.counts.refused,
        blocksWaiting: desk.blocks.counts.waiting,
        connectionsRefused: counters.connectionsRefused,
        timestamps: desk.counts.timestamps,
        callers: relayDesk.counts.visits,
        relayed: relayDesk.counts.forwarded,
        relayHeldOff: relayDesk.counts.heldOff,
      }),
    };
    const routes: Route[] = [
      ...deviceRoutes({ ...core, gate, broker: theBroker, counters }),
      ...callerRoutes({ callerGate, relayDesk, broker: theBroker, counters }),
      ...operatorRoutes(operator),
      ...rolloutRoutes(operator),
      ...revocationRoutes({ ...core, tellRevocations: () => desk.revokeAgain() }),
    ];
    routes.push({
      method: "GET",
      path: "/v1/openapi.json",
      summary: "This interface, as OpenAPI",
      who: "device",
      answer: () => json(openApi(routes)),
    });
    const http = await serveHttp(routes, {
      host: options.host,
      port: options.httpPort,
      operatorKey: sharedKey(join(options.data, OPERATOR_KEY_FILE)),
      ...(options.tls === undefined ? {} : { tls: options.tls }),
    });
    closers.push(() => http.close());

    let ticking = Promise.resolve();
    const tick = setInterval(() => {
      ticking = ticking
        .then(async () => {
          const nowMs = Date.now();
          const changed = new Set(await rollouts.tick(nowMs));
          // Maintenance windows open and close on the minute.
          if (nowMs % 60_000 < (options.tickMs ?? TICK_MS))
            for (const each of releases.all()) changed.add(each.product);
          if (changed.size > 0) await desk.offerAgain(changed);
        })
        .catch(options.onFatal);
    }, options.tickMs ?? TICK_MS);
    const heard = setInterval(() => {
      relayDesk.sweep();
      fleet.flushHeard();
      queue.commit().catch(() => undefined);
    }, HEARD_MS);
    closers.push(() => {
      clearInterval(tick);
      clearInterval(heard);
      return ticking;
    });

    const running = join(options.data, RUNNING_FILE);
    const known = options.tls === undefined ? {} : { fingerprint: fingerprintOf(options.tls) };
    const scheme = options.tls === undefined ? "http" : "https";
    const url = `${scheme}://${options.host}:${http.port}`;
    writeFileSync(running, `${JSON.stringify({ pid: process.pid, url, mqttPort: broker.port ?? null, ...known })}\n`);
    closers.push(() => rmSync(running, { force: true }));
    return { httpPort: http.port, mqttPort: broker.port, close };
  } catch (error) {
    await close();
    throw error;
  }
}
