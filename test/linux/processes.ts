/** Finds the processes of a Linux unit by those that started them. */
import { readFileSync } from "node:fs";

const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);

/** The supervisor that a unit's host process (boards/linux/host/unit.ts) started. */
function supervisorProcess(hostPid: number): number {
  const [supervisor] = childrenOf(hostPid);
  if (supervisor === undefined) throw new Error(`process ${hostPid} has started no unit`);
  return supervisor;
}

/** The process that runs boot stage and runtime. */
export function unitProcess(hostPid: number): number {
  const unit = childrenOf(supervisorProcess(hostPid)).at(-1);
  if (unit === undefined) throw new Error(`the supervisor of process ${hostPid} has started no unit`);
  return unit;
}
