/** The owner's session of the tool with its unit, opened again whenever the unit started anew: calls, variables, events. */
import { ok, type Result, refuse } from "#base/faults.ts";
import type { Cbor } from "#codec/cbor.ts";
import { call } from "#phone/call.ts";
import { describeApp, describeUnit } from "#phone/describe.ts";
import { historyOf } from "#phone/history.ts";
import { openSession, type Session } from "#phone/session.ts";
import { eventsAfter } from "#phone/subscribe.ts";
import { tellUnit, vouchFor } from "#phone/tell-time.ts";
import { httpTransport } from "#phone/transports/http.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import type { KeptHistory } from "#web/dev/interface.ts";
import type { Description } from "#wire/describe.ts";
import { createDevHistories } from "./dev-histories.ts";
import type { DevIdentity } from "./dev-keys.ts";

/** Between two looks at the unit. */
const LOOK_MS = 400;
const RETRY_MS = 150;
/** The owner's grant alone leads to the tool's key. */
const OWNERS_LINKS = 1;

interface LinkReports {
  linked(isLinked: boolean): void;
  described(description: Description): void;
  timeGrade(grade: string): void;
  variable(name: string, value: Cbor): void;
  setting(name: string, value: Cbor): void;
  /** All histories that are known, by the variable's name. */
  histories(all: Readonly<Record<string, KeptHistory>>): void;
  raised(name: string, value: Cbor): void;
  /** Variables to read now: none while nobody looks. */
  wanted(): readonly string[];
}

export interface DevLink {
  /** Changes a setting, and reads it back. */
  set(name: string, value: Cbor): Promise<Result<Cbor>>;
  call(name: string, args: Readonly<Record<string, Cbor>>): Promise<Result<Cbor>>;
  tellTime(atS: number): Promise<Result<Cbor>>;
  /** The unit starts anew: its sessions are gone. */
  reset(): void;
  close(): Promise<void>;
}

/** Where a unit is on its network. */
export interface UnitPlace {
  readonly host: string;
  readonly port: number;
}

/** @param find Says where the unit is now; undefined while nobody knows. */
export function openDevLink(
  { deviceId, holderSeed }: DevIdentity,
  find: () => Promise<UnitPlace | undefined>,
  reports: LinkReports,
): DevLink {
  let session: Session | undefined;
  let isClosed = false;
  let generation = 0;
  let after = 0;
  let description: Description | undefined;
  const histories = createDevHistories();
  const telling = (nowS: number) => ({ primitives, holderSeed, links: OWNERS_LINKS, nowS });

  function drop(): void {
    const dropped = session;
    session = undefined;
    if (dropped === undefined) return;
    reports.linked(false);
    void dropped.close().catch(() => undefined);
  }

  async function tellGrade(of: Session): Promise<void> {
    const unit = await describeUnit(of);
    if (unit.ok) reports.timeGrade(unit.value.timeGrade);
  }

  async function open(): Promise<void> {
    const opening = generation;
    const at = await find();
    if (at === undefined) return;
    const opened = await openSession({
      ...{ primitives, deviceId, holderSeed, sendingsMax: 1 },
      transport: httpTransport({ ...at, timeoutMs: 10_000 }),
    });
    if (!opened.ok) return;
    if (opening !== generation || isClosed) return void opened.value.close().catch(() => undefined);
    session = opened.value;
    after = 0;
    await tellUnit(session, telling(Math.floor(Date.now() / 1000)));
    const described = await describeApp(session);
    description = described.ok ? described.value : undefined;
    if (description !== undefined) reports.described(description);
    await tellGrade(session);
    reports.linked(true);
    if (description !== undefined) await tellSettings(session, Object.keys(description.settings));
  }

  async function tellSettings(of: Session, names: readonly string[]): Promise<void> {
    for (const name of names) {
      const value = await call(of, name);
      if (value.ok && of === session) reports.setting(name, value.value);
    }
  }

  /** @returns Whether the session still stands. */
  async function look(of: Session): Promise<boolean> {
    const raised = await eventsAfter(of, after);
    if (!raised.ok) return !raised.fault.startsWith("SESSION_");
    for (const { number, name, value } of raised.value) {
      after = Math.max(after, number);
      if (of === session) reports.raised(name, value);
    }
    for (const name of reports.wanted()) {
      const value = await call(of, name);
      if (of !== session) return true;
      if (value.ok) reports.variable(name, value.value);
      else if (value.fault.startsWith("SESSION_")) return false;
    }
    if (description !== undefined && reports.wanted().length > 0) {
      const known = await histories.read(description, Date.now, (name, from) => historyOf(of, name, from));
      if (known !== undefined && of === session) reports.histories(known);
    }
    return true;
  }

  async function run(): Promise<void> {
    while (!isClosed) {
      const of = session;
      if (of === undefined) await open().catch(() => undefined);
      else if (!(await look(of)) && of === session) drop();
      await new Promise((resolve) => setTimeout(resolve, session === undefined ? RETRY_MS : LOOK_MS));
    }
  }
  const ended = run();

  return {
    call: async (name, args) => (session === undefined ? refuse("SESSION_UNREACHABLE") : call(session, name, args)),
    async set(name, value) {
      const of = session;
      if (of === undefined) return refuse("SESSION_UNREACHABLE");
      const done = await call(of, name, { value });
      if (done.ok) await tellSettings(of, [name]);
      return done;
    },
    async tellTime(atS) {
      const of = session;
      if (of === undefined) return refuse("SESSION_UNREACHABLE");
      const nonce = await of.request({ op: "nonce" });
      if (!nonce.ok) return nonce;
      const told = nonce.value instanceof Uint8Array ? await vouchFor(of, nonce.value, telling(atS)) : ok(null);
      if (told.ok) await tellGrade(of);
      return told;
    },
    reset() {
      generation++;
      histories.reset();
      reports.histories({});
      drop();
    },
    async close() {
      isClosed = true;
      drop();
      await ended;
    },
  };
}
