/** Rate limits: one token bucket per source of requests, and one for all sources together. */

interface RateRule {
  /** Turns that may be taken at once. */
  readonly burst: number;
  /** Milliseconds until one turn comes back. */
  readonly everyMs: number;
}

interface Bucket {
  readonly source: string;
  turns: number;
  atMs: number;
}

export interface RateLimit {
  readonly each: RateRule;
  readonly all: RateRule;
  /** The sources heard of lately, the latest last; never more than SOURCES_MAX. */
  readonly buckets: Bucket[];
  readonly shared: Bucket;
}

const SOURCES_MAX = 16;

export function createRateLimit(each: RateRule, all: RateRule): RateLimit {
  return { each, all, buckets: [], shared: { source: "", turns: all.burst, atMs: 0 } };
}

function refill(bucket: Bucket, rule: RateRule, nowMs: number): void {
  const turns = Math.floor((nowMs - bucket.atMs) / rule.everyMs);
  if (turns <= 0) return;
  bucket.turns = Math.min(rule.burst, bucket.turns + turns);
  bucket.atMs = bucket.turns === rule.burst ? nowMs : bucket.atMs + turns * rule.everyMs;
}

/**
 * Takes a turn for a source, or tells that it has to wait. Costs no cryptography. A source that has used up its own
 * turns takes none of the others'.
 */
export function takeTurn(limit: RateLimit, source: string, nowMs: number): boolean {
  const at = limit.buckets.findIndex((bucket) => bucket.source === source);
  const bucket = at < 0 ? { source, turns: limit.each.burst, atMs: nowMs } : (limit.buckets.splice(at, 1)[0] as Bucket);
  limit.buckets.push(bucket);
  if (limit.buckets.length > SOURCES_MAX) limit.buckets.shift();
  refill(bucket, limit.each, nowMs);
  refill(limit.shared, limit.all, nowMs);
  if (bucket.turns === 0 || limit.shared.turns === 0) return false;
  bucket.turns--;
  limit.shared.turns--;
  return true;
}
