/** Installs a signed release on a unit: hands it over, serves its blocks, and asks the unit what became of it. */
import { type Fault, ok, type Result, refuse } from "#base/faults.ts";
import { addressTowards, serveStreams } from "#phone/serve-streams.ts";
import type { ReleaseFile } from "#trust/host/release-file.ts";
import type { UnitState } from "#wire/link/unit-state.ts";
import type { Trouble } from "./unit-connection.ts";
import type { GatewayUnit } from "./units.ts";

/** A unit that fetches nothing and says nothing new for so long is not waited for. */
const QUIET_MS = 300_000;
const LOOK_MS = 3_000;

type Started = { readonly ok: true } | { readonly ok: false; readonly fault: Trouble };
/** `trial`: it runs, and its owner's phone or its cloud confirms it; `success`: it is confirmed, as the unit says. */
type FlashStage = "started" | "trial" | "success" | "failed";

function stageOf({ sequence, attempt }: UnitState, wanted: number): { stage: FlashStage; fault?: Fault } | undefined {
  // A release whose signature is nobody's has no number for the unit.
  if (attempt?.sequence === wanted || (attempt?.sequence === 0 && attempt.stage === "refused")) {
    if (attempt.stage === "trial") return { stage: "trial" };
    const isOver = ["refused", "rejected", "rolledBack"].includes(attempt.stage);
    return isOver ? { stage: "failed", ...(attempt.fault !== undefined && { fault: attempt.fault }) } : undefined;
  }
  return sequence === wanted ? { stage: "success" } : undefined;
}

/**
 * @param tell Is told each stage that the unit reaches, "started" first, until it says success or failed.
 * @returns Once the unit took the release and fetches its blocks; or why it did not.
 */
export async function flashUnit(
  unit: GatewayUnit,
  file: ReleaseFile,
  tell: (stage: FlashStage, fault?: Fault) => void,
): Promise<Started> {
  const { host, port } = unit.place;
  if (file.signed === undefined) return refuse("RELEASE_SIGNATURE");
  const server = await serveStreams(file.streams);
  const from: Result<string> = await addressTowards(host, port).then(
    (address) => ok(`${address}:${server.port}`),
    async () => refuse("SESSION_UNREACHABLE"),
  );
  const answer = from.ok
    ? await unit.connection.request({ op: "carry", signed: file.signed, from: from.value }, false)
    : from;
  if (!answer.ok) {
    await server.stop();
    return answer;
  }
  tell("started");
  let last: FlashStage = "started";
  let newsMs = performance.now();
  const look = async () => {
    const told = await unit.look();
    const state = told.ok ? told.value.state : undefined;
    const { stage, fault } = (state && stageOf(state, file.release.sequence)) ?? { stage: last };
    if (stage !== last) {
      last = stage;
      newsMs = performance.now();
      tell(stage, fault);
    }
    const isQuiet = Math.min(server.quietMs(), performance.now() - newsMs) > QUIET_MS;
    if (last === "success" || last === "failed" || isQuiet) return void (await server.stop());
    setTimeout(() => void look(), LOOK_MS).unref();
  };
  setTimeout(() => void look(), LOOK_MS).unref();
  return { ok: true };
}
