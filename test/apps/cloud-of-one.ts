/** A real cloud process that knows one unit: the one of test/tls/linked-board.ts. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "#base/bytes.ts";
import { type Maker, makerOf } from "#boards/qemu-mps2/host/bare-unit.ts";
import type { OperatorClient } from "#cloud/http/operator-client.ts";
import { addGrantIssuer } from "#cloud/issuer/grant-issuers.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { type CloudProcess, startCloudProcess, testClient, testKeys } from "../cloud/broker/linked-unit.ts";
import { SEED } from "../device/link/peers.ts";

interface CloudOfOne {
  readonly cloud: CloudProcess;
  /** The unit's ID. */
  readonly id: Uint8Array;
  /** Signs what the cloud's units run. */
  readonly maker: Maker;
  readonly operator: OperatorClient;
  /** What the cloud says of the unit. */
  shown(): Promise<{ readonly online: boolean; readonly asleepUntilMs: number; readonly sequence: number }>;
  stop(): Promise<void>;
}

/**
 * Its name is "latchkey".
 * @param issuerKey Who may sign grants; nobody when absent.
 */
export async function startCloudOfOne(issuerKey?: Uint8Array): Promise<CloudOfOne> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-cloud-of-one-"));
  const [keys, data] = [join(folder, "keys"), join(folder, "data")];
  const { product, roots, signedKeyset } = testKeys(keys, "lamp");
  const seedOf = (role: "release" | "timestamp") => readKeyFile(join(keys, `${role}.key`), role).seed;
  const seeds = { releaseSeed: seedOf("release"), timestampSeed: seedOf("timestamp") };
  const maker = makerOf({ product, roots, keySet: signedKeyset, ...seeds });
  if (issuerKey !== undefined) addGrantIssuer(keys, 1, issuerKey);
  const cloud = await startCloudProcess(["--data", data, "--keys", keys]);
  const publicKey = primitives.ed25519PublicKey(SEED);
  const id = deviceIdOf(primitives, publicKey);
  const client = testClient(cloud, data);
  await client.post("/v1/devices", [
    { id: toHex(id), publicKey: toHex(publicKey), product: "lamp", hardware: 1, fleet: "lamp", lab: false },
  ]);
  return {
    ...{ cloud, id, maker, operator: client },
    shown: async () => (await client.get(`/v1/devices/${toHex(id)}`)) as Awaited<ReturnType<CloudOfOne["shown"]>>,
    async stop() {
      cloud.child.kill("SIGTERM");
      await cloud.ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
