/** The time zone of a unit: `latchkey phone zone`. */
import { readZone } from "#codec/posix-tz.ts";
import { ownZoneName, ruleOf, zoneNamed } from "#phone/zone-rule.ts";
import { nowS, ownZoneRule } from "./tell.ts";
import { openUnitSession, type PhoneOptions, PhoneTrouble, print } from "./unit.ts";

const EXAMPLE = "write a name as Europe/Berlin, or a rule as CET-1CEST,M3.5.0,M10.5.0/3";

/** The rule that a person means by a zone's name or by a rule. */
export function zoneRuleFrom(text: string): string {
  if (readZone(text).ok) return text;
  const offsetS = zoneNamed(text);
  if (offsetS === undefined) throw new PhoneTrouble(`--zone ${text} is neither a zone nor a rule: ${EXAMPLE}`);
  const rule = ruleOf(offsetS, nowS());
  if (rule === undefined) {
    throw new PhoneTrouble(`summer time in ${text} follows no rule; give the rule for this year: ${EXAMPLE}`);
  }
  return rule;
}

/** Sets the unit's zone, and reads it back; or forgets it. */
export async function zoneUnit(
  zone: string | undefined,
  options: PhoneOptions & { readonly forget?: boolean },
): Promise<void> {
  const own = zone === undefined && options.forget !== true ? ownZoneRule() : undefined;
  if (zone === undefined && options.forget !== true && own === undefined) {
    throw new PhoneTrouble(`this phone's zone (${ownZoneName()}) follows no rule; name the unit's: ${EXAMPLE}`);
  }
  if (zone !== undefined && options.forget === true) throw new PhoneTrouble("give a zone or --forget, not both");
  const rule = options.forget === true ? null : zone === undefined ? (own as string) : zoneRuleFrom(zone);
  const session = await openUnitSession(options);
  try {
    const answer = await session.request({ op: "zone", rule });
    if (!answer.ok) {
      throw new PhoneTrouble(`the unit takes no zone from you (${answer.fault}); only its owner sets it`, answer.fault);
    }
    const described = await session.request({ op: "describe" });
    const kept = described.ok && described.value instanceof Map ? described.value.get("zone") : undefined;
    if (kept !== rule) throw new PhoneTrouble("the unit does not say that it keeps this zone; try again");
    print(options, { zone: rule }, rule === null ? "the unit forgot its zone" : `the unit keeps the zone ${rule}`);
  } finally {
    await session.close();
  }
}
