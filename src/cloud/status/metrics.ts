/** The figures for Prometheus, in its text format 0.0.4. */
import type { Status } from "./status.ts";

export interface Counters {
  readonly blocks: number;
  readonly blockBytes: number;
  readonly blocksRefused: number;
  readonly blocksWaiting: number;
  readonly connectionsRefused: number;
  readonly timestamps: number;
  readonly callers: number;
  readonly relayed: number;
  readonly relayHeldOff: number;
}

const label = (text: string) => text.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

function family(name: string, kind: "gauge" | "counter", help: string, samples: readonly Sample[]): string {
  const lines = samples.map(({ labels, value }) => {
    const pairs = Object.entries(labels ?? {}).map(([key, text]) => `${key}="${label(text)}"`);
    return `latchkey_${name}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${value}`;
  });
  return `# HELP latchkey_${name} ${help}\n# TYPE latchkey_${name} ${kind}\n${lines.map((line) => `${line}\n`).join("")}`;
}

export function metricsText(status: Status, counters: Counters): string {
  const attempts = status.rollouts.flatMap(({ rollout, tally }) =>
    Object.entries(tally).map(([state, value]) => ({ labels: { rollout: rollout.id, state }, value })),
  );
  const failures = status.rollouts.flatMap(({ rollout, reasons }) =>
    reasons.map(({ fault, devices }) => ({ labels: { rollout: rollout.id, fault }, value: devices })),
  );
  return [
    family("devices", "gauge", "Enrolled devices.", [{ value: status.devices }]),
    family("devices_online", "gauge", "Devices with a link.", [{ value: status.online }]),
    family(
      "device_versions",
      "gauge",
      "Devices by the release that they run.",
      status.versions.map(({ product, sequence, devices }) => ({
        labels: { product, sequence: String(sequence) },
        value: devices,
      })),
    ),
    family(
      "rollout_running",
      "gauge",
      "1 while a rollout runs, 0 when halted or cancelled.",
      status.rollouts.map(({ rollout }) => ({
        labels: { rollout: rollout.id },
        value: rollout.state === "running" ? 1 : 0,
      })),
    ),
    family(
      "rollout_wave",
      "gauge",
      "Index of the widest open wave.",
      status.rollouts.map(({ rollout }) => ({ labels: { rollout: rollout.id }, value: rollout.wave })),
    ),
    family("rollout_devices", "gauge", "Members of a rollout's open waves, by state.", attempts),
    family("rollout_faults", "gauge", "Devices by the fault that they reported.", failures),
    family(
      "revocation_devices",
      "gauge",
      "Units that revocations are for, by whether they took them all.",
      status.revocations.flatMap(({ scope, devices, taken }) => [
        { labels: { scope: `${scope.kind} ${scope.name}`, taken: "yes" }, value: taken },
        { labels: { scope: `${scope.kind} ${scope.name}`, taken: "no" }, value: devices - taken },
      ]),
    ),
    family("blocks_total", "counter", "Blocks given out over MQTT since the start.", [{ value: counters.blocks }]),
    family("block_bytes_total", "counter", "Bytes of blocks given out.", [{ value: counters.blockBytes }]),
    family("blocks_refused_total", "counter", "Block requests refused.", [{ value: counters.blocksRefused }]),
    family("blocks_waiting", "gauge", "Devices that wait for their turn.", [{ value: counters.blocksWaiting }]),
    family("connections_refused_total", "counter", "Links refused.", [{ value: counters.connectionsRefused }]),
    family("timestamps_total", "counter", "Timestamps signed.", [{ value: counters.timestamps }]),
    family("callers", "gauge", "Callers that speak with their units over the broker.", [{ value: counters.callers }]),
    family("relayed_total", "counter", "Requests of callers handed to units.", [{ value: counters.relayed }]),
    family("relay_held_off_total", "counter", "Requests of callers beyond their pace.", [
      { value: counters.relayHeldOff },
    ]),
  ].join("");
}
