/** `latchkey phone subscribe`: shows events as they happen, at home or through the relay, until Ctrl-C. */
import { fromHex } from "#base/bytes.ts";
import { durationMsOf } from "#cli/values/duration.ts";
import { countOf } from "#cli/values/number.ts";
import { ValueError } from "#cli/values/value-error.ts";
import type { Session } from "#phone/session.ts";
import { createEventFilter, eventsAfter, type RaisedEvent } from "#phone/subscribe.ts";
import { readText } from "#trust/host/files.ts";
import { readChain } from "#wire/grants/grant.ts";
import { RIGHT, rightsFor } from "#wire/grants/scope.ts";
import { answerOf, describedUnit, plainOf, valueText } from "./describe.ts";
import { openUnitSession, type PhoneOptions, PhoneTrouble } from "./unit.ts";

export interface SubscribeOptions extends PhoneOptions {
  /** Ends after so many events. */
  readonly count?: string;
  readonly every: string;
  /** Shows what the unit kept from before, too. */
  readonly recent?: boolean;
}

/** A unit that restarts, or a network that changes, is waited for. */
const REOPEN_MS = 2_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Whether every link of a guest's chain gives the right; the owner's own grant does. */
function maySubscribe({ chain }: PhoneOptions, name: string): boolean {
  const bytes = chain === undefined ? undefined : fromHex(readText(chain).trim());
  const links = bytes === undefined ? undefined : readChain(bytes);
  if (links?.ok !== true) return true;
  return links.value.every(({ claims }) => (rightsFor(claims.scope, name) & RIGHT.subscribe) !== 0);
}

/** Refuses names that are no events, and a unit that has none. */
async function checkNames(options: PhoneOptions, session: Session, wanted: readonly string[]): Promise<void> {
  const { names } = await describedUnit(options, session);
  const events = names.flatMap(([name, right]) => (right === "subscribe" ? [name] : []));
  if (events.length === 0) throw new PhoneTrouble("the unit's app raises no events");
  const wrong = wanted.find((name) => !events.includes(name));
  if (wrong !== undefined) throw new ValueError(`${wrong} is not an event of this app (events: ${events.join(", ")})`);
  // The unit leaves out, without a word, what a key has no right to: a subscription to nothing would never say so.
  const refused = (wanted.length > 0 ? wanted : events).filter((name) => !maySubscribe(options, name));
  if (refused.length === (wanted.length || events.length) || (wanted.length > 0 && refused.length > 0)) {
    throw new PhoneTrouble(
      `this key gives no right to subscribe to ${refused.join(", ")}; ask the owner for one that does`,
    );
  }
}

function show({ name, value, number }: RaisedEvent, isJson: boolean | undefined): void {
  const time = new Date().toISOString();
  const fields = { name, value: plainOf(value), number, receivedAt: time };
  const text = value === null || value === undefined ? name : `${name}: ${valueText(value)}`;
  process.stdout.write(isJson === true ? `${JSON.stringify(fields)}\n` : `${time.slice(11, 19)}  ${text}\n`);
}

/** Opens a session again until the unit answers; whatever else it refuses ends the subscription. */
async function reopened(options: PhoneOptions): Promise<Session> {
  for (;;) {
    try {
      return await openUnitSession(options);
    } catch (error) {
      if (!(error instanceof PhoneTrouble) || error.fault !== "SESSION_UNREACHABLE") throw error;
      await pause(REOPEN_MS);
    }
  }
}

const LOST = ["SESSION_UNREACHABLE", "SESSION_UNKNOWN", "SESSION_ORDER", "SESSION_REPLAY", "SESSION_SEAL"];

export async function subscribe(wanted: readonly string[], options: SubscribeOptions): Promise<void> {
  const count = options.count === undefined ? Number.POSITIVE_INFINITY : countOf("--count", options.count);
  const everyMs = durationMsOf("--every", options.every);
  const filter = createEventFilter();
  let session = await openUnitSession(options);
  try {
    await checkNames(options, session, wanted);
    const kept = filter.take(answerOf(await eventsAfter(session, 0), "the unit tells no events"));
    const isWanted = ({ name }: RaisedEvent) => wanted.length === 0 || wanted.includes(name);
    if (options.json !== true) process.stderr.write("subscribed; Ctrl-C ends it\n");
    let shown = 0;
    for (let events = options.recent === true ? kept : []; ; ) {
      for (const event of events.filter(isWanted)) {
        show(event, options.json);
        if (++shown >= count) return;
      }
      await pause(everyMs);
      let answer = await eventsAfter(session, filter.after);
      if (!answer.ok && LOST.includes(answer.fault)) {
        await session.close();
        session = await reopened(options);
        filter.reopen();
        answer = await eventsAfter(session, filter.after);
      }
      if (!answer.ok && LOST.includes(answer.fault)) continue;
      events = filter.take(answerOf(answer, "the subscription has ended"));
    }
  } finally {
    await session.close();
  }
}
