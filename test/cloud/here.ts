/** A cloud inside the test's own process, with units enrolled: quicker to start than the command line's. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Cloud, type CloudOptions, startCloud } from "#cloud/cloud.ts";
import { type OperatorClient, operatorClient } from "#cloud/http/operator-client.ts";
import { enrolmentOf, type TestUnit, testKeys, testUnit } from "./broker/linked-unit.ts";

export interface CloudHere {
  readonly cloud: Cloud;
  readonly url: string;
  readonly mqtt: number;
  readonly data: string;
  readonly keysFolder: string;
  readonly operator: OperatorClient;
  readonly units: readonly TestUnit[];
  operatorKey(): string;
}

/** @param folder Where data and keys of the product "lamp" stand; made when it is not there. */
export async function startCloudHere(
  folder: string,
  unitCount: number,
  more: Partial<CloudOptions> = {},
): Promise<CloudHere> {
  const [data, keysFolder] = [join(folder, "data"), join(folder, "keys")];
  mkdirSync(folder, { recursive: true });
  const keys = testKeys(keysFolder, "lamp");
  const cloud = await startCloud({
    ...{ data, keys: [keysFolder], name: "latchkey", host: "127.0.0.1", mqttPort: 0, httpPort: 0 },
    onFatal: (error) => process.stderr.write(`${String(error)}\n`),
    ...more,
  });
  const url = `http://127.0.0.1:${cloud.httpPort}`;
  const operator = operatorClient({ data, url });
  const units = Array.from({ length: unitCount }, (_, number) => testUnit(number, keys));
  await operator.post(
    "/v1/devices",
    units.map((unit) => enrolmentOf(unit, "lamp")),
  );
  return {
    ...{ cloud, url, mqtt: cloud.mqttPort ?? 0, data, keysFolder, operator, units },
    operatorKey: () => readFileSync(join(data, "operator.key"), "utf8").trim(),
  };
}
