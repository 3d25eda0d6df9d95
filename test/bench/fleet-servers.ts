/** The servers that the fleet benchmark measures, each as processes of their own: aedes, mosquitto, a bare endpoint. */
import { type ChildProcess, fork, spawn, spawnSync } from "node:child_process";
import { pbkdf2Sync, randomBytes } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fromHex } from "#base/bytes.ts";
import { builtPath } from "#boards/sim/host/programs.ts";
import { operatorClient } from "#cloud/http/operator-client.ts";
import { newKeySet, type PublicKeys } from "#cloud/releases/key-set-files.ts";
import { buildRelease, signReleaseFile } from "#cloud/releases/release-build.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { encodeReleaseFile } from "#trust/host/release-file.ts";
import { decodeNonceAnswer } from "#wire/link/link-auth.ts";
import { publishRights, subscribeRights } from "#wire/link/topics.ts";
import { COMPONENT } from "#wire/releases/release.ts";
import { type DrivenUnit, enrolment, idBytes, passwordOf } from "./fleet-driver.ts";

export const PRODUCT = "lamp";
const IMAGE_BYTES = 100_000;

export interface Server {
  /** Every process of this server: their times and memory add up. */
  readonly pids: readonly number[];
  readonly port: number;
  password(unit: DrivenUnit): Promise<string>;
  /** Begins to hand out the release. */
  go(): Promise<void>;
  stop(): Promise<void>;
}

/** The cloud itself, to which more devices can be added while it runs. */
export interface CloudServer extends Server {
  readonly url: string;
  enrol(units: readonly DrivenUnit[]): Promise<void>;
}

export interface Setting {
  readonly folder: string;
  readonly keys: PublicKeys;
  readonly keysFolder: string;
  readonly release: Uint8Array;
  readonly releasePath: string;
}

export function prepare(): Setting {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-bench-"));
  const keysFolder = join(folder, "keys");
  const keys = newKeySet(keysFolder, PRODUCT);
  // Noise: what is sent is then as long as the image.
  const images = new Map<number, Uint8Array>([[COMPONENT.js, nodePrimitives.random(IMAGE_BYTES)]]);
  const consent = "auto" as const;
  const plan = {
    product: PRODUCT,
    sequence: 1,
    hardware: [1],
    consent,
    epoch: 0,
    notAfterS: undefined,
    images,
    bases: [],
  };
  const release = encodeReleaseFile(
    signReleaseFile(buildRelease(plan), readKeyFile(join(keysFolder, "release.key"), "release").seed),
  );
  const releasePath = join(folder, "1.release");
  writeFileSync(releasePath, release);
  return { folder, keys, keysFolder, release, releasePath };
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), 10_000).unref();
  });
}

/** Fetches a nonce of the cloud's and signs it, as a unit does before it connects. */
export async function cloudPassword(url: string, unit: DrivenUnit): Promise<string> {
  const response = await fetch(`${url}/nonce`, { method: "POST", body: idBytes(unit) });
  const answer = decodeNonceAnswer(new Uint8Array(await response.arrayBuffer()));
  if (!answer.ok) throw new Error(answer.fault);
  return passwordOf(unit, answer.value.nonce, "latchkey");
}

export async function startCloud(
  setting: Setting,
  units: readonly DrivenUnit[],
  name: string,
  args: readonly string[],
): Promise<CloudServer> {
  const data = join(setting.folder, `data-${name}-${units.length}`);
  const child = spawn(
    process.execPath,
    [
      "bin/latchkey.mjs",
      "cloud",
      "--data",
      data,
      "--keys",
      setting.keysFolder,
      "--mqtt-port",
      "0",
      "--http-port",
      "0",
      ...args,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const ready = await new Promise<{ http: number; mqtt: number; pid: number }>((resolve, reject) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).once("line", (line) => resolve(JSON.parse(line)));
    child.once("exit", () => reject(new Error("the cloud ended before it was ready")));
  });
  const url = `http://127.0.0.1:${ready.http}`;
  const operator = operatorClient({ data, url });
  const enrol = async (more: readonly DrivenUnit[]) => {
    await operator.post(
      "/v1/devices",
      more.map((unit) => enrolment(unit, PRODUCT)),
    );
  };
  await enrol(units);
  await operator.post("/v1/releases", setting.release);
  return {
    pids: [ready.pid],
    port: ready.mqtt,
    url,
    enrol,
    password: (unit) => cloudPassword(url, unit),
    async go() {
      const limits = { sample: 100_000, soakMs: 0 };
      await operator.post("/v1/rollouts", {
        product: PRODUCT,
        sequence: 1,
        waves: [{ name: "100 %", share: 10_000 }],
        limits,
      });
    },
    stop: () => end(child),
  };
}

export async function startBare(setting: Setting, units: readonly DrivenUnit[]): Promise<Server> {
  const child = fork(builtPath("test/bench/fleet-bare.ts"), { execArgv: ["--enable-source-maps"] });
  const waiting = new Map<string, (nonce: string) => void>();
  const port = await new Promise<number>((resolve) => {
    child.on("message", (told: { port?: number; nonce?: string; id?: string }) => {
      if (told.port !== undefined) resolve(told.port);
      else waiting.get(told.id ?? "")?.(told.nonce ?? "");
    });
    child.send({
      keysFolder: setting.keysFolder,
      release: setting.releasePath,
      units: units.map((unit) => enrolment(unit, PRODUCT)),
    });
  });
  return {
    pids: [child.pid as number],
    port,
    async password(unit) {
      const nonce = await new Promise<string>((resolve) => {
        waiting.set(unit.id, resolve);
        child.send({ nonce: unit.id });
      });
      return passwordOf(unit, fromHex(nonce) as Uint8Array, "bare");
    },
    go: async () => void child.send({ go: true }),
    stop: () => end(child),
  };
}

/** mosquitto with its dynamic-security plugin and an account for every unit, made beforehand. */
export async function startMosquitto(setting: Setting, units: readonly DrivenUnit[]): Promise<Server> {
  const port = await new Promise<number>((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const found = (probe.address() as { port: number }).port;
      probe.close(() => resolve(found));
    });
  });
  const accounts = dynamicSecurity(units);
  const folder = mkdtempSync(join(setting.folder, "mosquitto-"));
  const security = join(folder, "dynamic-security.json");
  writeFileSync(security, JSON.stringify(accounts.config), { mode: 0o600 });
  const config = [
    "per_listener_settings false",
    `listener ${port} 127.0.0.1`,
    "allow_anonymous false",
    `plugin ${dynamicSecurityPlugin()}`,
    `plugin_opt_config_file ${security}`,
    "max_queued_messages 0",
    "user root",
    "log_type error",
  ];
  writeFileSync(join(folder, "mosquitto.conf"), `${config.join("\n")}\n`);
  const broker = spawn("mosquitto", ["-c", join(folder, "mosquitto.conf")], {
    stdio: "ignore",
  });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const cloud = await startCloud(setting, units, "mosquitto", [
    "--broker",
    `mqtt://admin:${accounts.admin}@127.0.0.1:${port}`,
  ]);
  return {
    ...cloud,
    pids: [...cloud.pids, broker.pid as number],
    port,
    password: (unit) => Promise.resolve(accounts.passwords.get(unit.id) ?? ""),
    async stop() {
      await cloud.stop();
      await end(broker);
    },
  };
}

function dynamicSecurityPlugin(): string {
  const found = spawnSync("sh", ["-c", "ls /usr/lib/*/mosquitto_dynamic_security.so"]).stdout?.toString().trim();
  return found?.split("\n")[0] ?? "";
}

function dynamicSecurity(units: readonly DrivenUnit[]) {
  const passwords = new Map<string, string>();
  const account = (username: string, roles: object[], clientid?: string) => {
    const salt = randomBytes(12);
    const password = randomBytes(16).toString("hex");
    passwords.set(username, password);
    const hash = pbkdf2Sync(password, salt, 101, 64, "sha512").toString("base64");
    return {
      username,
      ...(clientid ? { clientid } : {}),
      roles,
      password: hash,
      salt: salt.toString("base64"),
      iterations: 101,
    };
  };
  const acl = (acltype: string) => (topic: string) => ({ acltype, topic, priority: 0, allow: true });
  const roles = units.map(({ id }) => ({
    rolename: `latchkey-${id}`,
    acls: [
      ...publishRights("bench", id).map(acl("publishClientSend")),
      ...subscribeRights("bench", id).map(acl("subscribeLiteral")),
    ],
  }));
  const admin = {
    rolename: "admin",
    acls: ["publishClientSend", "publishClientReceive", "subscribePattern", "unsubscribePattern"].flatMap((type) =>
      ["#", "$CONTROL/#"].map(acl(type)),
    ),
  };
  const clients = units.map(({ id }) => account(id, [{ rolename: `latchkey-${id}`, priority: 0 }], id));
  clients.push(account("admin", [{ rolename: "admin" }]));
  const defaultACLAccess = {
    publishClientSend: false,
    publishClientReceive: true,
    subscribe: false,
    unsubscribe: true,
  };
  return {
    config: { defaultACLAccess, clients, groups: [], roles: [admin, ...roles] },
    passwords,
    admin: passwords.get("admin"),
  };
}
