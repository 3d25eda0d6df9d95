/** The fleet benchmark: real authenticated sockets, a 100 KB image in 4 KB blocks, from the rollout to the last verified image. */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { type DrivenLink, type DrivenUnit, drive, drivenUnits } from "./fleet-driver.ts";
import { PRODUCT, prepare, type Server, type Setting, startBare, startCloud, startMosquitto } from "./fleet-servers.ts";
import type { Bench, Row } from "./row.ts";

const GOAL_S = 3;
/** Links that are being set up at the same time. */
const AT_ONCE = 64;

interface Measured {
  readonly timeS: number;
  readonly cpuS: number;
  readonly memoryBytes: number;
}

const cpuSeconds = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
};
const residentBytes = (pid: number, field: "VmHWM" | "VmRSS"): number =>
  1024 * Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0);

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

const cpuOf = ({ pids }: Server) => sum(pids.map(cpuSeconds));
const residentOf = ({ pids }: Server, field: "VmHWM" | "VmRSS") => sum(pids.map((pid) => residentBytes(pid, field)));

async function inTurns<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < items.length) await work(items[next++] as Item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function measure(
  setting: Setting,
  count: number,
  start: (units: readonly DrivenUnit[]) => Promise<Server>,
): Promise<Measured & { idleBytes: number }> {
  const units = drivenUnits(count, PRODUCT, setting.keys.keyset);
  const server = await start(units);
  const links: DrivenLink[] = [];
  try {
    const before = residentOf(server, "VmRSS");
    let left = count;
    let onAll: () => void = () => undefined;
    const all = new Promise<void>((resolve, reject) => {
      onAll = resolve;
      setTimeout(() => reject(new Error(`${left} of ${count} units were not done in time`)), 120_000).unref();
    });
    await inTurns(units, async (unit) => {
      const link = await drive(unit, server.port, await server.password(unit), () => {
        if (--left === 0) onAll();
      });
      links.push(link);
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    const idleBytes = (residentOf(server, "VmRSS") - before) / count;
    const cpuBefore = cpuOf(server);
    const startedMs = performance.now();
    await server.go();
    await all;
    const timeS = (performance.now() - startedMs) / 1_000;
    return {
      timeS,
      cpuS: cpuOf(server) - cpuBefore,
      memoryBytes: residentOf(server, "VmHWM"),
      idleBytes,
    };
  } finally {
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
          const { timeS, cpuS, memoryBytes, idleBytes } = await measure(setting, count, start);
          const name = `${kind}/${count}`;
          row(name, "time", timeS, "s", name === "aedes/2000" ? GOAL_S : null);
          row(name, "cpu", cpuS, "s");
          row(name, "memory", memoryBytes, "B");
          if (kind === "aedes" && count === counts.at(-1)) row("idle-device", "memory", idleBytes, "B");
        }
      }
      const most = counts.at(-1) as number;
      const bare = await measure(setting, most, (units) => startBare(setting, units));
      row(`bare-endpoint/${most}`, "time", bare.timeS, "s");
      return rows;
    } finally {
      rmSync(setting.folder, { recursive: true, force: true });
    }
  },
};
