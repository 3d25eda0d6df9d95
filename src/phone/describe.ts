/** A unit's description of itself and its app, requested within a session (PROTOCOL 5.21, request 2). */
import { type Fault, faultOf, ok, type Result, refuse } from "#base/faults.ts";
import type { Cbor } from "#codec/cbor.ts";
import { type Description, readDescription } from "#wire/describe.ts";
import { decodeUnitState, type UnitState } from "#wire/link/unit-state.ts";
import { DIAGNOSTICS, type Diagnostics } from "#wire/sessions/unit-log.ts";
import type { Session } from "./session.ts";
import { cloudFrom, type UnitCloud } from "./unit-cloud.ts";

export interface AppHealth {
  /** The unit has stopped it, and goes on without. */
  readonly isStopped: boolean;
  readonly fault: Fault;
  /** The function, variable or the like in which it failed. */
  readonly name: string;
  /** Failures since the unit started. */
  readonly count: number;
}

export interface UnitDescription {
  /** Functions, variables and events of the app, with the right that each needs. */
  readonly names: readonly (readonly [name: string, right: string])[];
  readonly product: string;
  /** Whether it is a development unit: it answers the maker's tools, and believes development keys alone. */
  readonly isDevelopment: boolean;
  /** Whether this session is the owner's. */
  readonly isOwner: boolean;
  readonly isClaimed: boolean;
  /** Whether grants for a fleet or product may call functions. */
  readonly allowsFleetCalls: boolean;
  /** What its maker sees of a crash; undefined of a unit that doesn't say. */
  readonly diagnostics: Diagnostics | undefined;
  /** Epochs of links that the session's key signed below this are revoked. */
  readonly floor: number;
  /** Its cloud, the link to it, and the maker's key set that it uses. */
  readonly cloud: UnitCloud;
  /** How well the unit knows the time. */
  readonly timeGrade: string;
  /** How its app fares: its last failure since the unit started; undefined where nothing went wrong. */
  readonly appHealth: AppHealth | undefined;
  /** What runs, and where the unit is with the release that it was last offered; undefined where it does not say. */
  readonly state: UnitState | undefined;
}

function namesOf(item: Cbor): UnitDescription["names"] | undefined {
  if (!Array.isArray(item)) return undefined;
  const names: (readonly [string, string])[] = [];
  for (const each of item as readonly Cbor[]) {
    const [name, right] = Array.isArray(each) ? (each as readonly Cbor[]) : [];
    if (typeof name !== "string" || typeof right !== "string") return undefined;
    names.push([name, right]);
  }
  return names;
}

function stateOf(item: Cbor): UnitState | undefined {
  const state = item instanceof Uint8Array ? decodeUnitState(item) : undefined;
  return state?.ok === true ? state.value : undefined;
}

function healthOf(item: Cbor): AppHealth | undefined {
  const [isStopped, fault, name, count] = Array.isArray(item) ? (item as readonly Cbor[]) : [];
  if (typeof isStopped !== "boolean" || typeof name !== "string" || typeof count !== "number") return undefined;
  return { isStopped, fault: (typeof fault === "number" && faultOf(fault)) || "APP_THREW", name, count };
}

/** Asks the unit. @returns What it says; SESSION_ANSWER when that is no description, or what became of the session. */
export async function describeUnit(session: Session): Promise<Result<UnitDescription>> {
  const answer = await session.request({ op: "describe" });
  return answer.ok ? readUnitDescription(answer.value) : answer;
}

/** Reads a unit's answer to `describe`. @returns SESSION_ANSWER when it is no description. */
export function readUnitDescription(answer: Cbor): Result<UnitDescription> {
  const facts: ReadonlyMap<unknown, Cbor> = answer instanceof Map ? answer : new Map();
  const names = namesOf(facts.get("names"));
  const floor = facts.get("floor");
  if (names === undefined || typeof floor !== "number") return refuse("SESSION_ANSWER");
  return ok({
    names,
    product: String(facts.get("product") ?? ""),
    isDevelopment: facts.get("development") === true,
    isOwner: facts.get("owner") === true,
    isClaimed: facts.get("claimed") === true,
    allowsFleetCalls: facts.get("fleetCalls") === true,
    diagnostics: DIAGNOSTICS[facts.get("diagnostics") as number],
    floor,
    cloud: cloudFrom(facts),
    timeGrade: String(facts.get("time") ?? "unknown"),
    appHealth: healthOf(facts.get("app")),
    state: stateOf(facts.get("state")),
  });
}

/** Parts of a description that are asked for at most: a unit that tells of more is not ours. */
const PARTS_MAX = 16;

/**
 * Asks the unit what its app takes and gives.
 * @returns The description; DESCRIBE_FORM or DESCRIBE_VERSION for one that this program cannot read, SESSION_REQUEST from a unit whose
 *   bundle has none, SESSION_ANSWER for no part of a description, or what became of the session.
 */
export async function describeApp(session: Session): Promise<Result<Description>> {
  let text = "";
  for (let part = 0, parts = 1; part < parts; part++) {
    const answer = await session.request({ op: "description", part });
    if (!answer.ok) return answer;
    const [count, piece] = Array.isArray(answer.value) ? (answer.value as readonly Cbor[]) : [];
    if (typeof count !== "number" || count > PARTS_MAX || typeof piece !== "string") return refuse("SESSION_ANSWER");
    parts = count;
    text += piece;
  }
  return readDescription(text);
}
