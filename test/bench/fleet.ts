/** The fleet benchmark: real authenticated sockets, a 100 KB image in 4 KB blocks, from the rollout to the last verified image. */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { type DrivenLink, type DrivenUnit, drive, drivenUnits, inTurns } from "./fleet-driver.ts";
import { growIdleFleet } from "./fleet-idle.ts";
import { kneeOf } from "./fleet-knee.ts";
import { plotFleet } from "./fleet-plot.ts";
import { PRODUCT, prepare, type Server, type Setting, startBare, startCloud, startMosquitto } from "./fleet-servers.ts";
import { cpuOf, residentOf } from "./process-meter.ts";
import type { Bench, Row } from "./row.ts";

const GOAL_S = 3;
/** Links that are being set up at the same time. */
const AT_ONCE = 64;
/** A case that takes longer, connecting included, is given up. */
const CASE_MS = 120_000;
/** Twice as many idle devices at every step, until a limit of this machine or the time ends it. */
const GROWTH = { first: 2_000, most: 256_000, pingS: 5, boundMs: 90_000 };
const QUICK_GROWTH = { first: 500, most: 2_000, pingS: 1, boundMs: 8_000 };

interface Measured {
  readonly timeS: number;
  readonly cpuS: number;
  readonly memoryBytes: number;
}

async function measure(
  setting: Setting,
  count: number,
  start: (units: readonly DrivenUnit[]) => Promise<Server>,
): Promise<Measured> {
  const units = drivenUnits(count, PRODUCT, setting.keys.keyset);
  const server = await start(units);
  const links: DrivenLink[] = [];
  let left = count;
  let onAll: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    onAll = resolve;
  });
  const work = async (): Promise<Measured> => {
    await inTurns(units, AT_ONCE, async (unit) => {
      const link = await drive(unit, server.port, await server.password(unit), () => {
        if (--left === 0) onAll();
      });
      links.push(link);
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    const cpuBefore = cpuOf(server);
    const startedMs = performance.now();
    await server.go();
    await all;
    const timeS = (performance.now() - startedMs) / 1_000;
    return {
      timeS,
      cpuS: cpuOf(server) - cpuBefore,
      memoryBytes: residentOf(server, "VmHWM"),
    };
  };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const why = () =>
      new Error(`${links.length} of ${count} units came, ${left} were not done in ${CASE_MS / 1_000} s`);
    timer = setTimeout(() => reject(why()), CASE_MS);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
    for (const link of links) link.close();
    await server.stop();
  }
}

export const bench: Bench = {
  async run({ quick, missing }) {
    const setting = prepare();
    const rows: Row[] = [];
    const row = (name: string, metric: string, value: number, unit: string, goal: number | null = null) =>
      rows.push({ case: name, metric, value, unit, peer: null, goal });
    try {
      const counts = quick ? [100, 500] : [100, 500, 2_000];
      const hasMosquitto = spawnSync("mosquitto", ["-h"]).error === undefined;
      if (!hasMosquitto) missing("mosquitto (apt-get install mosquitto)");
      if (quick) missing("2,000 units (run without --quick)");
      const kinds: readonly (readonly [string, (units: readonly DrivenUnit[]) => Promise<Server>])[] = [
        ["aedes", (units) => startCloud(setting, units, "aedes", [])],
        ...(hasMosquitto
          ? ([["mosquitto", (units: readonly DrivenUnit[]) => startMosquitto(setting, units)]] as const)
          : []),
      ];
      for (const [kind, start] of kinds) {
        for (const count of counts) {
          const { timeS, cpuS, memoryBytes } = await measure(setting, count, start);
          const name = `${kind}/${count}`;
          row(name, "time", timeS, "s", name === "aedes/2000" ? GOAL_S : null);
          row(name, "cpu", cpuS, "s");
          row(name, "memory", memoryBytes, "B");
        }
      }
      const most = counts.at(-1) as number;
      const bare = await measure(setting, most, (units) => startBare(setting, units));
      row(`bare-endpoint/${most}`, "time", bare.timeS, "s");
      const { steps, limit } = await growIdleFleet(setting, quick ? QUICK_GROWTH : GROWTH);
      for (const { devices, pingP99Ms, connectsPerS, connectCpuMs } of steps) {
        row(`idle/${devices}`, "p99", pingP99Ms, "ms");
        row(`idle/${devices}`, "rate", connectsPerS, "1/s");
        row(`idle/${devices}`, "cpu", connectCpuMs, "ms");
      }
      const largest = steps.at(-1);
      if (largest !== undefined) {
        row("idle-device", "memory", largest.deviceBytes, "B");
        const knee = kneeOf(steps);
        row("knee", knee.isReached ? "devices" : "devices-at-least", knee.devices, "1");
      }
      missing(`more than ${largest?.devices ?? 0} idle devices (${limit})`);
      return rows;
    } finally {
      rmSync(setting.folder, { recursive: true, force: true });
    }
  },
  plot: plotFleet,
};
