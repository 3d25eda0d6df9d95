/** Grows a fleet of idle authenticated devices on one cloud process, step by step, until something ends it. */
import { type ChildProcess, fork } from "node:child_process";
import { freemem } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { builtPath } from "#boards/sim/host/programs.ts";
import { LINK_TIMES } from "#device/link/settings.ts";
import { drivenUnits } from "./fleet-driver.ts";
import type { FromIdle, ToIdle } from "./fleet-idle-process.ts";
import { type IdleStep, medianQuantile } from "./fleet-knee.ts";
import { type CloudServer, PRODUCT, type Setting, startCloud } from "./fleet-servers.ts";
import { cpuOf, openFilesMax, residentOf } from "./process-meter.ts";

interface Growth {
  /** Devices of the first step; each further one has twice as many. */
  readonly first: number;
  readonly most: number;
  /** Seconds of pings at every step. */
  readonly pingS: number;
  /** No step is begun that would end later than this. */
  readonly boundMs: number;
}

interface Grown {
  readonly steps: readonly IdleStep[];
  /** Why it grew no further, in words. */
  readonly limit: string;
}

const DRIVERS = 2;
/** Devices that connect first, unmeasured: what is compiled and opened once is no device's cost. */
const WARM_UP = 100;
/** Open files that the cloud needs for itself and for those who ask it for nonces. */
const SPARE_FILES = 300;
/** A step that was begun may take this much longer than it seemed. */
const GRACE_MS = 30_000;
/** Enough for a p99 at every step. A large fleet pings more often: the link pings at half its keep-alive time. */
const PINGS_PER_S_MIN = 250;
const PINGS_A_DEVICE_PER_S = 2 / LINK_TIMES.keepAliveS;

/** The next size: twice the last, or as many as the files allow if that is worth a step. */
export function nextSize(devices: number, filesMax: number): number | undefined {
  const room = Math.floor((filesMax - SPARE_FILES) / 100) * 100;
  if (2 * devices <= room) return 2 * devices;
  return room > 1.1 * devices ? room : undefined;
}

function ask(driver: ChildProcess, message: ToIdle): Promise<FromIdle> {
  return new Promise((resolve) => {
    const onExit = () => resolve({ kind: "failed", why: "a driver ended" });
    driver.once("exit", onExit);
    driver.once("message", (answer: FromIdle) => {
      driver.off("exit", onExit);
      resolve(answer);
    });
    driver.send(message);
  });
}

async function askAll(drivers: readonly ChildProcess[], messageOf: (at: number) => ToIdle, leftMs: number) {
  const clock = new AbortController();
  const late = sleep(leftMs, undefined, { signal: clock.signal }).then(
    () => [{ kind: "failed", why: "out of time" } satisfies FromIdle],
    () => [],
  );
  const answers: readonly FromIdle[] = await Promise.race([
    Promise.all(drivers.map((driver, at) => ask(driver, messageOf(at)))),
    late,
  ]);
  clock.abort();
  for (const answer of answers) if (answer.kind === "failed") throw new Error(answer.why);
  return answers;
}

export async function growIdleFleet(setting: Setting, growth: Growth): Promise<Grown> {
  const startedMs = performance.now();
  const leftMs = () => growth.boundMs - (performance.now() - startedMs);
  const { keyset } = setting.keys;
  const cloud: CloudServer = await startCloud(setting, [], "idle", []);
  const path = builtPath("test/bench/fleet-idle-process.ts");
  const fresh = { execArgv: ["--enable-source-maps"], serialization: "advanced" as const };
  const drivers = Array.from({ length: DRIVERS }, () => fork(path, fresh));
  let connected = 0;

  /** @returns Seconds that it took to connect them. */
  const growTo = async (devices: number): Promise<number> => {
    const first = connected;
    await cloud.enrol(drivenUnits(devices - first, PRODUCT, keyset, first));
    const shareOf = (at: number) => first + Math.floor(((devices - first) * at) / DRIVERS);
    const target = { kind: "connect", product: PRODUCT, keyset, url: cloud.url, port: cloud.port } as const;
    const sinceMs = performance.now();
    const part = (at: number) => ({ ...target, first: shareOf(at), count: shareOf(at + 1) - shareOf(at) });
    await askAll(drivers, part, leftMs() + GRACE_MS);
    connected = devices;
    return (performance.now() - sinceMs) / 1_000;
  };
  const pingP99Ms = async (): Promise<number> => {
    const perS = Math.max(PINGS_PER_S_MIN, connected * PINGS_A_DEVICE_PER_S) / DRIVERS;
    const answers = await askAll(drivers, () => ({ kind: "ping", seconds: growth.pingS, perS }), leftMs() + GRACE_MS);
    const told = answers.flatMap((answer) => (answer.kind === "pinged" ? [answer] : []));
    const open = told.reduce((sum, { open }) => sum + open, 0);
    if (open !== connected) throw new Error(`${connected - open} of ${connected} devices lost their connection`);
    const seconds = Array.from({ length: growth.pingS }, (_, second) =>
      told.flatMap(({ windows }) => windows[second] ?? []),
    );
    return medianQuantile(seconds, 0.99);
  };

  const steps: IdleStep[] = [];
  try {
    await growTo(WARM_UP);
    const filesMax = openFilesMax(cloud.pids[0] as number);
    const baseBytes = residentOf(cloud, "VmRSS");
    for (let devices: number | undefined = growth.first; devices !== undefined; ) {
      const more = devices - connected;
      const cpuS = cpuOf(cloud);
      const sinceMs = performance.now();
      try {
        const seconds = await growTo(devices);
        const connectCpuMs = (1_000 * (cpuOf(cloud) - cpuS)) / more;
        const p99Ms = await pingP99Ms();
        const deviceBytes = (residentOf(cloud, "VmRSS") - baseBytes) / (devices - WARM_UP);
        steps.push({ devices, pingP99Ms: p99Ms, connectsPerS: more / seconds, connectCpuMs, deviceBytes });
      } catch (error) {
        return { steps, limit: `at ${devices}: ${(error as Error).message}` };
      }
      if (devices >= growth.most) return { steps, limit: "not tried" };
      const next = nextSize(devices, filesMax);
      if (next === undefined) return { steps, limit: `a process may open ${filesMax} files here: ulimit -Hn` };
      // The next step adds about as many as there are, to the server and to the drivers.
      const stepMs = ((performance.now() - sinceMs) * (next - devices)) / more;
      if (1.5 * stepMs > leftMs()) return { steps, limit: `${growth.boundMs / 1_000} s would not be enough` };
      const moreBytes = 3 * (next - devices) * (steps.at(-1) as IdleStep).deviceBytes;
      if (moreBytes > freemem()) return { steps, limit: "memory would not be enough" };
      devices = next;
    }
    throw new Error("no first step");
  } finally {
    for (const driver of drivers) driver.kill("SIGKILL");
    await cloud.stop();
  }
}
