/** `latchkey rollout` as an operator uses it: processes of its own against a real cloud whose units are linked over MQTT. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startProgram } from "#boards/sim/host/child.ts";
import type { OperatorClient } from "#cloud/http/operator-client.ts";
import {
  type CloudProcess,
  enrolmentOf,
  type Link,
  link,
  noise,
  startCloudProcess,
  testClient,
  testKeys,
  testRelease,
  testUnit,
  until,
} from "../cloud/broker/linked-unit.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-rollout-"));
const data = join(folder, "data");
const keysFolder = join(folder, "keys");
const keys = testKeys(keysFolder, "lamp");
/** The last of them crashes with release 2. */
const units = Array.from({ length: 5 }, (_, i) =>
  testUnit(i, keys, (sequence) => (i === 4 && sequence === 2 ? "crashes" : "works")),
);
const [lab, held, sent, late] = units as [(typeof units)[0], (typeof units)[0], (typeof units)[0], (typeof units)[0]];
let cloud: CloudProcess;
let operator: OperatorClient;
let links: readonly Link[] = [];

async function rollout(...args: readonly string[]) {
  const child = startProgram("src/cli/main.ts", ["rollout", ...args, "--data", data]);
  const lines: string[] = [];
  child.onLine((line) => void lines.push(line));
  const code = await child.exited;
  return { code, lines, text: lines.join("\n"), errors: child.errors().trim() };
}
async function cloudVerb(...args: readonly string[]) {
  const child = startProgram("src/cli/main.ts", ["cloud", ...args, "--data", data]);
  const lines: string[] = [];
  child.onLine((line) => void lines.push(line));
  await child.exited;
  return { lines, text: lines.join("\n"), errors: child.errors().trim() };
}
const publish = (sequence: number) =>
  operator.post("/v1/releases", testRelease(keysFolder, "lamp", sequence, noise(6_000 + sequence)));
const runs = (unit: (typeof units)[0]) => unit.model.truth.sequence;
/** Hours of the day that are never now. */
function otherHours(): string {
  const hour = (new Date().getUTCHours() + 12) % 24;
  return `${String(hour).padStart(2, "0")}:00-${String(hour).padStart(2, "0")}:30`;
}

beforeAll(async () => {
  cloud = await startCloudProcess(["--data", data, "--keys", keysFolder]);
  operator = testClient(cloud, data);
  const file = join(folder, "units.json");
  writeFileSync(file, JSON.stringify(units.map((unit) => enrolmentOf(unit, "lamp", unit === lab))));
  expect(await rollout("enrol", file)).toMatchObject({ code: 0, text: "5 units are enrolled" });
  links = await Promise.all(units.map((unit) => link(unit, cloud)));
});

afterAll(() => {
  for (const each of links) each.cut();
  cloud.child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

describe("latchkey rollout", () => {
  it("says what to do where there is nothing to roll out", async () => {
    expect((await rollout("status")).text).toMatch(/5 devices, 5 online[\s\S]*begin one: latchkey rollout create/);
    const early = await rollout("create", "lamp", "1");
    expect(early).toMatchObject({ code: 1, errors: expect.stringMatching(/no release 1 of lamp; publish it first/) });
    expect((await rollout("create", "lamp", "1", "--waves", "lab,200")).errors).toMatch(
      /--waves: "200" is not understood \(expected 0 to 100, as 25 or 12.5%\)/,
    );
    expect((await rollout("halt", "lamp-9-1")).errors).toMatch(/there is no rollout lamp-9-1/);
  });

  it("steers single units: a pin holds, a maintenance window holds, a target goes ahead of its wave", async () => {
    await publish(1);
    expect((await rollout("pin", held.id, "0")).code).toBe(0);
    expect((await rollout("pin", late.id, "--window", otherHours())).code).toBe(0);
    expect((await rollout("pin", sent.id, "--target", "1")).code).toBe(0);
    expect((await rollout("pin", late.id, "--window", "5 to 6")).errors).toMatch(
      /expected two times in UTC, as 23:30-05:00/,
    );
    const created = await rollout("create", "lamp", "1", "--waves", "lab,100", "--soak", "3600");
    expect(created).toMatchObject({ code: 0, text: expect.stringMatching(/^lamp-1-1 {2}running {2}wave lab/) });
    await until("lab and targeted units have it", () => runs(lab) === 1 && runs(sent) === 1);
    expect(units.filter((unit) => runs(unit) === 1)).toHaveLength(2);
    expect((await rollout("open", "lamp-1-1", "--because", "the lab is content")).text).toMatch(
      /wave 100 %[\s\S]*the lab is content/,
    );
    await until("the others follow", () => units.filter((unit) => runs(unit) === 1).length === 3);
    expect((await rollout("explain", held.id)).text).toMatch(
      /offered nothing[\s\S]*FAILS {2}pin: device is pinned to 0/,
    );
    expect((await rollout("explain", late.id)).text).toMatch(/FAILS {2}maintenance window: \d\d:00 to \d\d:30 UTC/);
    expect((await rollout("explain", lab.id)).text).toMatch(/FAILS {2}newer: device runs 1, release is 1/);
    await rollout("pin", held.id);
    await rollout("pin", late.id, "--no-window");
    await until("all have it", () => units.every((unit) => runs(unit) === 1));
  });

  it("shows progress until it is over, with failures and their reasons", async () => {
    await publish(2);
    const told = await rollout("create", "lamp", "2", "--waves", "100", "--soak", "0", "--watch");
    expect(told.code).toBe(0);
    expect(told.lines.length).toBeGreaterThan(3);
    expect(told.text).toMatch(/\[#{19}\.{5}\] 4\/5 {2}0 fetching, 0 on trial, 1 failed, 0 silent/);
    expect(told.lines.slice(-2)).toEqual(["  1 x TRIAL_CRASH", "  which units: latchkey rollout failures lamp-2-1"]);
    const status = await rollout("status", "lamp-2-1", "--json");
    expect(JSON.parse(status.text)).toMatchObject({
      rollout: { id: "lamp-2-1" },
      tally: { confirmed: 4, rejected: 1 },
    });
  });

  it("names the units that failed, each with its reason, and finds them in the fleet", async () => {
    const [failed] = units.slice(-1) as [(typeof units)[0]];
    expect((await cloudVerb("name", failed.id, "Kitchen of 4711")).text).toBe(
      `${failed.id} is called "Kitchen of 4711"`,
    );
    const named = `${failed.id} "Kitchen of 4711"`;
    expect((await rollout("failures", "lamp-2-1")).lines).toEqual([
      `${named}  f1  rejected: TRIAL_CRASH  online`,
      "1 unit failed",
    ]);
    expect((await rollout("failures", "lamp-2-1", "--fault", "LOW_POWER")).text).toBe("0 units failed");
    expect((await rollout("failures", "lamp-2-1", "--state", "confirmed", "--limit", "3")).lines.slice(3)).toEqual([
      "4 units confirmed",
      expect.stringMatching(/^there are more; go on with: --after [0-9a-f]{24}$/),
    ]);
    expect((await rollout("failures", "lamp-9-1")).errors).toMatch(/there is no rollout lamp-9-1/);
    const listed = `${named}  lamp 1  f1  online  release 2 rejected: TRIAL_CRASH`;
    for (const filter of [
      ["--search", "kitchen"],
      ["--state", "failed"],
      ["--release", "1"],
    ]) {
      expect((await cloudVerb("devices", ...filter)).lines, filter.join(" ")).toEqual([listed, "1 unit"]);
    }
    expect((await cloudVerb("devices", "--state", "broken")).errors).toMatch(/--state.*online/);
    expect((await cloudVerb("keys")).text).toMatch(/lamp {2}timestamp [0-9a-f]{16} {2}known since .* private half/);
  });

  it("halts, says so with exit code 1 to whoever watches, goes on, and ends for good", async () => {
    await publish(3);
    await rollout("create", "lamp", "3", "--waves", "0,100", "--soak", "3600");
    expect((await rollout("halt", "lamp-3-1", "--because", "smoke")).text).toMatch(/halted[\s\S]*smoke/);
    const watched = await rollout("status", "lamp-3-1", "--watch");
    expect(watched).toMatchObject({ code: 1, text: expect.stringMatching(/halted[\s\S]*smoke/) });
    expect((await rollout("open", "lamp-3-1")).errors).toMatch(/lamp-3-1 is halted; resume it first/);
    expect((await rollout("resume", "lamp-3-1")).code).toBe(0);
    expect((await rollout("cancel", "lamp-3-1")).code).toBe(0);
    expect((await rollout("resume", "lamp-3-1")).errors).toMatch(/cancelled; create a new one/);
    expect(units.filter((unit) => unit !== lab).map(runs)).toEqual([2, 2, 2, 1]);
  });
});
