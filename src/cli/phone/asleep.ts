/** What a person is told of a unit that sleeps. */

export const ASLEEP = "the unit sleeps, and this call did not wait (SESSION_ASLEEP); call again without --no-wait";

/** Says until when the unit sleeps. @returns Whether to wait for it. */
export function waitFor(untilS: number | undefined, isWaiting = true): boolean {
  const until = untilS === undefined ? "it is woken" : new Date(untilS * 1_000).toISOString().replace(".000", "");
  process.stderr.write(`asleep until ${until}${isWaiting ? "; the call waits at the cloud" : ""}\n`);
  return isWaiting;
}
