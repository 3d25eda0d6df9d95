/** What stands at the other end of a unit's link in tests: a nonce server, aedes, mosquitto. Loopback only. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type Server as HttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Aedes } from "aedes";
import { equal, fromHex, toHex } from "#base/bytes.ts";
import { freePort } from "#base/host/free-port.ts";
import { encodeCbor } from "#codec/cbor.ts";
import type { Stored } from "#device/machine.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { verifyEd25519 } from "#trust/ed25519-strict.ts";
import { nodePrimitives as crypto } from "#trust/host/node-primitives.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { decodeLinkProof, encodeNonceAnswer, linkPassword, linkToBeSigned } from "#wire/link/link-auth.ts";
import { mayPublish, maySubscribe } from "#wire/link/topics.ts";
import { until } from "../../progress.ts";

export const BROKER = "broker.test";
export const SEED = new Uint8Array(32).fill(42);
export const DEVICE = toHex(deviceIdOf(crypto, crypto.ed25519PublicKey(SEED)));

const text = (value: string) => new TextEncoder().encode(value);

export function storedFor(mqttPort: number, httpPort: number): Stored {
  const values = new Map<string, Uint8Array>([
    [OWN.key, SEED],
    [PROVISIONED.fleet, text("lamp")],
    [PROVISIONED.cloud, encodeCbor(["127.0.0.1", mqttPort, httpPort, BROKER])],
  ]);
  return { get: (name) => values.get(name), names: () => [...values.keys()] };
}

export interface NonceServer {
  readonly port: number;
  /** What the next answers are instead of a nonce: a status and Retry-After. */
  refuseWith: { readonly status: number; readonly retryAfterS: number } | undefined;
  asked: number;
  /** Spends a nonce: whether it was given and not used before. */
  spend(nonce: Uint8Array): boolean;
  stop(): Promise<void>;
}

/** Gives nonces as the cloud does; `register` makes units hand their proof to `onProof` first. */
export async function startNonceServer(options: {
  readonly register?: (password: string) => void;
  readonly mqtt5?: boolean;
  /** PEM; over TLS where given. */
  readonly tls?: { readonly key: string; readonly cert: string };
}): Promise<NonceServer> {
  const nonces = new Set<string>();
  const listener: RequestListener = (request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const body = new Uint8Array(Buffer.concat(pieces));
      if (request.url === "/proof") {
        const proof = decodeLinkProof(body);
        if (proof.ok) options.register?.(linkPassword(proof.value));
        response.writeHead(proof.ok ? 204 : 400).end();
        return;
      }
      server.asked++;
      if (server.refuseWith !== undefined) {
        const { status, retryAfterS } = server.refuseWith;
        response.writeHead(status, { "Retry-After": retryAfterS }).end();
        return;
      }
      const nonce = crypto.random(16);
      nonces.add(toHex(nonce));
      const answer = { nonce, register: options.register !== undefined, mqtt5: options.mqtt5 ?? false };
      const bytes = encodeNonceAnswer(answer);
      response.writeHead(200, { "Content-Length": bytes.length }).end(bytes);
    });
  };
  const http: HttpServer =
    options.tls === undefined ? createHttpServer(listener) : createHttpsServer(options.tls, listener);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const server: NonceServer = {
    port: (http.address() as AddressInfo).port,
    refuseWith: undefined,
    asked: 0,
    spend: (nonce) => nonces.delete(toHex(nonce)),
    stop: () => new Promise((resolve) => http.close(() => resolve())),
  };
  return server;
}

interface Broker {
  readonly port: number;
  stop(): Promise<void>;
}

/** aedes that checks proofs and rights as the cloud does. */
export async function startAedes(nonces: NonceServer): Promise<Broker & { readonly aedes: Aedes }> {
  const aedes = await Aedes.createBroker();
  aedes.authenticate = (client, username, password, done) => {
    const proof = decodeLinkProof(fromHex(password?.toString() ?? "") ?? new Uint8Array(0));
    const isGood =
      proof.ok &&
      username === client.id &&
      equal(deviceIdOf(crypto, proof.value.publicKey), fromHex(client.id) ?? new Uint8Array(0)) &&
      nonces.spend(proof.value.nonce) &&
      verifyEd25519(
        crypto,
        linkToBeSigned(BROKER, client.id, proof.value.nonce),
        proof.value.signature,
        proof.value.publicKey,
      );
    done(null, isGood);
  };
  aedes.authorizePublish = (client, packet, done) => {
    done(client === null || mayPublish("lamp", client.id, packet.topic) ? null : new Error("not yours"));
  };
  aedes.authorizeSubscribe = (client, subscription, done) => {
    done(null, client === null || maySubscribe("lamp", client.id, subscription.topic) ? subscription : null);
  };
  const server: Server = createServer(aedes.handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    aedes,
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        aedes.close(() => server.close(() => resolve()));
      }),
  };
}

export interface Mosquitto extends Broker {
  /** Sets a unit's password, as the cloud does through the broker's own means. */
  allow(username: string, password: string): void;
}

/**
 * mosquitto on a free port, no anonymous clients, one operator who may do everything.
 * @param tls PEM; a second port for units, which speaks TLS alone.
 */
export async function startMosquitto(tls?: {
  readonly key: string;
  readonly cert: string;
}): Promise<Mosquitto & { readonly tlsPort: number }> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-mosquitto-"));
  const passwords = join(folder, "passwords");
  const rights = join(folder, "rights");
  const config = join(folder, "mosquitto.conf");
  const port = await freePort();
  const lines = [
    `listener ${port} 127.0.0.1`,
    "allow_anonymous false",
    `password_file ${passwords}`,
    `acl_file ${rights}`,
    "persistence false",
    "user root",
  ];
  const tlsPort = tls === undefined ? 0 : await freePort();
  if (tls !== undefined) {
    const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    writeFileSync(keyFile, tls.key, { mode: 0o600 });
    writeFileSync(certFile, tls.cert);
    lines.push("per_listener_settings false", `listener ${tlsPort} 127.0.0.1`, `keyfile ${keyFile}`);
    lines.push(`certfile ${certFile}`, "tls_version tlsv1.2");
  }
  writeFileSync(config, `${lines.join("\n")}\n`);
  writeFileSync(
    rights,
    "user operator\ntopic readwrite #\n\npattern readwrite f/lamp/d/%u/#\npattern read f/lamp/all/#\n",
  );
  writeFileSync(passwords, "", { mode: 0o600 });
  setPassword(passwords, "operator", "operator");
  const process: ChildProcess = spawn("mosquitto", ["-c", config], { stdio: "ignore" });
  await answering(port);
  return {
    port,
    tlsPort,
    allow(username, password) {
      setPassword(passwords, username, password);
      process.kill("SIGHUP");
    },
    stop: () =>
      new Promise((resolve) => {
        process.once("exit", () => {
          rmSync(folder, { recursive: true, force: true });
          resolve();
        });
        process.kill("SIGTERM");
      }),
  };
}

function setPassword(file: string, username: string, password: string): void {
  const { status, stderr } = spawnSync("mosquitto_passwd", ["-b", file, username, password]);
  if (status !== 0) throw new Error(`mosquitto_passwd: ${stderr}`);
}

/** Waits until somebody listens there. */
async function answering(port: number): Promise<void> {
  await until(`an answer on port ${port}`, async () => {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: "127.0.0.1", port });
      socket.once("connect", () => socket.end(() => resolve(true)));
      socket.once("error", () => resolve(false));
    });
    return isUp || undefined;
  });
}
