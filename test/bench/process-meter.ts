/** Measures the processor time and memory of processes, from Linux's /proc. */
import { readFileSync } from "node:fs";

interface Measurable {
  readonly pids: readonly number[];
}

const cpuSeconds = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
};
const residentBytes = (pid: number, field: "VmHWM" | "VmRSS"): number =>
  1024 * Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0);

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

export const cpuOf = ({ pids }: Measurable): number => sum(pids.map(cpuSeconds));

/** Seconds of processor time that all programs of this machine took so far. @source proc_stat(5): user, nice, system, ..., irq, softirq */
export const busyOf = (): number => {
  const fields = readFileSync("/proc/stat", "latin1").split("\n")[0]?.trim().split(/\s+/).slice(1).map(Number) ?? [];
  return sum([0, 1, 2, 5, 6].map((at) => fields[at] ?? 0)) / 100;
};

/** Bytes in memory: now (VmRSS), or the most so far (VmHWM). */
export const residentOf = ({ pids }: Measurable, field: "VmHWM" | "VmRSS"): number =>
  sum(pids.map((pid) => residentBytes(pid, field)));

/** Files and sockets that a process may hold open. Node raises its own limit to the hard one as it starts. */
export const openFilesMax = (pid: number): number =>
  Number(/Max open files\s+(\d+)/.exec(readFileSync(`/proc/${pid}/limits`, "latin1"))?.[1] ?? Number.POSITIVE_INFINITY);
