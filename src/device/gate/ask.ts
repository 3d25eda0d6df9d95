/** Handles one request of a session: gathers the context, decides, and records the decision in the audit log. */
import type { Fault, Result } from "#base/faults.ts";
import { type CborMap, decodeCbor } from "#codec/cbor.ts";
import type { Ask, Position } from "#trust/grants/caveats.ts";
import { decide, type Verdict } from "#trust/grants/verify-grant.ts";
import { RIGHT, type Right } from "#wire/grants/scope.ts";
import type { Origin } from "./endpoint.ts";
import { trustOf } from "./memory.ts";
import { buttonHeldMs, note, type Session, type StepContext } from "./state.ts";
import { needTime, rememberExpiry } from "./time.ts";
import { countUses, usageOf } from "./usage.ts";

/** The context of one request. Arguments are decoded only when a caveat needs them. */
function askOf(
  context: StepContext,
  session: Session,
  right: Right,
  origin: Origin,
  name?: string,
  args?: Uint8Array,
): Ask {
  const { memory, nowMs } = context;
  const position = positionOf(context);
  let decoded: CborMap | undefined;
  return {
    right,
    ...(name !== undefined && { name }),
    // What crossed a router is no nearer than what the cloud relays.
    arrival: origin.kind === "lan" && origin.isOnSubnet ? "lan" : "relay",
    buttonHeldMs: buttonHeldMs(context),
    discharged: session.discharged.map(({ cti, publicKey, nonceAtMs }) => ({
      cti,
      publicKey,
      ageS: (nowMs - nonceAtMs) / 1000,
    })),
    ...(position !== undefined && { position }),
    usageOf: (cti) => usageOf(context.options.crypto, memory, session.chain, cti, nowMs),
    get args() {
      decoded ??= mapOf(args);
      return decoded;
    },
  };
}

/**
 * The unit's position: the app's last fix with its age, else the place that was set, which holds until it is cleared.
 */
function positionOf({ state, memory, nowMs }: StepContext): Position | undefined {
  const [place, atMs] = state.fix === undefined ? [memory.place, nowMs] : [state.fix.place, state.fix.atMs];
  return place && { latitudeE5: place[0], longitudeE5: place[1], ageS: (nowMs - atMs) / 1000 };
}

const EMPTY: CborMap = new Map();

function mapOf(bytes: Uint8Array | undefined): CborMap {
  const item = decodeCbor(bytes ?? new Uint8Array(0));
  return item.ok && item.value instanceof Map ? item.value : EMPTY;
}

/** A refusal that has to do with the time: an expiry is kept, and a time that is missing or old is asked for. */
export function lacked(context: StepContext, { chain }: Session, fault: Fault): void {
  if (fault === "GRANT_EXPIRED") rememberExpiry(context, chain);
  if (fault === "CAVEAT_TIME_UNKNOWN" || fault === "CAVEAT_TIME_OLD") needTime(context);
}

/** Decides one request, counts its use and records the decision. */
export function decideAsk(
  context: StepContext,
  session: Session,
  right: Right,
  origin: Origin,
  name?: string,
  args?: Uint8Array,
): Result<Verdict> {
  const ask = askOf(context, session, right, origin, name, args);
  const verdict = decide(session.chain, ask, trustOf(context.options.crypto, context.memory, context.nowMs));
  if (!verdict.ok) lacked(context, session, verdict.fault);
  if (verdict.ok) {
    const { options, memory, nowMs } = context;
    context.effects.push(...countUses(options.crypto, memory, session.chain, verdict.value.counted, nowMs));
  }
  const isGrave = right === "config" || right === "delegate" || right === "flash";
  // A subscriber polls all day long: recording each allowed poll would crowd everything else out of the log.
  if (right !== "subscribe" || !verdict.ok) {
    note(context, RIGHT[right], session.chain, verdict.ok ? undefined : verdict.fault, isGrave, name);
  }
  return verdict;
}
