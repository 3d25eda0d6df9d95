import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toHex } from "#base/bytes.ts";
import type { OperatorClient } from "#cloud/http/operator-client.ts";
import type { RevocationStatus } from "#cloud/issuer/revocation-register.ts";
import type { RolloutStatus, Status } from "#cloud/status/status.ts";
import { signRevocation } from "#trust/grants/revoke.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { encodeDelivery } from "#wire/grants/revocation.ts";
import { DEVICE, SEED } from "../../device/link/peers.ts";
import { certify } from "../../tls/authority.ts";
import { startLinkedBoard } from "../../tls/linked-board.ts";
import {
  type CloudProcess,
  enrolmentOf,
  link,
  mqttOf,
  noise,
  passwordFor,
  startCloudProcess,
  testClient,
  testKeys,
  testRelease,
  testUnit,
  until,
} from "./linked-unit.ts";
import { type Mosquitto, startMosquitto } from "./mosquitto-broker.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-mosquitto-"));
const keysFolder = join(folder, "keys");
const keys = testKeys(keysFolder, "lamp");
const units = Array.from({ length: 4 }, (_, i) => testUnit(i, keys));
const [first, second] = units as [(typeof units)[0], (typeof units)[0]];

let broker: Mosquitto;
let port = 0;
let cloud: CloudProcess;
let operator: OperatorClient;

beforeAll(async () => {
  broker = await startMosquitto(folder);
  port = broker.port;
  const data = join(folder, "data");
  cloud = await startCloudProcess([
    "--data",
    data,
    "--keys",
    keysFolder,
    "--broker",
    `mqtt://admin:secret@127.0.0.1:${port}`,
  ]);
  operator = testClient(cloud, data);
  await operator.post(
    "/v1/devices",
    units.map((unit) => enrolmentOf(unit, "lamp")),
  );
});

afterAll(async () => {
  cloud?.child.kill("SIGTERM");
  await cloud?.ended;
  broker?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("somebody else's broker: mosquitto", () => {
  const place = () => ({ url: cloud.url, mqtt: port });

  it("lets a unit in with the proof that it handed in, and nobody without", async () => {
    await expect(mqttOf(port, first.id, "nothing")).rejects.toThrow(/Not authorized/);
    const client = await mqttOf(port, first.id, await passwordFor(cloud.url, first));
    const granted = await client.subscribeAsync(`f/f1/d/${second.id}/release`).catch(() => []);
    expect(granted[0]?.qos ?? 128).toBe(128);
    const own = await client.subscribeAsync(`f/f1/d/${first.id}/release`);
    expect(own[0]?.qos).toBe(0);
    await client.endAsync();
    const forged = { ...first, seed: second.seed };
    await expect(passwordFor(cloud.url, forged)).rejects.toThrow(/LINK_SIGNATURE/);
  });

  it("updates units through it, sees who is there, and revokes a password when its unit has gone", async () => {
    await operator.post("/v1/releases", testRelease(keysFolder, "lamp", 1, noise(30_000)));
    const limits = { soakMs: 0, sample: 1_000 };
    const waves = [{ name: "100 %", share: 10_000 }];
    const { rollout } = await operator.post<RolloutStatus>("/v1/rollouts", {
      product: "lamp",
      sequence: 1,
      waves,
      limits,
    });
    const links = await Promise.all(units.map((unit) => link(unit, place())));
    await until("every unit runs release 1", () => units.every((unit) => unit.model.truth.sequence === 1));
    await until("the counters say so", async () => {
      const { tally } = await operator.get<RolloutStatus>(`/v1/rollouts/${rollout.id}`);
      return tally.confirmed === units.length;
    });
    expect((await operator.get<Status>("/v1/status")).online).toBe(units.length);
    for (const each of links) each.cut();
    await until("all have gone", async () => (await operator.get<Status>("/v1/status")).online === 0);
    const password = await passwordFor(cloud.url, first);
    const client = await mqttOf(port, first.id, password);
    client.publish(`f/f1/d/${first.id}/state`, Buffer.from("84010100f6", "hex"), { qos: 1, retain: true });
    await until("it is online", async () => (await operator.get<Status>("/v1/status")).online === 1);
    client.stream.destroy();
    await until("it has gone", async () => (await operator.get<Status>("/v1/status")).online === 0);
    await until("its password is worth nothing", () =>
      mqttOf(port, first.id, password).then(
        (again) => again.endAsync().then(() => false),
        () => true,
      ),
    );
  });

  it("is told again what was said while it was dead", async () => {
    const data = join(folder, "data");
    const links = await Promise.all(units.map((unit) => link(unit, place())));
    await until("all are online", async () => (await operator.get<Status>("/v1/status")).online === units.length);
    cloud.child.kill("SIGKILL");
    await cloud.ended;
    for (const each of links.slice(0, 2)) each.cut();
    const admin = `mqtt://admin:secret@127.0.0.1:${port}`;
    cloud = await startCloudProcess(["--data", data, "--keys", keysFolder, "--broker", admin]);
    operator = testClient(cloud, data);
    await until("two are online", async () => (await operator.get<Status>("/v1/status")).online === units.length - 2);
    const { versions } = await operator.get<Status>("/v1/status");
    expect(versions).toEqual([{ product: "lamp", sequence: 1, devices: units.length }]);
    for (const each of links) each.cut();
  });

  it("is reached under TLS by whoever knows its authority, and by nobody else", async () => {
    const home = mkdtempSync(join(tmpdir(), "latchkey-mosquitto-tls-"));
    const authority = certify({ name: "Broker's authority", isAuthority: true });
    const other = certify({ name: "Broker's authority", isAuthority: true });
    const caOf = (name: string, { certificatePem }: { readonly certificatePem: string }) => {
      writeFileSync(join(home, name), certificatePem);
      return ["--broker-ca", join(home, name)];
    };
    const secured = await startMosquitto(home, certify({ name: "localhost" }, authority));
    const url = `mqtts://admin:secret@localhost:${secured.port}`;
    const start = (...more: string[]) =>
      startCloudProcess(["--data", mkdtempSync(join(home, "data-")), "--keys", keysFolder, "--broker", url, ...more]);
    try {
      const behind = await start(...caOf("ca.pem", authority));
      // It is there for units: it knows none yet.
      await expect(passwordFor(behind.url, first)).rejects.toThrow(/LINK_DEVICE/);
      behind.child.kill("SIGTERM");
      await behind.ended;
      const refused = /latchkey: broker mqtts:.* can't be used .*--broker-ca/;
      await Promise.all([
        expect(start(...caOf("other.pem", other))).rejects.toThrow(refused),
        expect(start()).rejects.toThrow(refused),
      ]);
    } finally {
      secured.stop();
      rmSync(home, { recursive: true, force: true });
    }
  });

  it("hands revocations to units through it, when they come; each says that it took them", async () => {
    const seed = new Uint8Array(32).fill(9);
    const publicKey = nodePrimitives.ed25519PublicKey(seed);
    const signer = { publicKey, sign: (message: Uint8Array) => nodePrimitives.ed25519Sign(message, seed) };
    const content = {
      audience: { kind: "fleet", name: "f1" },
      sequence: 1,
      floor: 0,
      revoked: new Uint8Array(8),
    } as const;
    const delivery = encodeDelivery([{ statement: signRevocation(signer, Uint8Array.of(1), content) }]);
    const early = await link(first, place());
    await operator.post("/v1/fleets/f1/revocations", delivery);
    const taken = async () => (await operator.get<readonly RevocationStatus[]>("/v1/revocations"))[0]?.taken;
    await until("the linked unit took them", async () => (await taken()) === 1);
    const late = await link(second, place());
    await until("the late unit took them", async () => (await taken()) === 2);
    early.cut();
    late.cut();
  });

  it("offers MQTT 5 to a unit that runs the shipped bundle, and the unit speaks it", async () => {
    const enrolment = { ...enrolmentOf(first, "lamp"), id: DEVICE, fleet: "lamp" };
    const publicKey = toHex(nodePrimitives.ed25519PublicKey(SEED));
    await operator.post("/v1/devices", [{ ...enrolment, publicKey }]);
    const httpPort = Number(new URL(cloud.url).port);
    const unit = await startLinkedBoard("sim", { mqttPort: port, httpPort, broker: "latchkey" });
    try {
      const [line] = await unit.next(/^link: up, MQTT .*$/);
      expect(line).toBe("link: up, MQTT 5");
      await until("it is online", async () => (await operator.get<Status>("/v1/status")).online === 1);
    } finally {
      await unit.close();
    }
    await until("it has gone", async () => (await operator.get<Status>("/v1/status")).online === 0);
  });

  it("says in one line what to do about a broker that refuses or isn't there", async () => {
    const data = join(folder, "other");
    const start = (url: string) => startCloudProcess(["--data", data, "--keys", keysFolder, "--broker", url]);
    await expect(start(`mqtt://admin:wrong@127.0.0.1:${port}`)).rejects.toThrow(
      /latchkey: broker mqtt:\/\/127\.0\.0\.1:\d+ can't be used .*check that it runs, user and password/,
    );
    await expect(start("mqtt://admin:secret@127.0.0.1:1")).rejects.toThrow(/latchkey: broker .* can't be used/);
  });
});
