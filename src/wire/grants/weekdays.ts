/** Weekdays as a bit each, bit 0 is Monday, and as people write them: mon-fri, sat,sun, fri-mon. */

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export const EVERY_DAY = 127;

/** @returns undefined for a text that names no days. */
export function readWeekdays(text: string): number | undefined {
  const days: readonly string[] = WEEKDAYS;
  let weekdays = 0;
  for (const part of text.split(",")) {
    const [first, last = first, ...more] = part.split("-");
    const [from, to] = [days.indexOf(first ?? ""), days.indexOf(last ?? "")];
    if (from < 0 || to < 0 || more.length > 0) return undefined;
    for (let day = from; ; day = (day + 1) % 7) {
      weekdays |= 1 << day;
      if (day === to) break;
    }
  }
  return weekdays;
}

/** The days of a set, Monday first. */
export const daysOf = (weekdays: number) => WEEKDAYS.filter((_, day) => (weekdays & (1 << day)) !== 0);
