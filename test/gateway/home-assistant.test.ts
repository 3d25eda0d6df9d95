/** Units in an owner's broker as Home Assistant finds them: a real broker, a gateway, and a client in Home Assistant's place. */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { Aedes } from "aedes";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeCbor } from "#codec/cbor.ts";
import { componentMessages, componentsOf, updateState } from "#gateway/home/discovery.ts";
import type { Description } from "#wire/describe.ts";
import { until } from "../progress.ts";
import { FIRST_ID, startWorld, type World } from "./gateway-world.ts";

const ID = "0123456789abcdef01234567";
const app: Description = {
  ...{ v: 1, product: "greenhouse", release: "7", board: "sim", settings: {} },
  functions: {
    water: { right: "call", args: { seconds: { type: "int", min: 1, max: 600, unit: "s" } } },
    lamp: { right: "call", args: { on: { type: "bool" } }, texts: { en: { title: "Grow light" } } },
    mode: { right: "call", args: { mode: { type: "choice", choices: ["day", "night"] } } },
    restart: { right: "call", args: {} },
    mix: { right: "call", args: { a: { type: "int" }, b: { type: "int" } } },
  },
  variables: {
    warmth: { right: "read", value: { type: "number", unit: "°C" } },
    isOpen: { right: "read", value: { type: "bool" } },
  },
  events: { dry: { right: "subscribe" } },
};
const names = [
  ...Object.keys(app.functions).map((name) => [name, "call"] as const),
  ...Object.keys(app.variables).map((name) => [name, "read"] as const),
  ["dry", "subscribe"] as const,
];
const device = { id: ID, name: "greenhouse", product: "greenhouse", release: 7, names, app };

describe("entities from a description", () => {
  const components = componentsOf(device);

  it("have the kind that their values ask for", () => {
    const kinds = Object.fromEntries(Object.entries(components).map(([name, { p }]) => [name, p]));
    expect(kinds).toEqual({
      ...{ function_water: "number", function_lamp: "switch", function_mode: "select", function_restart: "button" },
      ...{ variable_warmth: "sensor", variable_isOpen: "binary_sensor", event_dry: "event", update_release: "update" },
    });
    expect(components.function_water).toMatchObject({ min: 1, max: 600, step: 1 });
    expect(components.variable_warmth).toMatchObject({ unit_of_measurement: "°C", state_class: "measurement" });
    expect(components.function_lamp).toMatchObject({ name: "Grow light", payload_on: '{"on":true}' });
    expect(components.function_mode).toMatchObject({ options: ["day", "night"] });
  });

  it("each have an ID of their own, and the same ones one by one for an older Home Assistant", () => {
    const ids = Object.values(components).map(({ unique_id }) => unique_id);
    expect(new Set(ids).size).toBe(ids.length);
    const messages = componentMessages(device);
    expect(messages.map(({ payload }) => JSON.parse(payload).unique_id)).toEqual(ids);
    expect(messages[0]?.topic).toBe(`homeassistant/number/latchkey_${ID}/function_water/config`);
  });

  it("tell of updates with no key that Home Assistant does not know", () => {
    const known = ["installed_version", "latest_version", "in_progress"];
    expect(Object.keys(JSON.parse(updateState(7, 8, true)))).toEqual(known);
    expect(JSON.parse(updateState(7, undefined, false))).toMatchObject({ installed_version: "7", latest_version: "7" });
  });
});

describe("a broker of the owner's", () => {
  let world: World;
  let broker: Aedes;
  let home: MqttClient;
  const server = createServer();
  const kept = new Map<string, string>();
  const unitId = () => world.units[0]?.id ?? "";

  beforeAll(async () => {
    broker = await Aedes.createBroker();
    server.on("connection", (socket) => broker.handle(socket));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
    home = await connectAsync(url);
    home.on("message", (topic, payload) => void kept.set(topic, payload.toString()));
    await home.subscribeAsync(["homeassistant/device/#", "latchkey/#"]);
    // Somebody's command of yesterday that the broker kept.
    await home.publishAsync(`latchkey/${FIRST_ID}/call/dim`, '{"to":1}', { retain: true });
    world = await startWorld({ home: { url, form: "device" } }, 1);
    for (const unit of world.units) await world.add(unit);
  });
  afterAll(async () => {
    await world.close();
    await home.endAsync();
    await broker.close();
    server.close();
  });

  it("gets the unit with all its entities, its values and that it is there", async () => {
    const config = await until("the unit's message", () =>
      kept.get(`homeassistant/device/latchkey_${unitId()}/config`),
    );
    const { dev, cmps, o } = JSON.parse(config);
    expect([dev.ids, o.name]).toEqual([[`latchkey_${unitId()}`], "latchkey"]);
    expect(Object.keys(cmps)).toEqual([
      "function_setLamp",
      "function_dim",
      "variable_light",
      "event_pressed",
      "update_release",
    ]);
    await until("the variable", () => (kept.get(`latchkey/${unitId()}/variable/light`) === "512" ? true : undefined));
    expect(kept.get("latchkey/bridge/state")).toBe("online");
    await until("availability", () => (kept.get(`latchkey/${unitId()}/availability`) === "online" ? true : undefined));
  });

  it("carries commands back, and none that was kept", async () => {
    const calls = world.units[0]?.server.calls ?? [];
    await home.publishAsync(`latchkey/${unitId()}/call/setLamp`, '{"on":true}');
    await until("the call", () => (calls.includes("setLamp") ? true : undefined));
    await home.publishAsync(`latchkey/${unitId()}/call/light`, "{}");
    await home.publishAsync(`latchkey/${unitId()}/call/setLamp`, "{not JSON");
    await until("both refusals", () =>
      world.logged.filter((line) => line.startsWith("MQTT")).length >= 2 ? true : undefined,
    );
    // The gateway comes back to the broker, which then gives it what was kept.
    const topic = `homeassistant/device/latchkey_${FIRST_ID}/config`;
    kept.delete(topic);
    const { clients } = broker as unknown as { clients: Record<string, { id: string; close(): void }> };
    for (const client of Object.values(clients)) if (client.id !== home.options.clientId) client.close();
    await until("the gateway's return", () => kept.get(topic));
    await home.publishAsync(`latchkey/${FIRST_ID}/call/light`, "{}");
    await until("a later command's refusal", () =>
      world.logged.at(-1)?.includes("no function light") ? true : undefined,
    );
    expect([unitId(), calls.includes("dim")]).toEqual([FIRST_ID, false]);
  });

  it("hears events", async () => {
    const topic = `latchkey/${unitId()}/event/pressed`;
    const told = await until(
      "an event",
      () => {
        world.units[0]?.server.show({ kind: "raised", name: "pressed", value: encodeCbor(3) });
        return kept.get(topic);
      },
      500,
    );
    expect(JSON.parse(told)).toEqual({ event_type: "pressed", value: 3 });
  });

  it("is told everything again when Home Assistant starts, and that the gateway goes", async () => {
    const topic = `homeassistant/device/latchkey_${unitId()}/config`;
    kept.delete(topic);
    await home.publishAsync("homeassistant/status", "online");
    await until("the unit's message", () => kept.get(topic));
    await world.gateway.close();
    await until("the farewell", () => (kept.get("latchkey/bridge/state") === "offline" ? true : undefined));
  });
});
