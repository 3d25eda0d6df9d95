/** particle-api-js, which nobody here wrote, logs in and uses a gateway as it uses the service that it was made for. */
import { createHmac } from "node:crypto";
import { type EventEmitter, once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { encodeCbor } from "#codec/cbor.ts";
import { until } from "../progress.ts";
import { type Account, PASSWORD, startWorld, type World } from "./gateway-world.ts";

interface Answer {
  readonly body: Record<string, unknown> & { readonly access_token: string };
  readonly statusCode: number;
}
type Call = (options: Readonly<Record<string, unknown>>) => Promise<Answer>;
type Particle = Record<
  | "login"
  | "sendOtp"
  | "listDevices"
  | "getDevice"
  | "callFunction"
  | "getVariable"
  | "renameDevice"
  | "flashDevice"
  | "signalDevice"
  | "getEventStream"
  | "publishEvent"
  | "createWebhook"
  | "listWebhooks"
  | "deleteWebhook"
  | "getUserInfo"
  | "deleteAccessToken"
  | "deleteCurrentAccessToken"
  | "deleteActiveAccessTokens",
  Call
>;

const ParticleApi = createRequire(import.meta.url)("particle-api-js") as new (options: { baseUrl: string }) => Particle;

let world: World;
let ann: Account;
let api: Particle;
let auth: string;
let deviceId: string;

beforeAll(async () => {
  world = await startWorld({ mayHookPrivately: true });
  for (const unit of world.units) await world.add(unit);
  ann = await world.account("ann@lamps.example", "admin");
  api = new ParticleApi({ baseUrl: world.gateway.url });
  deviceId = world.units[0]?.id ?? "";
});
afterAll(() => world.close());

const failure = async (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (error: { statusCode: number; body: { error?: string } }) => [error.statusCode, error.body?.error],
  );

it("logs in with the second factor", async () => {
  const login = { username: ann.name, password: PASSWORD };
  const asked = await api.login(login).then(
    () => undefined,
    (error: { statusCode: number; body: { error: string; mfa_token: string } }) => error,
  );
  expect([asked?.statusCode, asked?.body.error]).toEqual([403, "mfa_required"]);
  const { body } = await api.sendOtp({ mfaToken: asked?.body.mfa_token, otp: ann.code() });
  expect(body).toMatchObject({ token_type: "bearer", expires_in: 7_776_000 });
  auth = body.access_token;
});

it("lists, reads and calls", async () => {
  const { body: devices } = (await api.listDevices({ auth })) as unknown as {
    body: { id: string; connected: boolean }[];
  };
  expect(devices.map(({ id, connected }) => [id, connected])).toEqual(world.units.map(({ id }) => [id, true]));
  const { body: device } = await api.getDevice({ deviceId, auth });
  expect(device).toMatchObject({ id: deviceId, functions: ["setLamp", "dim"], variables: { light: "string" } });
  expect((await api.getVariable({ deviceId, name: "light", auth })).body).toMatchObject({ name: "light", result: 512 });
  const { body: called } = await api.callFunction({ deviceId, name: "dim", argument: "to=30", auth });
  expect(called).toMatchObject({ id: deviceId, name: "dim", connected: true, return_value: 0, result: "done" });
  expect(world.units[0]?.server.calls.at(-1)).toBe("dim");
});

it("is told what went wrong in words that it understands", async () => {
  expect(await failure(api.getVariable({ deviceId, name: "setLamp", auth }))).toEqual([400, "APP_NO_SUCH_NAME"]);
  expect(await failure(api.callFunction({ deviceId, name: "light", argument: "", auth }))).toEqual([
    400,
    "APP_NO_SUCH_NAME",
  ]);
  expect(await failure(api.getDevice({ deviceId: "ff".repeat(12), auth }))).toEqual([404, "not_found"]);
  expect(await failure(api.listDevices({ auth: "nothing" }))).toEqual([401, "invalid_token"]);
});

it("renames, and signals a unit whose app knows how", async () => {
  await api.renameDevice({ deviceId, name: "hall lamp", auth });
  expect((await api.getVariable({ deviceId: "hall lamp", name: "light", auth })).body).toMatchObject({ result: 512 });
  expect(await failure(api.signalDevice({ deviceId, signal: true, auth }))).toEqual([400, "APP_NO_SUCH_NAME"]);
});

it("flashes nothing but a signed release", async () => {
  const files = { file: Buffer.from("void loop() {}") };
  expect(await failure(api.flashDevice({ deviceId, files, auth }))).toEqual([400, "invalid_request"]);
});

it("publishes, and hears units and programs until its token ends", async () => {
  const { access_token } = await world.login(ann);
  const heard: { name: string; data: string | null; coreid: string }[] = [];
  const stream = (await api.getEventStream({ deviceId: "mine", auth: access_token })) as unknown as EventEmitter & {
    abort(): void;
  };
  stream.on("event", (event) => heard.push(event));
  const unit = world.units[0]?.server;
  await until(
    "an event of the unit",
    () => {
      unit?.show({ kind: "raised", name: "pressed", value: encodeCbor(3) });
      return heard.find(({ name }) => name === "pressed");
    },
    500,
  );
  expect(heard[0]).toMatchObject({ name: "pressed", data: "3", coreid: deviceId });
  await api.publishEvent({ name: "hello", data: "all of you", isPrivate: true, auth: access_token });
  const said = await until("what was published", () => heard.find(({ name }) => name === "hello"));
  expect(said).toMatchObject({ data: "all of you", coreid: "api" });
  const ended = once(stream, "disconnect");
  await api.deleteAccessToken({ token: access_token });
  await ended;
  stream.abort();
});

it("makes a webhook, which tells of events in signed requests", async () => {
  const { access_token } = await world.login(ann);
  const got: { body: string; signature: string }[] = [];
  const receiver = createServer(async (incoming, outgoing) => {
    const body = (await incoming.toArray()).join("");
    got.push({ body, signature: String(incoming.headers["x-latchkey-signature"]) });
    outgoing.writeHead(got.length === 1 ? 503 : 204).end();
  }).listen(0, "127.0.0.1");
  await once(receiver, "listening");
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  const { body: made } = await api.createWebhook({ event: "hello", url, auth: access_token });
  await api.publishEvent({ name: "hello", data: "again", isPrivate: true, auth: access_token });
  const [first, second] = await until("the repeated delivery", () => (got.length > 1 ? got : undefined));
  expect(second).toEqual(first);
  expect(JSON.parse(first?.body ?? "")).toMatchObject({ event: "hello", data: "again", coreid: "api" });
  const mac = createHmac("sha256", String(made.secret))
    .update(first?.body ?? "")
    .digest("hex");
  expect(first?.signature).toBe(`sha256=${mac}`);
  const { body: hooks } = (await api.listWebhooks({ auth: access_token })) as unknown as { body: { id: string }[] };
  expect(hooks.map(({ id }) => id)).toEqual([made.id]);
  await api.deleteWebhook({ hookId: made.id, auth: access_token });
  expect(((await api.listWebhooks({ auth: access_token })) as unknown as { body: unknown[] }).body).toEqual([]);
  receiver.close();
});

it("shows whose token it is, and ends tokens", async () => {
  expect((await api.getUserInfo({ auth })).body).toMatchObject({ username: ann.name });
  const current = await (await world.get("/v1/access_tokens/current", auth)).json();
  expect(current).toMatchObject({ client: "particle-api", scopes: ["all"] });
  const again = await world.login(ann);
  const tokens = (await (await world.get("/v1/access_tokens", auth)).json()) as { kind: string }[];
  expect(tokens.filter(({ kind }) => kind === "AccessToken").length).toBeGreaterThan(1);
  await api.deleteAccessToken({ token: again.access_token });
  expect(await failure(api.listDevices({ auth: again.access_token }))).toEqual([401, "invalid_token"]);
  await api.deleteCurrentAccessToken({ auth });
  expect(await failure(api.listDevices({ auth }))).toEqual([401, "invalid_token"]);
  const [one, other] = [await world.login(ann), await world.login(ann)];
  await api.deleteActiveAccessTokens({ auth: one.access_token });
  expect(await failure(api.listDevices({ auth: other.access_token }))).toEqual([401, "invalid_token"]);
});
