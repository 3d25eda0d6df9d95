/** Puts a gateway together: store, accounts, authorization server, units, and the HTTP server in front of them. */
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import { z } from "@hono/zod-openapi";
import { BODY_LIMITS, watchBodies } from "#base/host/http/body-watch.ts";
import type { ConsolePage } from "#base/host/http/console-files.ts";
import { createSecretFile, readSecretFile, replacePublicFile } from "#trust/host/secret-file.ts";
import { openAccounts } from "./accounts/accounts.ts";
import { createAttempts } from "./accounts/attempts.ts";
import { createPasskeys } from "./accounts/passkeys.ts";
import { BOOTSTRAP_KEY_FILE, RUNNING_FILE, STORE_FILE } from "./data-folder.ts";
import { gatewayKey, keySinceMs } from "./gateway-key.ts";
import { type HomeOptions, openMqttHome } from "./home/mqtt-home.ts";
import { addAccountPages } from "./http/account-pages.ts";
import { createGatewayApp, gatewayDocument } from "./http/gateway-app.ts";
import { addInteractionRoutes } from "./http/interaction-routes.ts";
import { addPasskeyScript } from "./http/passkey-form.ts";
import { type Route, route } from "./http/route.ts";
import { accountRoutes } from "./http/routes-accounts.ts";
import { consoleRoutes } from "./http/routes-console.ts";
import { deviceRoutes } from "./http/routes-devices.ts";
import { eventRoutes } from "./http/routes-events.ts";
import { hookRoutes } from "./http/routes-hooks.ts";
import { hostRoutes } from "./http/routes-host.ts";
import { resourceRoutes } from "./http/routes-resources.ts";
import { staffRoutes } from "./http/routes-staff.ts";
import { tokenRoutes } from "./http/routes-tokens.ts";
import { unitRoutes } from "./http/routes-units.ts";
import { openWebHooks } from "./http/web-hooks.ts";
import { openJournal } from "./journal.ts";
import { createArtifacts } from "./oauth/artifacts.ts";
import { ownClients } from "./oauth/clients.ts";
import { compatRequest } from "./oauth/compat-request.ts";
import { createMakerLogin, type MakerLoginOptions } from "./oauth/maker-login.ts";
import { registerPasswordGrant } from "./oauth/password-grant.ts";
import { createProvider, ownSecrets } from "./oauth/provider.ts";
import { createStaffTokens } from "./oauth/staff-tokens.ts";
import { registerTokenExchange } from "./oauth/token-exchange.ts";
import { openUses } from "./oauth/uses.ts";
import { type HookRow, openGatewayStore } from "./store/schema.ts";
import { createEventHub } from "./units/event-hub.ts";
import { openUnits } from "./units/units.ts";

export interface GatewayOptions {
  /** Key, store, bootstrap key and running.json. */
  readonly data: string;
  /** SQLite file or PostgreSQL URL; gateway.db in the folder when absent. */
  readonly store?: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The gateway's address as clients write it; http://HOST:PORT when absent. */
  readonly url?: string;
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer };
  /** Serve programs of the Spark era: the password grant, and tokens in queries and forms. */
  readonly isCompat: boolean;
  /** The maker's own OpenID Connect provider, as another way to log in. */
  readonly makerLogin?: MakerLoginOptions;
  /** Let webhooks reach private addresses: the gateway's own network and machine. */
  readonly mayHookPrivately?: boolean;
  /** The console's page, asked for with the first request; none is served when absent. */
  console?(): Promise<ConsolePage>;
  /** The owner's broker, where Home Assistant finds the units. */
  readonly home?: HomeOptions;
  log(line: string): void;
  /** Something failed for good, as a full disk: the gateway must end. */
  onFatal(error: unknown): void;
}

export interface Gateway {
  readonly url: string;
  readonly port: number;
  readonly publicKey: Uint8Array;
  readonly consoleUrl: string | undefined;
  close(): Promise<void>;
}

const HEAD_MS = 10_000;
/**
 * How long a connection may lie idle. A proxy in front should be the one to end it, and usually does after a minute: a call that arrives
 * just as the gateway ends its connection is lost, and a proxy doesn't send it again.
 */
const IDLE_MS = 75_000;
const BACKLOG = 4_096;
const SWEEP_MS = 3_600_000;

/** Paths that the authorization server answers itself. */
const OAUTH = /^\/(oauth\/|\.well-known\/(oauth-authorization-server|openid-configuration)$)/;

function bootstrapKey(data: string): string {
  const path = join(data, BOOTSTRAP_KEY_FILE);
  if (!existsSync(path)) createSecretFile(path, `${randomBytes(32).toString("hex")}\n`);
  return readSecretFile(path).trim();
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, BACKLOG, () => resolve((server.address() as AddressInfo).port));
  });
}

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { data, host, tls, isCompat, log, onFatal } = options;
  mkdirSync(data, { recursive: true });
  // The store holds the secrets of one-time codes.
  chmodSync(data, 0o700);
  const key = gatewayKey(data);
  const store = await openGatewayStore(options.store ?? join(data, STORE_FILE));
  let listener: (incoming: IncomingMessage, outgoing: ServerResponse) => void = (_, outgoing) => outgoing.destroy();
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse) => listener(incoming, outgoing);
  const server: Server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer);
  watchBodies(server, BODY_LIMITS);
  server.headersTimeout = HEAD_MS;
  server.keepAliveTimeout = IDLE_MS;
  try {
    const port = await listen(server, host, options.port);
    const shownHost = host.includes(":") ? `[${host}]` : host;
    const url = (options.url ?? `${tls === undefined ? "http" : "https"}://${shownHost}:${port}`).replace(/\/$/, "");
    const artifacts = createArtifacts(store);
    const accounts = await openAccounts(store, Date.now);
    const attempts = createAttempts(() => performance.now());
    const journal = await openJournal({ store, folder: data, nowMs: Date.now, onFatal });
    const uses = await openUses({ store, folder: data, nowMs: Date.now, onFatal });
    const secrets = await ownSecrets(store);
    const provider = await createProvider({ issuer: url, secrets, artifacts, accounts, clients: ownClients(isCompat) });
    const staffTokens = createStaffTokens({ issuer: url, provider, accounts, jwks: secrets.jwks });
    registerTokenExchange(provider, url, artifacts);
    if (isCompat) registerPasswordGrant(provider, { issuer: url, accounts, attempts, log, journal: journal.add });
    const units = await openUnits({ store, holderSeed: key.seed, publicKey: key.publicKey, log });

    const sinceMs = await keySinceMs(store, key.publicKey, Date.now());
    const hub = createEventHub(units);
    const mayHear = (hook: HookRow) => accounts.find(hook.account)?.isDisabled === false;
    const hooks = await openWebHooks({ store, hub, mayHear, log, mayBePrivate: options.mayHookPrivately === true });

    const principals = {
      issuer: url,
      provider,
      artifacts,
      accounts,
      isCompat,
      isDirect: options.url === undefined,
      uses,
    };
    const routes: Route[] = [
      ...hostRoutes({
        publicKey: key.publicKey,
        keySinceMs: sinceMs,
        isCredential: key.isCredential,
        artifacts,
        units,
        journal,
      }),
      ...accountRoutes({ accounts, artifacts, journal }),
      ...staffRoutes({ issuer: url, artifacts, journal }),
      ...unitRoutes({ ...principals, units }),
      ...(options.console === undefined ? [] : consoleRoutes({ issuer: url, page: options.console })),
      ...tokenRoutes({ ...principals, journal }),
      ...resourceRoutes(staffTokens),
      // Before those of devices, whose paths would take "events" for a device or a variable.
      ...eventRoutes({ ...principals, units, hub, journal }),
      ...hookRoutes({ hooks, journal }),
      ...deviceRoutes({ ...principals, units, hub, journal }),
      route({
        method: "GET",
        path: "/v1/openapi.json",
        summary: "This interface, as OpenAPI",
        who: "anyone",
        replies: { 200: z.looseObject({ openapi: z.string() }) },
        answer: async () => gatewayDocument(app),
      }),
    ];
    const app = createGatewayApp(routes, { ...principals, bootstrapKey: bootstrapKey(data), log });
    const passkeys = createPasskeys(url, accounts, () => performance.now());
    const people = { issuer: url, accounts, attempts, journal, passkeys };
    const makerLogin = options.makerLogin && createMakerLogin(options.makerLogin, url, () => performance.now());
    addInteractionRoutes(app, { ...people, provider, units, makerLogin });
    addAccountPages(app, people);
    addPasskeyScript(app);
    const oauth = provider.callback();
    const rest = getRequestListener(app.fetch, { overrideGlobalObjects: false });
    provider.on("server_error", (_ctx, error) => log(`authorization server: ${error.message}`));
    listener = async (incoming, outgoing) => {
      const path = (incoming.url ?? "").split("?")[0] ?? "";
      if (!OAUTH.test(path)) return rest(incoming, outgoing);
      if (!isCompat || path !== "/oauth/token" || incoming.method !== "POST") return oauth(incoming, outgoing);
      const request = await compatRequest(incoming).catch(() => undefined);
      if (request === undefined) return void outgoing.writeHead(413).end();
      return oauth(request, outgoing);
    };
    const home = options.home && (await openMqttHome(options.home, { units, hub, journal, log }));
    replacePublicFile(join(data, RUNNING_FILE), `${JSON.stringify({ url, port, pid: process.pid })}\n`);
    const sweep = () =>
      void artifacts
        .sweep(Math.floor(Date.now() / 1_000))
        .then(uses.sweep)
        .catch(onFatal);
    sweep();
    const timer = setInterval(sweep, SWEEP_MS);
    timer.unref();
    return {
      ...{ url, port, publicKey: key.publicKey },
      consoleUrl: options.console && `${url}/console/`,
      async close() {
        clearInterval(timer);
        await home?.close();
        await new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        });
        hooks.close();
        hub.close();
        await units.close();
        await uses.close();
        await journal.close();
        await store.close();
      },
    };
  } catch (error) {
    server.close();
    await store.close();
    throw error;
  }
}
