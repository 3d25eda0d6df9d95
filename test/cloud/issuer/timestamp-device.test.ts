/** One unit's nonce, answered with what is current for another: the laboratory's unit, which is given untested releases. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { enrolmentOf, noise, type TestUnit, testRelease } from "../broker/linked-unit.ts";
import { type CloudHere, startCloudHere } from "../here.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-timestamp-device-"));
let here: CloudHere;
let owned: TestUnit;
let lab: TestUnit;

beforeAll(async () => {
  here = await startCloudHere(folder, 2);
  [owned, lab] = here.units as [TestUnit, TestUnit];
  await here.operator.post("/v1/devices", [enrolmentOf(lab, "lamp", true)]);
  await here.operator.post("/v1/releases", testRelease(here.keysFolder, "lamp", 1, noise(5_000)));
  // The first wave: laboratory units only.
  await here.operator.post("/v1/rollouts", { product: "lamp", sequence: 1 });
});
afterAll(async () => {
  await here?.cloud.close();
  rmSync(folder, { recursive: true, force: true });
});

const bytesOf = async (answer: Response) => Uint8Array.from(Buffer.from(await answer.arrayBuffer()));

/** Brings a unit the laboratory's release, and the cloud's timestamp for `of` over its nonce. @returns What it then says. */
async function lure(unit: TestUnit, of: TestUnit): Promise<readonly string[]> {
  const release = await bytesOf(await fetch(`${here.url}/v1/devices/${lab.id}/release`));
  unit.model.connected();
  const asked = unit.model.heard("release", release).says.find(({ name }) => name === "ask");
  const body = Buffer.from(asked?.payload ?? new Uint8Array(0));
  const fresh = await fetch(`${here.url}/v1/devices/${of.id}/fresh`, { method: "POST", body });
  expect(fresh.status).toBe(200);
  return unit.model.heard("fresh", await bytesOf(fresh)).says.map(({ name }) => name);
}

it("an owner's unit does not take the laboratory's release, whoever carries release and timestamp to it", async () => {
  expect(await lure(owned, lab)).not.toContain("want");
  expect(await lure(lab, lab)).toContain("want");
});
