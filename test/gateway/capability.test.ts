/** Words of scopes: what their limits allow and when, and that nothing wider comes out of them. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { arrivalOf } from "#gateway/http/arrival.ts";
import { type Act, judge } from "#gateway/oauth/capability.ts";
import { covers } from "#gateway/oauth/narrower.ts";
import { type Capability, readCapability, readScope, scopeTrouble } from "#gateway/oauth/scope-word.ts";
import type { Usage } from "#trust/grants/caveats.ts";

const DEVICE = "0123456789abcdef01234567";
/** 2031-05-06 is a Tuesday. */
const at = (time: string, day = "06") => Date.parse(`2031-05-${day}T${time}:00Z`);
const linkOf = (scope: string, owner = "login") => ({ owner, capabilities: readScope(scope) });
const call = (args?: Record<string, number>): Act => ({
  ...{ device: DEVICE, right: "call", name: "setLamp" },
  ...(args && { args: new Map(Object.entries(args)) }),
});
const may = (scope: string, time: string, day?: string) => judge([linkOf(scope)], call(), { nowMs: at(time, day) }).ok;
const capability = (word: string): Capability => {
  const read = readCapability(word);
  if (read === undefined) throw new Error(`${word} is no scope`);
  return read;
};
const narrows = (held: string, wanted: string) => covers(readScope(held), capability(wanted));

it("allow within their hours of each day, past midnight too", () => {
  const day = ["07:59", "08:00", "17:59", "18:00"].map((time) => may(`noFlash@${DEVICE}/0800-1800`, time));
  expect(day).toEqual([false, true, true, false]);
  const night = ["21:59", "22:00", "00:00", "05:59", "06:00"].map((time) => may("use:setLamp/2200-0600", time));
  expect(night).toEqual([false, true, true, true, false]);
  expect(may("use:setLamp/0800-0900 noFlash/1000-1100", "10:30")).toBe(true);
  expect(["00:00", "23:59"].map((time) => may("use:setLamp/2200-0000", time))).toEqual([false, true]);
});

it("allow on their weekdays, in their zone: the night belongs to the day on which it began", () => {
  const days = ["05", "06", "09", "10", "11"].map((day) => may("all/2200-0600@mon-fri", "23:00", day));
  expect(days).toEqual([true, true, true, false, false]);
  expect(["05", "10", "11"].map((day) => may("all/2200-0600@mon-fri", "01:00", day))).toEqual([false, true, false]);
  expect(["05:59", "06:00", "15:59", "16:00"].map((time) => may("all/0800-1800+0200", time))).toEqual([
    ...[false, true, true, false],
  ]);
  expect(may("all/0000-2400@sat,sun", "12:00", "06")).toBe(false);
});

it("allow from and until a moment, and in a phase of the moon", () => {
  const word = "all/from=2031-05-06T08:00Z/until=2031-05-06T18:00Z";
  expect(["07:59", "08:00", "18:00", "18:01"].map((time) => may(word, time))).toEqual([false, true, true, false]);
  // Full on 2031-05-07 at 03:40 UTC.
  expect([may("all/moon=170-190", "04:00", "07"), may("all/moon=350-10", "04:00", "07")]).toEqual([true, false]);
});

it("bound arguments of the function that they name, once those are known", () => {
  const word = "use:setLamp/arg:setLamp.level=10..50";
  const judged = [9, 10, 50, 50.5].map((level) => judge([linkOf(word)], call({ level })).ok);
  expect(judged).toEqual([false, true, true, false]);
  expect(judge([linkOf(word)], call({}))).toEqual({ ok: false, fault: "CAVEAT_ARGUMENT" });
  expect(judge([linkOf(word)], call()).ok).toBe(true);
  const other: Act = { device: DEVICE, right: "call", name: "blink", args: new Map() };
  expect(judge([linkOf("noFlash/arg:setLamp.level=10..50")], other).ok).toBe(true);
});

/** Counts uses as a gateway does, without keeping them. */
function counter() {
  const times = new Map<string, number[]>();
  const keyOf = ({ owner, word }: { owner: string; word: string }) => `${owner} ${word}`;
  return {
    of:
      (nowMs: number) =>
      (counted: { owner: string; word: string }): Usage => {
        const used = times.get(keyOf(counted)) ?? [];
        return { uses: used.length, agesS: used.map((atMs) => (nowMs - atMs) / 1_000) };
      },
    take(counted: readonly { owner: string; word: string }[], nowMs: number) {
      for (const each of counted) times.set(keyOf(each), [...(times.get(keyOf(each)) ?? []), nowMs]);
    },
  };
}

it("count uses of all links: what a token was exchanged for takes from it", () => {
  const uses = counter();
  const use = (links: readonly { owner: string; capabilities: readonly Capability[] }[], seconds = 0) => {
    const nowMs = at("12:00") + seconds * 1_000;
    const judged = judge(links, call(), { nowMs, usageOf: uses.of(nowMs) });
    if (judged.ok) uses.take(judged.counted, nowMs);
    return judged.ok ? "done" : judged.fault;
  };
  const root = linkOf("noFlash/uses=3");
  const [one, two] = ["one", "two"].map((owner) => [linkOf("use:setLamp/uses=2", owner), root]);
  expect([use(one ?? []), use(one ?? []), use(one ?? [])]).toEqual(["done", "done", "CAVEAT_USES"]);
  expect([use(two ?? []), use(two ?? []), use([root])]).toEqual(["done", "CAVEAT_USES", "CAVEAT_USES"]);
  const rated = [linkOf("all/rate=2:1m", "rated")];
  expect([0, 30, 59, 60, 61, 90].map((seconds) => use(rated, seconds))).toEqual([
    ...["done", "done", "CAVEAT_RATE", "done", "CAVEAT_RATE", "done"],
  ]);
});

it("show a unit when their uses are used up, and give no events, which nobody could count", () => {
  const usageOf = () => ({ uses: 9, agesS: [] });
  const judged = (right: Act["right"]) => judge([linkOf("noFlash/uses=3")], { device: DEVICE, right }, { usageOf });
  expect([judged("see"), judged("read"), judged("subscribe")]).toEqual([
    { ok: true, counted: [] },
    { ok: false, fault: "CAVEAT_USES" },
    { ok: false, fault: "GRANT_RIGHT" },
  ]);
  // A word without a count is used first.
  expect(judge([linkOf("all/uses=3 use:setLamp")], call(), { usageOf })).toEqual({ ok: true, counted: [] });
});

it("allow nothing to whoever has no words at all", () => {
  expect([judge([], call()).ok, judge([linkOf("")], call()).ok, judge([linkOf("all"), linkOf("")], call()).ok]).toEqual(
    [...[false, false, false]],
  );
});

it("are narrowed and never widened", () => {
  const within: readonly (readonly [held: string, wanted: string])[] = [
    ["all", "noFlash/0800-1800"],
    ["noFlash/0800-1800", `use:setLamp@${DEVICE}/0900-1000`],
    ["noFlash/0800-1800", "noFlash/0800-1800"],
    ["noFlash/2200-0600", "noFlash/2300-0100"],
    ["noFlash/0800-1800", "noFlash/1000-2000+0200"],
    ["noFlash/0800-1800", "noFlash/0900-1000@sat,sun"],
    ["noFlash", "noFlash/lan"],
    ["noFlash/lan", `use:a@${DEVICE}/0800-0900/lan`],
    ["all/moon=300-60", "all/moon=350-10"],
    ["all/rate=10:1m", "all/rate=9:1h"],
    ["all/uses=5", "all/lan/uses=5"],
    ["all/arg:a.b=1..5", "use:a/arg:a.b=2..3"],
    ["all/arg:a.b=1..5", "use:c"],
    ["all/from=2031-05-06T08:00Z", "all/from=2031-05-06T08:00:01Z/until=2032-01-01T00:00Z"],
  ];
  for (const [held, wanted] of within) expect([held, wanted, narrows(held, wanted)]).toEqual([held, wanted, true]);
  const wider: readonly (readonly [held: string, wanted: string])[] = [
    ...["noFlash", "noFlash/0759-1800", "noFlash/0800-1801", "noFlash/1800-0800", "noFlash/1700-0900"].map(
      (wanted) => ["noFlash/0800-1800", wanted] as const,
    ),
    ["noFlash/2200-0600", "noFlash/0500-2300"],
    ["noFlash/0800-1800@mon-fri", "noFlash/0800-1800"],
    ["noFlash/2200-0600@fri", "noFlash/0000-0100@fri"],
    ["noFlash/lan", "noFlash"],
    ["all/lan", "use:a/0800-0900"],
    ["all/moon=350-10", "all/moon=300-60"],
    ["all/rate=10:1m", "all/rate=10:59s"],
    ["all/rate=10:1m", "all/uses=5"],
    ["all/uses=5", "all/uses=6"],
    ["all/arg:a.b=1..5", "use:a/arg:a.b=2..6"],
    ["all/arg:a.b=1..5", "noFlash"],
    ["all/until=2031-05-06T08:00Z", "all/until=2031-05-06T08:01Z"],
  ];
  for (const [held, wanted] of wider) expect([held, wanted, narrows(held, wanted)]).toEqual([held, wanted, false]);
});

const whole = (min: number, max: number) => fc.integer({ min, max });
const two = (value: number) => String(value).padStart(2, "0");
const limit = fc.oneof(
  fc
    .tuple(
      whole(0, 23),
      whole(0, 24),
      fc.constantFrom("", "@mon-fri", "@sat,sun", "@fri"),
      fc.constantFrom("", "+0330"),
    )
    .map(([from, to, days, zone]) => `${two(from)}00-${two(to)}00${days}${zone}`),
  fc.tuple(whole(0, 11), whole(0, 11)).map(([from, to]) => `moon=${from * 30}-${to * 30}`),
  fc.tuple(whole(1, 3), whole(1, 3)).map(([count, minutes]) => `rate=${count}:${minutes}m`),
  whole(1, 4).map((uses) => `uses=${uses}`),
  fc.tuple(whole(0, 3), whole(0, 3)).map(([min, more]) => `arg:setLamp.level=${min}..${min + more}`),
  whole(1, 28).map((day) => `from=2031-05-${two(day)}T00:00Z`),
  whole(1, 28).map((day) => `until=2031-05-${two(day)}T00:00Z`),
  fc.constant("lan"),
);
const word = fc
  .tuple(
    fc.constantFrom("all", "noFlash", "use:setLamp", "use:light"),
    fc.constantFrom("", `@${DEVICE}`),
    fc.array(limit, { maxLength: 2 }),
  )
  .map(([level, device, limits]) => [`${level}${device}`, ...limits].join("/"))
  .filter((text) => readCapability(text) !== undefined);
/** The same word with less: what somebody would exchange it for, and now and then what is wider after all. */
const pair = fc
  .tuple(word, fc.array(limit, { maxLength: 2 }), word)
  .chain(([held, more, other]) => fc.constantFrom([held, [held, ...more].join("/")], [held, other], [other, held]))
  .filter(([, wanted = ""]) => readCapability(wanted) !== undefined);
const acts = fc.array(
  fc.record({
    right: fc.constantFrom("call" as const, "read" as const, "flash" as const),
    name: fc.constantFrom("setLamp", "light"),
    level: whole(0, 6),
    arrival: fc.constantFrom("lan" as const, "elsewhere" as const),
    afterMinutes: fc.oneof(fc.constantFrom(0, 1), whole(0, 9_000)),
  }),
  { minLength: 1, maxLength: 12 },
);

it("whatever a token was exchanged for allows, the token itself would have allowed as well", () => {
  let [covered, allowed] = [0, 0];
  fc.assert(
    fc.property(pair, acts, ([held = "", wanted = ""], steps) => {
      if (!narrows(held, wanted)) return;
      covered++;
      const [narrow, wide] = [linkOf(wanted, "narrow"), linkOf(held, "wide")];
      const uses = counter();
      let nowMs = at("00:00", "02");
      for (const { right, name, level, arrival, afterMinutes } of steps) {
        nowMs += afterMinutes * 60_000;
        const act: Act = { ...{ device: DEVICE, right, name, arrival }, args: new Map([["level", level]]) };
        const now = { nowMs, usageOf: uses.of(nowMs) };
        const judged = judge([narrow], act, now);
        if (!judged.ok) continue;
        allowed++;
        const whole = judge([wide], act, now);
        expect(whole).toMatchObject({ ok: true });
        uses.take([...judged.counted, ...(whole.ok ? whole.counted : [])], nowMs);
      }
    }),
    { numRuns: 3_000, seed: 20_310_506 },
  );
  expect(Math.min(covered, allowed)).toBeGreaterThan(500);
});

it.each([
  ["127.0.0.1", "lan"],
  ["192.168.1.20", "lan"],
  ["::ffff:10.1.2.3", "lan"],
  ["fe80::1%eth0", "lan"],
  ["fd12::1", "lan"],
  ["8.8.8.8", "elsewhere"],
  ["::ffff:8.8.8.8", "elsewhere"],
  ["172.32.0.1", "elsewhere"],
  ["2001:4860:4860::8888", "elsewhere"],
  [undefined, "elsewhere"],
])("a caller at %s is %s", (address, arrival) => {
  expect(arrivalOf(address, true)).toBe(arrival);
  expect(arrivalOf(address, false)).toBe("elsewhere");
});

it.each([
  "noFlash/2400-0100",
  "noFlash/0860-0900",
  "noFlash/0800",
  "noFlash/0800-0800",
  "noFlash/0800-0900@someday",
  "noFlash/0800-0900+1500",
  "/0800-0900",
  "noFlash/LAN",
  "noFlash/lan/lan",
  "noFlash/",
  "all/uses=0",
  "all/rate=0:1m",
  "all/rate=256:1m",
  "all/moon=0-360",
  "all/from=2031-02-30T00:00Z",
  "all/arg:a.b=5..1",
  "all/arg:a=1..5",
  "all/uses=1/uses=2",
])("%s is no scope", (text) => {
  expect(readCapability(text)).toBeUndefined();
  expect(scopeTrouble(text)).toContain(`'${text}' is no scope`);
});

it.each([
  ["all/near=52.5,13.4,500m", "where it is"],
  ["use:open/button=3s", "its button"],
  ["all/0800-1800+local", "the hour where it is"],
])("%s is refused with where such a limit belongs", (text, why) => {
  expect(readCapability(text)).toBeUndefined();
  expect(scopeTrouble(text)).toMatch(new RegExp(`${why}.*latchkey phone share`));
});
