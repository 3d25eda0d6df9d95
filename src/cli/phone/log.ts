/** `latchkey phone log`: shows the unit's log: the requests, their times and keys, and the unit's decisions. */
import { equal, fromHex, toHex } from "#base/bytes.ts";
import { faultOf } from "#base/faults.ts";
import { momentText } from "#cli/limits.ts";
import { type Known, recall } from "#phone/memory.ts";
import type { Session } from "#phone/session.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { readGrant } from "#wire/grants/grant.ts";
import { ACT, type AuditEntry, auditNameTag, readAudit } from "#wire/sessions/audit.ts";
import { answerOf, describedUnit, inSession } from "./describe.ts";
import { type PhoneOptions, PhoneTrouble, print, unitId } from "./unit.ts";

const ACTS = new Map(Object.entries(ACT).map(([name, act]) => [act as number, name]));
const NOTHING = new Uint8Array(0);

/** Reads the whole log, part by part. */
async function entriesOf(session: Session): Promise<readonly AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for (let from = 0; ; ) {
    const answer = answerOf(await session.request({ op: "audit", from }), "the unit doesn't show its log");
    const part = readAudit(nodePrimitives, answer instanceof Uint8Array ? answer : NOTHING);
    if (!part.ok) {
      throw new PhoneTrouble("the unit's log was changed: an entry doesn't follow from the one before it", part.fault);
    }
    const fresh = part.value.entries.filter(({ sequence }) => sequence >= from);
    entries.push(...fresh);
    // Each request for the log is noted too: what came while we read is left for the next time.
    if (fresh.length < 2) return entries;
    from = (fresh.at(-1)?.sequence ?? 0) + 1;
  }
}

/** Whose key an entry is about: the log says the first four bytes of its number. */
function keyNames(known: Known | undefined): (prefix: Uint8Array) => string {
  const grant = readGrant(fromHex(known?.grant ?? "") ?? NOTHING);
  const owners = grant.ok ? toHex(grant.value.claims.cti) : undefined;
  return (prefix) => {
    const text = toHex(prefix);
    if (prefix.every((byte) => byte === 0)) return "nobody";
    if (owners?.startsWith(text)) return "owner";
    const named = (known?.keys ?? []).filter(({ cti }) => cti.startsWith(text)).map(({ name }) => name);
    return named.length > 0 ? named.join(" or ") : `key ${text}`;
  };
}

/** When an entry was made, as far as the unit knew the time. */
function timeText({ timeGrade, timeS }: AuditEntry): string {
  if (timeGrade === "unknown" || timeS === 0) return "time unknown";
  if (timeGrade === "hint") return `about ${momentText(timeS)} (not proved)`;
  return timeGrade === "trusted" ? momentText(timeS) : `after ${momentText(timeS)}`;
}

/** Shows what was asked of the unit and what it decided. */
export async function readLog(options: PhoneOptions): Promise<void> {
  await inSession(options, async (session) => {
    const { names } = await describedUnit(options, session);
    const tags = names.map(([name]) => [auditNameTag(nodePrimitives, name), name] as const);
    const nameOf = (tag: Uint8Array) =>
      tag.every((byte) => byte === 0) ? undefined : (tags.find(([each]) => equal(each, tag))?.[1] ?? "unknown name");
    const keyName = keyNames(recall(options.memory, await unitId(options)));
    const shown = (await entriesOf(session)).map((entry) => ({
      sequence: entry.sequence,
      time: timeText(entry),
      timeGrade: entry.timeGrade,
      timeS: entry.timeS,
      key: keyName(entry.ctiPrefix),
      ctiPrefix: toHex(entry.ctiPrefix),
      act: ACTS.get(entry.act) ?? String(entry.act),
      name: nameOf(entry.nameTag) ?? null,
      result: entry.fault === 0 ? "done" : (faultOf(entry.fault) ?? `fault ${entry.fault}`),
      fault: entry.fault,
    }));
    const lines = shown.map(
      ({ time, key, act, name, result }) =>
        `${time.padEnd(26)}  ${key.padEnd(16)}  ${(name === null ? act : `${act} ${name}`).padEnd(20)}  ${result}`,
    );
    print(options, { entries: shown }, lines.join("\n"));
  });
}
