/** The gateway's place in an owner's broker: units appear in Home Assistant, their values are told, and commands come back. */
import type { MqttClient } from "mqtt";
import { encodeCbor } from "#codec/cbor.ts";
import { argsOf, plainOf } from "#gateway/http/device-view.ts";
import type { Journal } from "#gateway/journal.ts";
import type { EventHub } from "#gateway/units/event-hub.ts";
import type { GatewayUnit, Units } from "#gateway/units/units.ts";
import {
  BRIDGE_TOPIC,
  componentMessages,
  type DiscoveredDevice,
  deviceMessage,
  topicsOf,
  updateState,
} from "./discovery.ts";

export interface HomeOptions {
  /** mqtt://user:password@host of the owner's broker. */
  readonly url: string;
  /** `device`: one message for a unit, Home Assistant 2024.11 and later; `component`: one for each entity. */
  readonly form: "device" | "component";
}

interface HomeParts {
  readonly units: Units;
  readonly hub: EventHub;
  readonly journal: Journal;
  log(line: string): void;
}

/** Home Assistant says `online` here when it starts: what is not retained must be told again. */
const BIRTH_TOPIC = "homeassistant/status";
const CALLS = /^latchkey\/([0-9a-f]{24})\/call\/([\w.-]{1,64})$/;
const EVERY_MS = 10_000;
const RECONNECT_MS = 2_000;
const retained = { qos: 1, retain: true } as const;

function deviceOf({ id, name, description, app }: GatewayUnit): DiscoveredDevice {
  const { product = "", names = [], state } = description ?? {};
  return { id, name, product, names, app, release: state?.sequence };
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

export async function openMqttHome(options: HomeOptions, parts: HomeParts): Promise<{ close(): Promise<void> }> {
  const { units, hub, journal, log } = parts;
  // Loaded here: a gateway without a broker does without its 6 MB.
  const { connectAsync } = await import("mqtt");
  const client: MqttClient = await connectAsync(options.url, {
    reconnectPeriod: RECONNECT_MS,
    will: { topic: BRIDGE_TOPIC, payload: Buffer.from("offline"), ...retained },
  });
  /** What was said last, so that only news is said. */
  const said = new Map<string, string>();
  const say = (topic: string, payload: string) => {
    if (said.get(topic) === payload) return;
    said.set(topic, payload);
    client.publish(topic, payload, retained);
  };

  function announce(unit: GatewayUnit): void {
    const device = deviceOf(unit);
    const messages = options.form === "device" ? [deviceMessage(device)] : componentMessages(device);
    for (const { topic, payload } of messages) say(topic, payload);
  }

  async function look(unit: GatewayUnit): Promise<void> {
    const topics = topicsOf(unit.id);
    const described = await unit.look();
    if (described.ok) {
      announce(unit);
      for (const [name, right] of described.value.names) {
        if (right !== "read") continue;
        const answer = await unit.connection.request({ op: "call", name, args: encodeCbor(new Map()) }, true);
        if (answer.ok) say(topics.variable(name), textOf(plainOf(answer.value)));
      }
      const { sequence, attempt } = described.value.state ?? {};
      if (sequence !== undefined)
        say(topics.update, updateState(sequence, attempt?.sequence || undefined, attempt?.stage === "fetching"));
    }
    say(topics.availability, unit.connection.isOnline ? "online" : "offline");
  }

  let isLooking = false;
  async function lookAtAll(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    try {
      await Promise.all(units.list().map(look));
    } finally {
      isLooking = false;
    }
  }

  async function command(id: string, name: string, text: string): Promise<void> {
    const unit = units.find(id);
    if (unit === undefined) return;
    const described = await unit.described();
    const isFunction = described.ok && described.value.names.some((each) => each[0] === name && each[1] === "call");
    if (!isFunction) return log(`MQTT: ${id} has no function ${name}`);
    let args: Parameters<typeof encodeCbor>[0];
    try {
      args = new Map(Object.entries(argsOf(text, undefined)));
    } catch (error) {
      return log(`MQTT: ${name} was not called: ${error instanceof Error ? error.message : error}`);
    }
    const answer = await unit.connection.request({ op: "call", name, args: encodeCbor(args) }, false);
    journal.add({ who: "MQTT", what: `call ${name}`, device: id, outcome: answer.ok ? "done" : answer.fault });
    if (!answer.ok) log(`MQTT: ${name} of ${id} was refused (${answer.fault})`);
    await look(unit);
  }

  const begin = () => {
    said.clear();
    say(BRIDGE_TOPIC, "online");
    void lookAtAll();
  };
  client.on("connect", begin);
  client.on("error", (error) => log(`MQTT: ${error.message}`));
  client.on("message", (topic, payload, { retain }) => {
    // A command that the broker kept is old: nobody wants it now.
    if (retain) return;
    if (topic === BIRTH_TOPIC) return payload.toString() === "online" ? begin() : undefined;
    const [, id, name] = CALLS.exec(topic) ?? [];
    if (id !== undefined && name !== undefined) void command(id, name, payload.toString("utf8").slice(0, 4_096));
  });
  await client.subscribeAsync(["latchkey/+/call/+", BIRTH_TOPIC], { qos: 1 });
  const stop = hub.listen({
    device: undefined,
    hear({ name, device, value }) {
      if (device === "api") return;
      const payload = JSON.stringify({ event_type: name, value: plainOf(value) });
      client.publish(topicsOf(device).event(name), payload, { qos: 1 });
    },
  });
  units.onChange(() => void lookAtAll());
  const timer = setInterval(() => void lookAtAll(), EVERY_MS);
  timer.unref();
  begin();
  return {
    async close() {
      clearInterval(timer);
      stop();
      await client.publishAsync(BRIDGE_TOPIC, "offline", retained).catch(() => undefined);
      await client.endAsync();
    },
  };
}
