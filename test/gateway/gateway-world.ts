/** A gateway in this process over shipped gates behind TCP, with accounts of each role. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateSync } from "otplib";
import { toHex } from "#base/bytes.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { type Gateway, type GatewayOptions, startGateway } from "#gateway/gateway.ts";
import { mintShare } from "#phone/share.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { issueGrant } from "#trust/grants/mint.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { readSecretFile } from "#trust/host/secret-file.ts";
import { seedSigner } from "#trust/signer.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { LEVEL, RIGHT, type Scope } from "#wire/grants/scope.ts";
import { type GateServer, startGateServer } from "../phone/gate-server.ts";

const seedOf = (fill: number) => new Uint8Array(32).fill(fill);
const issuer = { ...seedSigner(primitives, seedOf(101)), kid: Uint8Array.of(1) };
export const ownerSeed = seedOf(7);
export const PASSWORD = "correct horse battery";
const EVERYTHING: Scope = [{ name: "*", rights: RIGHT.read | RIGHT.call | RIGHT.subscribe | RIGHT.flash }];

interface TestUnit {
  readonly id: string;
  readonly deviceId: Uint8Array;
  readonly grant: Uint8Array;
  readonly server: GateServer;
}

/** The ID of a world's first unit, which is known before it starts. */
export const FIRST_ID = toHex(deviceIdOf(primitives, primitives.ed25519PublicKey(seedOf(60))));

/** A unit whose owner has a card of level all. */
async function startUnit(fill: number): Promise<TestUnit> {
  const deviceId = deviceIdOf(primitives, primitives.ed25519PublicKey(seedOf(fill)));
  const grant = issueGrant(issuer, {
    audience: { kind: "device", id: deviceId },
    issuedAtS: 1_795_435_200,
    cti: primitives.random(8),
    holder: primitives.ed25519PublicKey(ownerSeed),
    scope: LEVEL.all,
    epoch: 0,
    caveats: [],
  });
  const stored = new Map<string, Uint8Array>([
    [OWN.key, seedOf(fill)],
    [OWN.provisioned, encodeCbor([])],
    [PROVISIONED.issuers, encodeCbor(new Map([[1, issuer.publicKey]]))],
    [PROVISIONED.ownerGrant, grant],
  ]);
  return { id: toHex(deviceId), deviceId, grant, server: await startGateServer(stored) };
}

export interface Account {
  readonly name: string;
  readonly secret: string;
  readonly recovery: readonly string[];
  /** A code that was not used yet: the next one is for the next period. */
  code(): string;
}

export interface World {
  readonly gateway: Gateway;
  readonly folder: string;
  readonly units: readonly TestUnit[];
  readonly logged: string[];
  get(path: string, token?: string): Promise<Response>;
  send(method: string, path: string, body: unknown, token?: string): Promise<Response>;
  form(path: string, fields: Readonly<Record<string, string>>, headers?: Record<string, string>): Promise<Response>;
  bootstrapKey(): string;
  account(name: string, role: string): Promise<Account>;
  /** Logs in by the password grant. */
  login(
    account: Account,
    fields?: Readonly<Record<string, string>>,
  ): Promise<{ access_token: string; refresh_token: string }>;
  /** @param invitation The code of an invitation; a new one of the host when absent. */
  add(unit: TestUnit, scope?: Scope, invitation?: string): Promise<Response>;
  close(): Promise<void>;
}

export async function startWorld(more: Partial<GatewayOptions> = {}, unitCount = 2): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-gateway-"));
  const logged: string[] = [];
  const gateway = await startGateway({
    ...{ data: join(folder, "data"), host: "127.0.0.1", port: 0, isCompat: true, ...more },
    log: (line) => void logged.push(line),
    onFatal: (error) => void logged.push(`fatal: ${error}`),
  });
  const units = await Promise.all(Array.from({ length: unitCount }, (_, i) => startUnit(60 + i)));
  const url = (path: string) => new URL(path, gateway.url);
  const auth = (token?: string): Record<string, string> =>
    token === undefined ? {} : { authorization: `Bearer ${token}` };
  const bootstrapKey = () => readSecretFile(join(folder, "data", "bootstrap.key")).trim();
  const world: World = {
    ...{ gateway, folder, units, logged, bootstrapKey },
    get: (path, token) => fetch(url(path), { headers: auth(token) }),
    send: (method, path, body, token) =>
      fetch(url(path), {
        method,
        headers: { "content-type": "application/json", ...auth(token) },
        body: JSON.stringify(body),
      }),
    form: (path, fields, headers = {}) =>
      fetch(url(path), { method: "POST", headers, body: new URLSearchParams(fields) }),
    async account(name, role) {
      const key = bootstrapKey();
      const invited = (await (await world.send("POST", "/v1/gateway/accounts", { name, role }, key)).json()) as {
        code: string;
      };
      const accepted = await world.send("POST", "/v1/gateway/accounts/accept", {
        code: invited.code,
        password: PASSWORD,
      });
      const { secret, recovery } = (await accepted.json()) as { secret: string; recovery: string[] };
      let lastStep = 0;
      return {
        ...{ name, secret, recovery },
        code() {
          // One period ahead is still taken, none is taken twice: beyond that, recovery codes stand in.
          const step = Math.max(Math.floor(Date.now() / 30_000), lastStep + 1);
          if (step > Math.floor(Date.now() / 30_000) + 1) return recovery[used++] ?? "";
          lastStep = step;
          return generateSync({ secret, epoch: step * 30 });
        },
      };
    },
    async login(account, fields = {}) {
      const login = { grant_type: "password", username: account.name, password: PASSWORD, otp: account.code() };
      const answer = await world.form("/oauth/token", { ...login, ...fields });
      if (answer.status !== 200) throw new Error(`no login: ${await answer.text()}`);
      return (await answer.json()) as { access_token: string; refresh_token: string };
    },
    async add(unit, scope = EVERYTHING, invitation) {
      const invited = async () =>
        (await (await world.send("POST", "/v1/gateway/invitations", {}, bootstrapKey())).json()) as { code: string };
      const code = invitation ?? (await invited()).code;
      const guestKey = gateway.publicKey;
      const { chain } = mintShare(primitives, unit.grant, 0, ownerSeed, { guestKey, scope, caveats: [] });
      const place = { host: "127.0.0.1", port: unit.server.port };
      return world.send("POST", "/v1/gateway/units", {
        code,
        id: unit.id,
        name: `lamp ${unit.id.slice(0, 4)}`,
        chain: toHex(chain),
        ...place,
      });
    },
    async close() {
      await gateway.close();
      for (const { server } of units) server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  let used = 0;
  return world;
}
