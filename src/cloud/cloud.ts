/** The cloud in one process: broker, block service, rollout engine and HTTP over one store. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { ConsolePage } from "#base/host/http/console-files.ts";
import { createBoundedLog } from "#cloud/bounded-log.ts";
import type { BrokerEvents } from "#cloud/broker/broker.ts";
import { createBrokerSlot } from "#cloud/broker/broker-slot.ts";
import { createCallerGate } from "#cloud/broker/caller-gate.ts";
import { createKeysetAnnouncer } from "#cloud/broker/keyset-announcer.ts";
import { createLinkGate } from "#cloud/broker/link-gate.ts";
import { createNonces, NONCE_KEY_BYTES } from "#cloud/broker/nonces.ts";
import { openBroker } from "#cloud/broker/open-broker.ts";
import { createRelayService } from "#cloud/broker/relay-service.ts";
import { sayAway } from "#cloud/broker/say-away.ts";
import { createCloudApp } from "#cloud/http/cloud-routes.ts";
import { serveHttp } from "#cloud/http/http.ts";
import { createOperatorAccess } from "#cloud/http/operator-access.ts";
import { ensureSharedKey } from "#cloud/http/shared-key.ts";
import { createStaffAccess, type StaffIssuer } from "#cloud/http/staff-access.ts";
import { readGrantIssuers } from "#cloud/issuer/grant-issuers.ts";
import { openKeyAges } from "#cloud/issuer/key-ages.ts";
import { createTimestampSigner } from "#cloud/issuer/timestamp-signer.ts";
import { readPublicKeys } from "#cloud/releases/key-set-files.ts";
import { secretRecord } from "#cloud/store/secret-record.ts";
import { openStore } from "#cloud/store/store.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { type CloudTls, fingerprintOf } from "#trust/host/tls-files.ts";
import { UP } from "#wire/link/topics.ts";
import { startCloudTimers } from "./cloud-timers.ts";
import { openCore } from "./core.ts";
import { writeRunning } from "./running-file.ts";
import { createNonceClock } from "./up-clock.ts";

interface StaffLogin extends StaffIssuer {
  /** Whether the shared operator key is good beside staff's tokens. */
  readonly isKeyOn: boolean;
}

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
  /** Who issues staff's access tokens; the shared operator key alone lets in when absent. */
  readonly staff?: StaffLogin;
  /** The console's page; none is served when absent. */
  readonly console?: () => Promise<ConsolePage>;
  /** Called when the store fails under way: the process must end, what was acknowledged is safe. */
  onFatal(error: unknown): void;
}

export interface Cloud {
  readonly httpPort: number;
  /** Undefined with somebody else's broker. */
  readonly mqttPort: number | undefined;
  /** Where staff open the console; undefined where none is served. */
  readonly consoleUrl: string | undefined;
  close(): Promise<void>;
}

export const OPERATOR_KEY_FILE = "operator.key";
/** What a broker shows that asks us about its clients. */
const HOOKS_KEY_FILE = "hooks.key";

/** How long a transaction waits for more changes to share it. */
const GATHER_MS = 10;

/** A clock for durations: it never jumps, whatever becomes of the time of day. */
const steadyMs = () => performance.now();

/** One part that doesn't end, as a client that reads nothing, must not keep the others from ending well. */
const CLOSING_MS = 2_000;

async function withinClosingTime(close: () => Promise<void> | void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSING_MS);
  });
  await Promise.race([close(), late]).finally(() => clearTimeout(timer));
}

/** Who may sign grants, by product. */
function grantIssuersOf(folders: readonly string[]) {
  const issuers = new Map(folders.map((folder) => [readPublicKeys(folder).product, readGrantIssuers(folder)] as const));
  return (product: string) => issuers.get(product) ?? [];
}

/**
 * Starts everything; resolves once devices and operator can connect.
 * @throws StoreTrouble, KeySetTrouble, KeyFileError, SecretFileError, BrokerTrouble, or a socket's error (EADDRINUSE …)
 */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  mkdirSync(options.data, { recursive: true });
  const log = createBoundedLog((line) => void process.stderr.write(line), steadyMs);
  const timestampSigner = createTimestampSigner(options.keys);
  const issuersOf = grantIssuersOf(options.keys);
  const operatorKey = ensureSharedKey(join(options.data, OPERATOR_KEY_FILE));
  const store = await openStore(options.store ?? join(options.data, "cloud.db"));
  // Run in reverse order: what was started last is stopped first.
  const closers: (() => Promise<void> | void)[] = [() => store.close()];
  const close = async () => {
    for (const each of closers.splice(0).reverse()) await withinClosingTime(each);
  };
  try {
    const broker = createBrokerSlot();
    const core = await openCore({
      store,
      timestampSigner,
      onFatal: options.onFatal,
      gatherMs: GATHER_MS,
      send: (device, name, payload) => broker.toDevice(device, name, payload, false),
      nowMs: Date.now,
      steadyMs,
      randomFraction: Math.random,
      ...(options.bytesPerS === undefined ? {} : { bytesPerS: options.bytesPerS }),
    });
    const { fleet, deviceMessages, queue, revocations } = core;
    closers.push(async () => {
      fleet.flushHeard();
      // A store that failed was reported already.
      await queue.commit().catch(() => undefined);
    });
    const nonces = createNonces(await secretRecord(store, "nonce-key", NONCE_KEY_BYTES), nodePrimitives.random);
    const spentMs = [...fleet.all()].reduce((newest, device) => Math.max(newest, device.nonceMs), 0);
    const nonceMs = createNonceClock(Date.now(), spentMs, steadyMs);
    const { name } = options;
    const gate = createLinkGate({ broker: name, fleet, nonces, primitives: nodePrimitives, commit: queue.commit });
    const callerGate = createCallerGate(
      name,
      fleet,
      nonces,
      issuersOf,
      revocations.deliveryFor,
      nodePrimitives,
      nonceMs(),
    );
    const relayService = createRelayService({
      toDevice: (device, name, payload) => broker.toDevice(device, name, payload, false),
      asleepUntilS(deviceId) {
        const device = fleet.get(deviceId);
        if (device === undefined || device.online || device.asleepUntilMs === 0) return undefined;
        return Math.max(0, device.asleepUntilMs / 1_000);
      },
      toCaller: (name, payload) => void broker.toCaller(name, payload),
      dismiss: (name) => void broker.dismissCaller(name).catch(() => undefined),
      random: nodePrimitives.random,
      nowMs: steadyMs,
      later: (milliseconds, then) => void setTimeout(then, milliseconds).unref(),
    });
    const counters = { connectionsRefused: 0 };
    const events: BrokerEvents = {
      async message(device, name, payload) {
        if (name === UP.reply) relayService.replied(device, payload);
        else await deviceMessages.message(device, name, payload);
        if (name === UP.state && payload.length > 0) relayService.awake(device.id);
      },
      callerSaid: relayService.said,
      callerGone: relayService.gone,
      online: deviceMessages.online,
      offline(device) {
        deviceMessages.offline(device);
        relayService.left(device.id);
      },
      refused: () => void counters.connectionsRefused++,
      log: log.line,
    };
    const hooksKey = () => {
      const keyFile = join(options.data, HOOKS_KEY_FILE);
      return { keyFile, key: ensureSharedKey(keyFile) };
    };
    broker.fill(await openBroker({ ...options, hooksKey, nonceMs }, gate, fleet, events));
    closers.push(async () => {
      await sayAway(fleet, broker);
      await broker.close();
    });
    const announceKeysets = createKeysetAnnouncer(fleet, timestampSigner, broker);
    await announceKeysets();

    const acted = (who: string, method: string, path: string) => {
      queue.event({ at_ms: Date.now(), subject: path, what: method, because: `by ${who}` });
      // A request that fails for want of its line in the journal would be worse; the queue's end is reported as fatal.
      queue.commit().catch(() => undefined);
    };
    const { staff } = options;
    if (staff?.isKeyOn === true) acted("whoever started the cloud", "operator key switched on", "operator key");
    const access = createOperatorAccess(
      operatorKey,
      nodePrimitives.random,
      steadyMs,
      staff && { access: createStaffAccess(staff, steadyMs), isKeyOn: staff.isKeyOn, acted },
    );
    const isSecure = options.tls !== undefined;
    const app = createCloudApp({
      ...{
        core,
        gate,
        nonces,
        nonceMs,
        callerGate,
        relayService: relayService,
        broker,
        access,
        isSecure,
        console: options.console && { page: options.console, staff },
        keys: await openKeyAges(store, options.keys, Date.now()),
        counters,
        announceKeysets,
        log: log.line,
      },
    });
    const { host, httpPort, tls } = options;
    const http = await serveHttp(app, { host, port: httpPort, ...(tls === undefined ? {} : { tls }) });
    closers.push(() => http.close());
    closers.push(startCloudTimers(core, relayService, options));

    const url = `${isSecure ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${http.port}`;
    const known = tls === undefined ? {} : { fingerprint: fingerprintOf(tls) };
    closers.push(writeRunning(options.data, { pid: process.pid, url, mqttPort: broker.port ?? null, ...known }));
    const consoleUrl = options.console && `${staff?.audience ?? url}/console/`;
    return { httpPort: http.port, mqttPort: broker.port, consoleUrl, close };
  } catch (error) {
    await close();
    throw error;
  }
}
