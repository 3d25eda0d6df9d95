/** The gate's state between two events. */
import { concat } from "#base/bytes.ts";
import { type Fault, faultNumber } from "#base/faults.ts";
import type { App, DescribedPart } from "#device/app-interface.ts";
import type { FlashLog } from "#device/flash-log.ts";
import type { Effect } from "#device/machine.ts";
import { createRateLimit, type RateLimit, takeTurn } from "#device/rate-limit.ts";
import type { Place } from "#device/store/codecs.ts";
import type { Discharged } from "#trust/grants/caveats.ts";
import type { OpenChain, OpenLink } from "#trust/grants/open-chain.ts";
import type { Primitives } from "#trust/primitives.ts";
import { timeAt } from "#trust/time-floor.ts";
import { type AuditEntry, auditNameTag, encodeAuditEntry } from "#wire/sessions/audit.ts";
import { type AuditLog, addAudit, openAuditLog } from "./audit-log.ts";
import { createEndpoint, type Endpoint, type Origin } from "./endpoint.ts";
import { isOwnersBranch, type Memory } from "./memory.ts";
import { createSessionTable, type SessionTable, type TableSession } from "./session-table.ts";

/** Message 1 costs the unit a signature and two X25519: so often for a source, and for all together. */
const HANDSHAKES_EACH = { burst: 6, everyMs: 2000 };
const HANDSHAKES_ALL = { burst: 12, everyMs: 500 };
/** What a session has written (revocation, place, consent, air key) costs flash each time: so often for the owner, and for all others together (ADR 0038). */
const WRITES = { burst: 16, everyMs: 600_000 };
/**
 * The limit for one guest together with all holders to whom this guest delegated keys, so that no guest can use up
 * the turns of all.
 */
const WRITES_EACH = { burst: 8, everyMs: 1_200_000 };
const EVENTS_MAX = 16;
/** An answer has 2,048 bytes at most (BODY_BYTES_MAX); number, lengths and list take so many for each event. */
const EVENTS_BYTES_MAX = 1_900;
const EVENT_HEAD_BYTES = 16;
/** The button counts as held for this long after its release, so that a phone has time to send its request. */
const BUTTON_MS = 30_000;

export interface GateOptions {
  readonly crypto: Primitives;
  readonly app: App;
  /** The app's description as JSON, part by part (wire/describe.ts); none in a bundle that was built without it. */
  readonly described?: DescribedPart;
  /** The port and the connections of HTTP on the unit's network. */
  readonly tcpPort: number;
  /** Origins of the maker's app: no other page may speak with the unit. */
  readonly appOrigins?: readonly string[];
  /** Where the unit notes what it decided. */
  readonly audit: FlashLog;
  /** When this image was built, Unix seconds. */
  readonly buildS?: number;
}

/** A session with all that is known of its holder. */
export interface Session extends TableSession {
  readonly chain: OpenChain;
  /** Of the last request taken. */
  counter: number;
  /** The end of that request: the same record again gets the same reply. */
  requestTag: Uint8Array;
  reply: Uint8Array | undefined;
  /**
   * What the answer to the last request waits for, and where it then goes: the app, which owes it, or the flash, which is
   * to hold what the answer depends on. `opening` waits for the flash with message 3, whose answer is empty.
   */
  pending:
    | { readonly callId: number; origin: Origin; readonly answer?: Uint8Array; readonly isOpening?: boolean }
    | undefined;
  /** The last nonce given, and when. */
  nonce: { readonly bytes: Uint8Array; readonly atMs: number } | undefined;
  discharged: readonly (Omit<Discharged, "ageS"> & { readonly nonceAtMs: number })[];
  /** Whether the holder has proved to receive the unit's answers. */
  hasProved: boolean;
}

interface RaisedEvent {
  readonly number: number;
  readonly name: string;
  readonly value: Uint8Array;
}

export interface GateState {
  /** How the link to the cloud stands: 0 up, else the number of the fault by which the last attempt ended. */
  link: number | undefined;
  /** Version of the key set in use. */
  keySet: number | undefined;
  /** What runs, and what became of the last release that was offered, encoded (wire/link/unit-state.ts). */
  unitState: Uint8Array | undefined;
  /** How the app fares: whether it is stopped, its last failure as fault and name, and how many there were in this run. */
  appFault: { isStopped: boolean; fault: number; name: string; count: number } | undefined;
  /** When somebody last asked for the unit's key, which is how a session begins. */
  keyAskedMs: number;
  readonly endpoint: Endpoint;
  readonly table: SessionTable<Session>;
  readonly limit: RateLimit;
  readonly ownersWrites: RateLimit;
  readonly othersWrites: RateLimit;
  memory: Memory | undefined;
  /** Opened when it is first asked for: reading a full one takes a while. */
  audit: AuditLog | undefined;
  callId: number;
  /** Sessions whose answer waits for the flash. Some of them may be over already: what they asked for has ended them. */
  readonly waiting: Session[];
  /** How things stood before the step in hand. */
  before: { readonly callId: number; readonly hasResale: boolean };
  button: { readonly heldMs: number; readonly atMs: number } | undefined;
  readonly events: RaisedEvent[];
  eventNumber: number;
  /** When the cloud is next asked for the time (never: it isn't linked), was last asked, and how long to wait for it then. */
  readonly timeAsking: { dueMs: number; askedMs: number; retryMs: number };
  /** Where the app's receiver last saw the unit. */
  fix: { readonly place: Place; readonly atMs: number } | undefined;
}

export function createGateState(tcpPort: number, appOrigins: readonly string[] = []): GateState {
  return {
    link: undefined,
    keySet: undefined,
    unitState: undefined,
    appFault: undefined,
    keyAskedMs: Number.NEGATIVE_INFINITY,
    endpoint: createEndpoint(tcpPort, appOrigins),
    table: createSessionTable(),
    limit: createRateLimit(HANDSHAKES_EACH, HANDSHAKES_ALL),
    ownersWrites: createRateLimit(WRITES, WRITES),
    othersWrites: createRateLimit(WRITES_EACH, WRITES),
    memory: undefined,
    audit: undefined,
    callId: 0,
    waiting: [],
    before: { callId: 0, hasResale: false },
    button: undefined,
    events: [],
    eventNumber: 0,
    timeAsking: { dueMs: Number.POSITIVE_INFINITY, askedMs: Number.NEGATIVE_INFINITY, retryMs: 0 },
    fix: undefined,
  };
}

/** One step's surroundings: what every part of the gate is handed. */
export interface StepContext {
  readonly options: GateOptions;
  readonly state: GateState;
  readonly memory: Memory;
  readonly nowMs: number;
  readonly effects: Effect[];
}

/** Takes a turn for a write to flash. The owner has separate turns. SESSION_RATE where none is left. */
export function mayWrite(
  { state, memory, nowMs }: StepContext,
  { isOwner, chain }: Pick<Session, "isOwner" | "chain">,
): boolean {
  if (isOwner) return takeTurn(state.ownersWrites, "", nowMs);
  return takeTurn(state.othersWrites, branchOf(memory, chain).join(), nowMs);
}

/**
 * Whom a chain is counted for: the holder of the link that the owner signed, else of the grant that an issuer signed. So nobody who
 * may sign keys can multiply.
 */
export function branchOf(memory: Memory, chain: OpenChain): Uint8Array {
  const [first, second] = chain.links;
  return (((isOwnersBranch(memory, chain) && second) || first) as OpenLink).claims.holder;
}

/** For how long the button has been held, as far as it still counts. */
export function buttonHeldMs({ state, nowMs }: Pick<StepContext, "state" | "nowMs">): number {
  return state.button !== undefined && nowMs - state.button.atMs < BUTTON_MS ? state.button.heldMs : 0;
}

/** Keeps an event of the app for those who ask: the last ones, as many as one answer can tell. */
export function keepEvent(state: GateState, name: string, value: Uint8Array): void {
  const { events } = state;
  events.push({ number: ++state.eventNumber, name, value });
  const bytes = () => events.reduce((sum, event) => sum + EVENT_HEAD_BYTES + event.name.length + event.value.length, 0);
  while (events.length > EVENTS_MAX || (events.length > 1 && bytes() > EVENTS_BYTES_MAX)) events.shift();
}

const NOBODY = new Uint8Array(4);

export function auditOf({ options, state }: Pick<StepContext, "options" | "state">): AuditLog {
  state.audit ??= openAuditLog(options.crypto, options.audit);
  return state.audit;
}

/** The time as the log notes it: also what nobody has proved, where it can be and nothing better is known. */
function stampAt({ time: known, guess }: Memory, nowMs: number): Pick<AuditEntry, "timeGrade" | "timeS"> {
  const time = timeAt(known, nowMs);
  const earliestS = time.grade === "unknown" ? 0 : time.earliestS;
  const guessedS = guess === undefined ? 0 : Math.floor(guess.atS + (nowMs - guess.atMs) / 1000);
  const isGuessed = time.grade !== "trusted" && guessedS > earliestS;
  return isGuessed ? { timeGrade: "hint", timeS: guessedS } : { timeGrade: time.grade, timeS: earliestS };
}

/** Notes what was asked and decided; it is in flash before anything comes of it. What is refused, and what concerns the unit, has turns of its own. */
export function note(
  context: StepContext,
  act: number,
  chain: OpenChain | undefined,
  fault: Fault | undefined,
  isGrave = false,
  name?: string,
): void {
  const { options, memory, nowMs } = context;
  const log = auditOf(context);
  const sequence = log.sequence++;
  if (!takeTurn(log.turns, fault !== undefined ? "refused" : isGrave ? "grave" : "", nowMs)) return;
  const entry = {
    sequence,
    ctiPrefix: chain?.links[chain.links.length - 1]?.claims.cti ?? NOBODY,
    act,
    ...stampAt(memory, nowMs),
    fault: fault === undefined ? 0 : faultNumber(fault),
    nameTag: auditNameTag(options.crypto, name),
  };
  addAudit(options.crypto, log, encodeAuditEntry(entry));
}

/** The last bytes of something sealed: enough to know it again. */
export function tagOf(sealed: Uint8Array): Uint8Array {
  return concat(sealed.subarray(Math.max(0, sealed.length - 16)));
}
