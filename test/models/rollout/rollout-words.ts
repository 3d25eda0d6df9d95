/** The words of rollout.pml and what they stand for in the code. */
import { createHash } from "node:crypto";
import { bucketOf } from "#cloud/rollout/bucket.ts";
import type { AttemptState } from "#cloud/rollout/rollout-plan.ts";
import { encodeUnitState, type UnitAttempt } from "#wire/link/unit-state.ts";

export const ROLLOUT = "lamp-1-1";
const STATES: readonly (AttemptState | undefined)[] = [
  ...[undefined, "offered", "fetching", "trial", "rolled-back", "confirmed", "rejected", "refused", "offered"],
] as (AttemptState | undefined)[];

export interface Unit {
  readonly id: string;
  readonly fleet: string;
  readonly publicKey: Uint8Array;
}

/** Three units in the order in which waves take them in. */
export function makeUnits(): readonly Unit[] {
  return Array.from({ length: 3 }, (_, number) => {
    const publicKey = Uint8Array.from(createHash("sha256").update(`unit ${number}`).digest());
    return { id: createHash("sha512").update(publicKey).digest("hex").slice(0, 24), fleet: "f1", publicKey };
  }).sort((a, b) => bucketOf(ROLLOUT, a.id) - bucketOf(ROLLOUT, b.id));
}

/** What a unit says, by the model's numbers for its job and its verdict. */
export function stateOf(job: number, verdict: number): Uint8Array {
  const at = (stage: UnitAttempt["stage"], fault?: UnitAttempt["fault"]): UnitAttempt => ({
    ...{ sequence: 1, stage, fault, percent: 0 },
  });
  const jobs = [
    undefined,
    at("waiting"),
    at("fetching"),
    at("verified"),
    at("trial"),
    at("rolledBack", "TRIAL_SILENCE"),
  ];
  const verdicts = [
    undefined,
    at("refused", "RELEASE_WITHDRAWN"),
    at("refused", "RELEASE_HARDWARE"),
    at("rejected", "TRIAL_CRASH"),
  ];
  const attempt = job === 0 ? verdicts[verdict] : jobs[job];
  return encodeUnitState({ sequence: verdict === 9 ? 1 : 0, epoch: 0, attempt });
}

/** A STATE line of the model as the replay shows the code's state. */
export function stateWords(line: string): string {
  const [rollout, attempts, sequences] = line
    .slice("STATE ".length)
    .split("|")
    .map((part) => part.trim().split(" "));
  const [state, ...others] = rollout ?? [];
  return [
    ...[state === "0" ? "running" : "halted", ...others],
    ...(attempts ?? []).map((number) => STATES[Number(number)] ?? "none"),
    ...(sequences ?? []),
  ].join(" ");
}
