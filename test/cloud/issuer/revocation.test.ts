/** Revocations through a real cloud process: to units that are there, that come later, and after a kill -9. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromHex, toHex } from "#base/bytes.ts";
import type { OperatorClient } from "#cloud/http/operator-client.ts";
import type { RevocationStatus } from "#cloud/issuer/revocation-register.ts";
import { signRevocation } from "#trust/grants/revoke.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import type { Audience } from "#wire/grants/audience.ts";
import { encodeDelivery, joinCtis, readDelivery } from "#wire/grants/revocation.ts";
import {
  type CloudProcess,
  enrolmentOf,
  link,
  startCloudProcess,
  testClient,
  testKeys,
  testUnit,
  until,
} from "../broker/linked-unit.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-revocation-"));
const data = join(folder, "data");
const keysFolder = join(folder, "keys");
const keys = testKeys(keysFolder, "lamp");
const [first, second] = [testUnit(0, keys), testUnit(1, keys)];
const started: CloudProcess[] = [];

const seed = new Uint8Array(32).fill(9);
const issuer = {
  publicKey: nodePrimitives.ed25519PublicKey(seed),
  sign: (message: Uint8Array) => nodePrimitives.ed25519Sign(message, seed),
};
const fleetOf = (name: string): Audience => ({ kind: "fleet", name });
const cti = (number: number) => new Uint8Array(8).fill(number);

function statement(audience: Audience, sequence: number, floor: number, ...revoked: readonly number[]): Uint8Array {
  const content = { audience, sequence, floor, revoked: joinCtis(revoked.map(cti)) };
  return signRevocation(issuer, Uint8Array.of(1), content);
}
const deliveryOf = (...statements: readonly Uint8Array[]) =>
  encodeDelivery(statements.map((each) => ({ statement: each })));

async function start(): Promise<CloudProcess> {
  const cloud = await startCloudProcess(["--data", data, "--keys", keysFolder]);
  started.push(cloud);
  return cloud;
}

const statusOf = (operator: OperatorClient) => operator.get<readonly RevocationStatus[]>("/v1/revocations");

afterAll(() => {
  for (const { child } of started) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

describe("revocations through the cloud", () => {
  let cloud: CloudProcess;
  let operator: OperatorClient;

  beforeAll(async () => {
    cloud = await start();
    operator = testClient(cloud, data);
    await operator.post("/v1/devices", [enrolmentOf(first, "lamp"), enrolmentOf(second, "lamp")]);
  });

  it("reach a unit that is linked at once, and one that was off when it comes; each says that it took them", async () => {
    const early = await link(first, cloud);
    const list = deliveryOf(statement(fleetOf("f1"), 1, 0, 1), statement(fleetOf("f1"), 2, 1, 2));
    await operator.post("/v1/fleets/f1/revocations", list);
    await until("the linked unit took them", async () => (await statusOf(operator))[0]?.taken === 1);
    expect(await statusOf(operator)).toEqual([
      { scope: { kind: "fleet", name: "f1" }, statements: 2, devices: 2, taken: 1, missing: [second.id] },
    ]);
    const late = await link(second, cloud);
    await until("the late unit took them", async () => (await statusOf(operator))[0]?.taken === 2);
    early.cut();
    late.cut();
  });

  it("survive kill -9: what was acknowledged is in force again, and who took it is known", async () => {
    const newer = statement(fleetOf("f1"), 3, 1, 2, 3);
    await operator.post("/v1/fleets/f1/revocations", deliveryOf(newer));
    cloud.child.kill("SIGKILL");
    await cloud.ended;
    cloud = await start();
    operator = testClient(cloud, data);
    // The newer statement names all that the older one of the same floor did, so the older one is dropped; the step
    // of the floor stays.
    expect((await statusOf(operator))[0]).toMatchObject({ statements: 2, taken: 0 });
    const again = await link(first, cloud);
    await until("the unit took the newer one", async () => (await statusOf(operator))[0]?.taken === 1);
    again.cut();
  });

  it("go to one unit alone where they are its own", async () => {
    const own = statement({ kind: "device", id: fromHex(second.id) as Uint8Array }, 4, 1, 7);
    await operator.post(`/v1/devices/${second.id}/revocations`, deliveryOf(own));
    const heard: Uint8Array[] = [];
    const told = await link(
      {
        ...second,
        model: {
          ...second.model,
          heard(name, payload) {
            if (name === "revocation") heard.push(payload);
            return second.model.heard(name, payload);
          },
        },
      },
      cloud,
    );
    await until("the unit took its own", async () =>
      (await statusOf(operator)).every(({ missing }) => !missing.includes(second.id)),
    );
    told.cut();
    const delivered = readDelivery(heard.at(-1) as Uint8Array);
    expect(delivered.ok && delivered.value.map((each) => toHex(each.statement))).toContain(toHex(own));
    expect(delivered.ok && delivered.value.length).toBe(3);
    expect((await statusOf(operator))[0]).toMatchObject({ scope: { kind: "fleet" }, taken: 1 + 1 });
  });

  it("are refused in the wrong order, also of a unit's own and its fleet's: units would pass the older one over", async () => {
    const own = (sequence: number, number: number) =>
      deliveryOf(statement({ kind: "device", id: fromHex(second.id) as Uint8Array }, sequence, 1, number));
    const ofFleet = (sequence: number, number: number) =>
      deliveryOf(statement(fleetOf("f1"), sequence, 1, 2, 3, number));
    const fleetAt = "/v1/fleets/f1/revocations";
    // The fleet's last is 3, and the unit's own 4.
    await expect(operator.post(fleetAt, ofFleet(3, 8))).rejects.toThrow(/sequence is 3, and 4 .*--sequence 5/);
    await expect(operator.post(fleetAt, ofFleet(4, 8))).rejects.toThrow(/sequence is 4, and 4 .*--sequence 5/);
    await expect(operator.post(`/v1/devices/${second.id}/revocations`, own(4, 8))).rejects.toThrow(/sequence is 4/);
    await expect(operator.post(`/v1/devices/${second.id}/revocations`, own(2, 8))).rejects.toThrow(/--sequence 5/);
    expect((await statusOf(operator)).map(({ statements }) => statements)).toEqual([2, 1]);
    // What was published already may be published again, and changes nothing.
    await operator.post(fleetAt, deliveryOf(statement(fleetOf("f1"), 3, 1, 2, 3)));
    expect((await statusOf(operator)).map(({ statements }) => statements)).toEqual([2, 1]);
  });

  it("are refused where they would be refused by units, or would not fit one delivery", async () => {
    const at = "/v1/fleets/f1/revocations";
    await expect(operator.post(at, Uint8Array.of(1, 2, 3))).rejects.toThrow(/not a revocation/);
    await expect(operator.post(at, deliveryOf(statement(fleetOf("other"), 9, 1, 1)))).rejects.toThrow(/for others/);
    await expect(
      operator.post("/v1/fleets/none/revocations", deliveryOf(statement(fleetOf("none"), 9, 1))),
    ).rejects.toThrow(/no unit of a fleet none/);
    const steps = Array.from({ length: 8 }, (_, i) => statement(fleetOf("f1"), 20 + i, 2 + i));
    await expect(operator.post(at, deliveryOf(...steps))).rejects.toThrow(/units take 8 statements/);
    expect((await statusOf(operator))[0]).toMatchObject({ statements: 2 });
  });

  it("are handed in and shown by the command line, on the status page and to Prometheus", async () => {
    const file = join(folder, "list.hex");
    writeFileSync(file, `${toHex(deliveryOf(statement(fleetOf("f1"), 5, 1, 2, 3, 4)))}\n`);
    const run = async (...args: readonly string[]) =>
      (await promisify(execFile)(process.execPath, ["bin/latchkey.mjs", "revocation", ...args, "--data", data])).stdout;
    expect(await run("publish", file, "--fleet", "f1")).toMatch(/fleet f1: 2 statements, taken by 0 of 2 units/);
    expect(await run("status")).toContain(`not yet: ${first.id} ${second.id}`);
    const key = readFileSync(join(data, "operator.key"), "utf8").trim();
    const page = async (path: string) =>
      (await fetch(`${cloud.url}${path}`, { headers: { authorization: `Bearer ${key}` } })).text();
    expect(await page("/")).toMatch(/fleet f1<\/td><td class="n">2<\/td><td class="n">0 of 2/);
    expect(await page("/metrics")).toContain('latchkey_revocation_devices{scope="fleet f1",taken="no"} 2');
  });
});
