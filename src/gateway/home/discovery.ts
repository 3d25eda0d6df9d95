/**
 * A unit as Home Assistant finds it over MQTT: its entities, made from what its app says of itself.
 * @source Home Assistant, MQTT discovery (device discovery payload; since 2024.11) and the pages of each MQTT entity
 */
import type { Description, ValueSchema } from "#wire/describe.ts";

type Component = Readonly<Record<string, unknown>> & { readonly p: string; readonly unique_id: string };

export interface DiscoveredDevice {
  /** 24 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  readonly product: string;
  readonly release: number | undefined;
  /** Functions, variables and events with their rights, for an app that says no more. */
  readonly names: readonly (readonly [name: string, right: string])[];
  readonly app: Description | undefined;
}

export const BRIDGE_TOPIC = "latchkey/bridge/state";
export const topicsOf = (id: string) => ({
  config: `homeassistant/device/latchkey_${id}/config`,
  availability: `latchkey/${id}/availability`,
  update: `latchkey/${id}/update`,
  variable: (name: string) => `latchkey/${id}/variable/${name}`,
  event: (name: string) => `latchkey/${id}/event/${name}`,
  call: (name: string) => `latchkey/${id}/call/${name}`,
});

/** An entity's title in English, else the name itself. */
const titleOf = (name: string, texts: Description["functions"][string]["texts"]) => texts?.en?.title ?? name;

function sensorFor(schema: ValueSchema | undefined): Readonly<Record<string, unknown>> {
  if (schema?.type === "bool") return { p: "binary_sensor", payload_on: "true", payload_off: "false" };
  const isNumber = schema?.type === "int" || schema?.type === "number";
  return {
    p: "sensor",
    ...(isNumber && { state_class: "measurement" }),
    ...(schema?.unit !== undefined && { unit_of_measurement: schema.unit }),
  };
}

/** An entity that calls a function; undefined for one with several arguments, which no entity has a form for. */
function controlFor(args: Readonly<Record<string, ValueSchema>>): Readonly<Record<string, unknown>> | undefined {
  const [first, ...others] = Object.entries(args);
  if (first === undefined) return { p: "button", payload_press: "{}" };
  if (others.length > 0) return undefined;
  const [name, { type, min, max, step, choices, maxLength }] = first;
  const key = JSON.stringify(name);
  if (type === "bool") {
    return { p: "switch", optimistic: true, payload_on: `{${key}:true}`, payload_off: `{${key}:false}` };
  }
  const command_template = `{${key}: {{ value | tojson }}}`;
  if (type === "int" || type === "number") {
    const range = { ...(min !== undefined && { min }), ...(max !== undefined && { max }) };
    return { p: "number", optimistic: true, command_template, step: step ?? (type === "int" ? 1 : 0.1), ...range };
  }
  if (type === "choice") return { p: "select", optimistic: true, command_template, options: choices ?? [] };
  return type === "text" ? { p: "text", command_template, max: Math.min(maxLength ?? 255, 255) } : undefined;
}

/** The entities of a unit by a name that stays the same: `cmps` of the device form. */
export function componentsOf({ id, names, app }: DiscoveredDevice): Readonly<Record<string, Component>> {
  const topics = topicsOf(id);
  const components: Record<string, Component> = {};
  const add = (kind: string, name: string, title: string, form: Readonly<Record<string, unknown>>) => {
    const unique_id = `latchkey_${id}_${kind}_${name}`;
    components[`${kind}_${name}`] = { ...form, p: String(form.p), unique_id, name: title };
  };
  for (const [name, right] of names) {
    if (right === "read") {
      const described = app?.variables[name];
      add("variable", name, titleOf(name, described?.texts), {
        ...sensorFor(described?.value),
        state_topic: topics.variable(name),
      });
    } else if (right === "call") {
      const described = app?.functions[name];
      const form = controlFor(described?.args ?? {});
      if (form === undefined) continue;
      add("function", name, titleOf(name, described?.texts), { ...form, command_topic: topics.call(name) });
    } else if (right === "subscribe") {
      const form = { p: "event", event_types: [name], state_topic: topics.event(name) };
      add("event", name, titleOf(name, app?.events[name]?.texts), form);
    }
  }
  add("update", "release", "Release", { p: "update", state_topic: topics.update, device_class: "firmware" });
  return components;
}

/** The retained message by which Home Assistant finds a unit with all its entities. */
export function deviceMessage(device: DiscoveredDevice): { readonly topic: string; readonly payload: string } {
  const { id, name, product, release } = device;
  const { config, availability } = topicsOf(id);
  const payload = {
    dev: {
      ids: [`latchkey_${id}`],
      ...{ name, mf: "Latchkey", mdl: product === "" ? "unit" : product, sn: id },
      ...(release !== undefined && { sw: String(release) }),
    },
    o: { name: "latchkey" },
    availability: [{ topic: BRIDGE_TOPIC }, { topic: availability }],
    availability_mode: "all",
    cmps: componentsOf(device),
  };
  return { topic: config, payload: JSON.stringify(payload) };
}

/** The same for a Home Assistant before 2024.11, which takes one message for each entity. */
export function componentMessages(
  device: DiscoveredDevice,
): readonly { readonly topic: string; readonly payload: string }[] {
  const { dev, o, availability, availability_mode, cmps } = JSON.parse(deviceMessage(device).payload) as {
    dev: Record<string, unknown>;
    cmps: Record<string, Component>;
  } & Record<string, unknown>;
  return Object.entries(cmps).map(([name, { p, ...entity }]) => ({
    topic: `homeassistant/${p}/latchkey_${device.id}/${name}/config`,
    payload: JSON.stringify({ ...entity, dev, o, availability, availability_mode }),
  }));
}

/**
 * The state of the update entity. Home Assistant refuses the whole message for a key that it doesn't know, or a text that is
 * null.
 */
export function updateState(installed: number, next: number | undefined, isInProgress: boolean): string {
  const [installed_version, latest_version] = [String(installed), String(next ?? installed)];
  return JSON.stringify({ installed_version, latest_version, in_progress: isInProgress });
}
