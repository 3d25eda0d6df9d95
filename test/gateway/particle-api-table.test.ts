/** The guide's table of calls without an equivalent: each call of particle-api-js is served, or stands there with the answer that it gets. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startWorld, type World } from "./gateway-world.ts";

type Call = (options: Readonly<Record<string, unknown>>) => Promise<unknown>;
const ParticleApi = createRequire(import.meta.url)("particle-api-js") as {
  new (options: { baseUrl: string }): Record<string, Call>;
  prototype: object;
};

/** What other tests of this folder call with success. */
const SERVED = [
  ...["login", "sendOtp", "getUserInfo", "deleteAccessToken", "deleteCurrentAccessToken", "deleteActiveAccessTokens"],
  ...["listDevices", "getDevice", "getVariable", "callFunction", "renameDevice", "signalDevice", "flashDevice"],
  ...["getEventStream", "publishEvent", "createWebhook", "listWebhooks", "deleteWebhook"],
];
/** Parts of the client that send nothing of their own. */
const OWN =
  /^(_.*|constructor|setContext|setDefaultAuth|setBaseUrl|deviceUri|get|head|post|put|patch|delete|request|client|downloadFile)$/;
const EVERY = {
  ...{ username: "x@lamps.example", password: "p", currentPassword: "p", otp: "123456", mfaToken: "m", name: "n" },
  ...{ notes: "n", iccid: "1", binaryId: "b", version: 1, hookId: "h", integrationId: "i", publicKey: "k", key: "k" },
  ...{
    ledgerName: "l",
    scopeValue: "s",
    logicFunctionId: "f",
    logicRunId: "r",
    logicFunction: {},
    logic: {},
    ledger: {},
  },
  ...{
    instance: {},
    env: {},
    value: "v",
    clientId: "c",
    repo: "r",
    serialNumber: "s",
    config: {},
    platformId: 1,
    title: "t",
  },
  ...{
    event: "e",
    url: "https://hooks.example",
    file: Buffer.from("x"),
    archive: Buffer.from("x"),
    integrationType: "w",
  },
  ...{ files: { file: Buffer.from("x") }, settings: {}, request: {}, properties: {} },
};

const rows = [...readFileSync("docs/guide/gateway.md", "utf8").matchAll(/^\| (.*`.*) \| .* \| (.*) \|$/gm)].map(
  ([, calls = "", answer = ""]) => ({
    names: [...calls.matchAll(/`([A-Za-z*]+)`/g)].map(([, name = ""]) => new RegExp(`^${name.replaceAll("*", ".*")}$`)),
    answers: [...answer.matchAll(/\b[245]\d\d\b/g)].map(Number),
  }),
);
let world: World;
let api: Record<string, Call>;
let auth = "";

beforeAll(async () => {
  world = await startWorld();
  for (const unit of world.units) await world.add(unit);
  auth = (await world.login(await world.account("ann@lamps.example", "admin"))).access_token;
  api = new ParticleApi({ baseUrl: world.gateway.url });
});
afterAll(() => world.close());

const names = Object.getOwnPropertyNames(ParticleApi.prototype).filter((name) => !OWN.test(name));

it.each(names.filter((name) => !SERVED.includes(name)))("%s stands in the table with its answer", async (name) => {
  const row = rows.find((each) => each.names.some((pattern) => pattern.test(name)));
  expect(row, `${name} is not in the guide's table`).toBeDefined();
  const deviceId = world.units[0]?.id;
  const ways = [{ deviceId }, { deviceId, product: "lamp" }, { product: "lamp" }, { org: "o" }];
  const send = async (way: object) => (api[name] as Call).call(api, { ...EVERY, auth, ...way });
  const answers = await Promise.all(
    ways.map((way) =>
      send(way).then(
        () => 200,
        (error: { statusCode?: number }) => error.statusCode,
      ),
    ),
  );
  // Some calls refuse by themselves to be made in one of these ways.
  const told = answers.filter((status) => status !== undefined);
  expect(told.length).toBeGreaterThan(0);
  expect(row?.answers).toEqual(expect.arrayContaining(told));
});
