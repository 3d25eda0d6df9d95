/** A guest who floods a unit through the real cloud, and one who is revoked while connected to it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toHex } from "#base/bytes.ts";
import { addGrantIssuer } from "#cloud/issuer/grant-issuers.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { signRevocation } from "#trust/grants/revoke.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { seedSigner } from "#trust/signer.ts";
import { encodeDelivery } from "#wire/grants/revocation.ts";
import { callerName, callerToBeSigned, encodeCallerProof } from "#wire/link/caller-auth.ts";
import type { CloudAddress } from "#wire/link/cloud-address.ts";
import { linkPassword } from "#wire/link/link-auth.ts";
import { encodeRelayedRequest } from "#wire/link/relay.ts";
import { enrolmentOf, guestOf, type HomeUnit, issuer, seedOf, startHomeUnit } from "./home-unit.ts";
import { type CloudProcess, fetchNonce, startCloudProcess, testClient, testKeys, until } from "./linked-unit.ts";

describe("a unit whose owner calls through the relay", () => {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-crowding-"));
  let cloud: CloudProcess;
  let unit: HomeUnit;

  beforeAll(async () => {
    const keys = join(folder, "keys");
    testKeys(keys, "lamp");
    addGrantIssuer(keys, 1, issuer.publicKey);
    const data = join(folder, "data");
    cloud = await startCloudProcess(["--data", data, "--keys", keys]);
    const at: CloudAddress = { host: "127.0.0.1", mqttPort: cloud.mqtt, httpPort: cloud.http, broker: "latchkey" };
    const publicKey = primitives.ed25519PublicKey(seedOf(50));
    const known = { id: deviceIdOf(primitives, publicKey), publicKey } as HomeUnit;
    await testClient(cloud, data).post("/v1/devices", [enrolmentOf(known)]);
    unit = await startHomeUnit(seedOf(50), seedOf(7), at);
  });

  afterAll(async () => {
    unit?.stop();
    cloud?.child.kill("SIGTERM");
    await cloud?.ended;
    rmSync(folder, { recursive: true, force: true });
  });

  /** A caller's own connection, and the answers that come over it. */
  async function connectAs(caller: HomeUnit["owner"]) {
    const publicKey = primitives.ed25519PublicKey(caller.seed);
    const { nonce } = await fetchNonce(cloud.url, toHex(deviceIdOf(primitives, publicKey)));
    const signature = primitives.ed25519Sign(callerToBeSigned("latchkey", toHex(unit.id), nonce), caller.seed);
    const proof = { nonce, publicKey, signature };
    const body = Buffer.from(encodeCallerProof({ proof, deviceId: unit.id, chain: caller.chain }));
    expect((await fetch(`${cloud.url}/caller`, { method: "POST", body })).status).toBe(204);
    const name = callerName(nonce);
    const options = { clientId: name, username: name, password: linkPassword(proof), reconnectPeriod: 0 };
    const client: MqttClient = await connectAsync(`mqtt://127.0.0.1:${cloud.mqtt}`, options, false);
    await client.subscribeAsync(`c/${name}/reply`);
    const self = { client, answers: 0, isOver: false, ask: () => void client.publish(`c/${name}/relay`, key()) };
    client.on("message", () => self.answers++);
    client.on("close", () => {
      self.isOver = true;
    });
    return self;
  }
  const key = () =>
    Buffer.from(encodeRelayedRequest({ tag: primitives.random(8), path: "key", body: new Uint8Array(0) }));

  it("answers the owner while a guest asks for the key in four relay sessions at once", async () => {
    const guest = guestOf(unit, seedOf(9));
    const guests = [await connectAs(guest), await connectAs(guest), await connectAs(guest), await connectAs(guest)];
    const owner = await connectAs(unit.owner);
    const flood = setInterval(() => {
      for (const each of guests) for (let i = 0; i < 5; i++) each.ask();
    }, 10);
    const heard = () => guests.reduce((sum, { answers }) => sum + answers, 0);
    try {
      // The unit's attention is used up by now.
      await until("the flood is in full swing", () => heard() >= 30);
      // What the relay holds off is dropped: four answers for four requests mean that the guest took nothing of the owner's share.
      for (let i = 0; i < 4; i++) owner.ask();
      await until("the owner's answers", () => owner.answers === 4);
    } finally {
      clearInterval(flood);
      for (const each of [...guests, owner]) await each.client.endAsync(true);
    }
  });

  it("hears no more of a guest who is revoked while connected, and goes on with the others", async () => {
    const cti = new Uint8Array(8).fill(3);
    const gone = await connectAs(guestOf(unit, seedOf(21), { cti }));
    const other = await connectAs(guestOf(unit, seedOf(22)));
    gone.ask();
    await until("the guest is heard", () => gone.answers === 1);
    const { seed, chain } = unit.owner;
    const statement = signRevocation(seedSigner(primitives, seed), undefined, {
      ...{ audience: { kind: "device", id: unit.id } as const, sequence: 1, floor: 0, revoked: cti },
    });
    const operator = testClient(cloud, join(folder, "data"));
    await operator.post(`/v1/devices/${toHex(unit.id)}/revocations`, encodeDelivery([{ statement, chain }]));
    await until("the guest's relay session has ended", () => gone.isOver);
    expect(other.isOver).toBe(false);
    other.ask();
    await until("the other is heard", () => other.answers === 1);
    await other.client.endAsync(true);
  });
});
