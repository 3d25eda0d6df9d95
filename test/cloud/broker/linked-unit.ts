/** Real processes and real sockets for the cloud's tests: starts `latchkey cloud`, links model units to it over MQTT. */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { connect, type MqttClient } from "mqtt";
import { fromHex, toHex } from "#base/bytes.ts";
import { createFleetUnit, type Fate, type FleetUnit, type Message } from "#boards/sim/host/fleet-unit.ts";
import { operatorClient } from "#cloud/http/operator-client.ts";
import { newKeySet, type PublicKeys } from "#cloud/releases/key-set-files.ts";
import { buildRelease, signReleaseFile } from "#cloud/releases/release-build.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { encodeReleaseFile } from "#trust/host/release-file.ts";
import { decodeNonceAnswer, encodeLinkProof, linkPassword, linkToBeSigned } from "#wire/link/link-auth.ts";
import { subscribeRights, unitTopic } from "#wire/link/topics.ts";
import { COMPONENT, type Consent } from "#wire/releases/release.ts";
import { SILENCE_MS } from "../../progress.ts";

export interface CloudProcess {
  readonly child: ChildProcess;
  readonly http: number;
  readonly mqtt: number;
  readonly url: string;
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>;
}

/** Starts the command line's cloud; rejects with what it said when it ends before it is ready. */
export function startCloudProcess(args: readonly string[]): Promise<CloudProcess> {
  const child = spawn(
    process.execPath,
    ["bin/latchkey.mjs", "cloud", "--mqtt-port", "0", "--http-port", "0", ...args],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let said = "";
  child.stderr?.on("data", (bytes: Buffer) => {
    said += bytes.toString();
  });
  const ended = new Promise<number | string | null>((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? signal));
  });
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).once("line", (line) => {
      const ready = JSON.parse(line) as { http: number; mqtt: number };
      const scheme = args.includes("--tls-key") ? "https" : "http";
      resolve({ child, ...ready, url: `${scheme}://127.0.0.1:${ready.http}`, ended });
    });
    void ended.then((code) => reject(new Error(`ended with ${code}: ${said.trim()}`)));
  });
}

export interface TestUnit {
  readonly id: string;
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly model: FleetUnit;
}

/** Keys and a product's signer in a fresh folder. */
export function testKeys(folder: string, product: string): PublicKeys {
  return newKeySet(folder, product);
}

export function testUnit(
  number: number,
  keys: PublicKeys,
  fateOf: (sequence: number) => Fate = () => "works",
): TestUnit {
  const seed = new Uint8Array(32);
  new DataView(seed.buffer).setUint32(0, number + 1);
  const publicKey = nodePrimitives.ed25519PublicKey(seed);
  const model = createFleetUnit({
    crypto: nodePrimitives,
    product: keys.product,
    hardware: 1,
    deviceId: deviceIdOf(nodePrimitives, publicKey),
    keyset: keys.keyset,
    random: nodePrimitives.random,
    fateOf,
  });
  return { id: toHex(deviceIdOf(nodePrimitives, publicKey)), seed, publicKey, model };
}

export const enrolmentOf = (unit: TestUnit, product: string, lab = false) => ({
  id: unit.id,
  publicKey: toHex(unit.publicKey),
  product,
  hardware: 1,
  fleet: "f1",
  lab,
});

/** A signed release file of one JS image, as bytes. */
export function testRelease(
  folder: string,
  product: string,
  sequence: number,
  image: Uint8Array,
  consent: Consent = "auto",
): Uint8Array {
  const images = new Map<number, Uint8Array>([[COMPONENT.js, image]]);
  const plan = { product, sequence, hardware: [1], consent, epoch: 0, notAfterS: undefined, images, bases: [] };
  return encodeReleaseFile(signReleaseFile(buildRelease(plan), readKeyFile(`${folder}/release.key`, "release").seed));
}

export function testClient(cloud: CloudProcess, data: string) {
  return operatorClient({ data, url: cloud.url });
}

export async function fetchNonce(url: string, id: string): Promise<{ nonce: Uint8Array; register: boolean }> {
  const response = await fetch(`${url}/nonce`, { method: "POST", body: Buffer.from(fromHex(id) as Uint8Array) });
  const answer = decodeNonceAnswer(Uint8Array.from(Buffer.from(await response.arrayBuffer())));
  if (!answer.ok) throw new Error(answer.fault);
  return answer.value;
}

/** The password of a unit for one connection. */
export async function passwordFor(
  url: string,
  unit: Pick<TestUnit, "id" | "seed" | "publicKey">,
  broker = "latchkey",
): Promise<string> {
  const { nonce, register } = await fetchNonce(url, unit.id);
  const signature = nodePrimitives.ed25519Sign(linkToBeSigned(broker, unit.id, nonce), unit.seed);
  const proof = { nonce, publicKey: unit.publicKey, signature };
  if (register) {
    const answer = await fetch(`${url}/proof`, { method: "POST", body: Buffer.from(encodeLinkProof(proof)) });
    if (answer.status !== 204) throw new Error(await answer.text());
  }
  return linkPassword(proof);
}

export function mqttOf(port: number, id: string, password: string): Promise<MqttClient> {
  return new Promise((resolve, reject) => {
    const client = connect({
      ...{ host: "127.0.0.1", port, clientId: id, username: id, password, reconnectPeriod: 0, connectTimeout: 60_000 },
      will: { topic: unitTopic("f1", id, "state"), payload: Buffer.alloc(0), retain: true, qos: 1 },
    });
    client.once("connect", () => resolve(client));
    client.once("error", (error) => {
      client.end(true);
      reject(error);
    });
    client.once("close", () => reject(new Error("closed")));
  });
}

export interface Link {
  /** Ends the connection as a lost network does: without a word. */
  cut(): void;
  readonly closed: Promise<void>;
}

/** Links a model unit until the connection ends; it restarts by itself after a trial. */
export async function link(
  unit: TestUnit,
  cloud: Pick<CloudProcess, "url" | "mqtt">,
  onBlock?: () => void,
): Promise<Link> {
  const client = await mqttOf(cloud.mqtt, unit.id, await passwordFor(cloud.url, unit));
  client.on("error", () => undefined);
  let onClosed: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => {
    onClosed = resolve;
  });
  const say = (messages: readonly Message[]) => {
    for (const { name, payload } of messages) {
      const isState = name === "state";
      const topic = unitTopic("f1", unit.id, name);
      client.publish(topic, Buffer.from(payload), { qos: isState ? 1 : 0, retain: isState });
    }
  };
  const again = setInterval(() => say(unit.model.again()), 1_000);
  client.on("message", (topic, payload) => {
    const name = topic.slice(topic.lastIndexOf("/") + 1);
    if (name === "block") onBlock?.();
    const { says, restart } = unit.model.heard(name, Uint8Array.from(payload));
    say(says);
    if (restart && !unit.model.truth.isGone) say(unit.model.connected());
    else if (restart) client.end(true);
  });
  client.on("close", () => {
    clearInterval(again);
    onClosed();
  });
  // A connection that dies before it is answered leaves the question open for ever.
  await Promise.race([client.subscribeAsync([...subscribeRights("f1", unit.id)], { qos: 0 }), closed]);
  say(unit.model.connected());
  return { cut: () => void client.stream.destroy(), closed };
}

/** Bytes that no encoder makes smaller, the same in every run. */
export function noise(byteLength: number, seed = 1): Uint8Array {
  let state = seed;
  return new Uint8Array(byteLength).map(() => {
    state = Math.imul(state, 1_103_515_245) + 12_345;
    return state >>> 16;
  });
}

/** Waits until something holds, or fails with its name. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = SILENCE_MS,
): Promise<void> {
  const endMs = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > endMs) throw new Error(`in ${timeoutMs} ms not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
