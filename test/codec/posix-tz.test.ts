/** Time zone rules, held against the zones that ICU knows, and against test/vectors/zones.json (LATCHKEY_WRITE_VECTORS=1 writes it). */
import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { readZone, ZONE_CHARACTERS_MAX, type Zone, zoneOffsetS } from "#codec/posix-tz.ts";

const FILE = "test/vectors/zones.json";
const HOUR_S = 3600;

/** Rules as the tz database has them for the future, and the zones that they are the rules of. */
const RULES: readonly (readonly [zone: string, rule: string])[] = [
  ["Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3"],
  ["Europe/London", "GMT0BST,M3.5.0/1,M10.5.0"],
  ["Europe/Dublin", "IST-1GMT0,M10.5.0,M3.5.0/1"],
  ["America/New_York", "EST5EDT,M3.2.0,M11.1.0"],
  ["America/St_Johns", "NST3:30NDT,M3.2.0,M11.1.0"],
  ["Australia/Sydney", "AEST-10AEDT,M10.1.0,M4.1.0/3"],
  ["Australia/Lord_Howe", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"],
  ["Pacific/Chatham", "<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45"],
  ["America/Santiago", "<-04>4<-03>,M9.1.6/24,M4.1.6/24"],
  ["America/Nuuk", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0"],
  ["Asia/Kolkata", "IST-5:30"],
  ["Asia/Tokyo", "JST-9"],
  ["Pacific/Kiritimati", "<+14>-14"],
  ["Africa/Lagos", "WAT-1"],
];

function zoneOf(rule: string): Zone {
  const zone = readZone(rule);
  if (!zone.ok) throw new Error(`${rule}: ${zone.fault}`);
  return zone.value;
}
const at = (text: string) => Date.parse(text) / 1000;
const offsetOf = (rule: string, text: string) => zoneOffsetS(zoneOf(rule), at(text)) / HOUR_S;

/** The offset by ICU, in seconds east. */
function icuOffsetS(zone: string): (timeS: number) => number {
  const format = new Intl.DateTimeFormat("en-US", {
    ...{ timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric" },
    ...{ hour: "numeric", minute: "numeric", second: "numeric" },
  });
  return (timeS) => {
    const parts = Object.fromEntries(
      format.formatToParts(timeS * 1000).map(({ type, value }) => [type, Number(value)]),
    );
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - timeS;
  };
}

describe("a rule gives the offset that its zone has", () => {
  it.each(RULES)("%s, through the years 2027, 2028 and 2036, hour by hour", (name, rule) => {
    const zone = zoneOf(rule);
    const icu = icuOffsetS(name);
    const wrong: string[] = [];
    for (const year of [2027, 2028, 2036]) {
      for (let timeS = at(`${year}-01-01T00:00:00Z`); timeS < at(`${year + 1}-01-01T00:00:00Z`); timeS += HOUR_S) {
        for (const each of [timeS - 1, timeS]) {
          // ICU is asked only near a change of ours and once a day: it is slow.
          const isNear = zoneOffsetS(zone, each - HOUR_S) !== zoneOffsetS(zone, each + HOUR_S);
          if (!isNear && each % 86_400 !== 0) continue;
          if (icu(each) !== zoneOffsetS(zone, each)) wrong.push(new Date(each * 1000).toISOString());
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe("the two nights of the change", () => {
  const BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3";
  const SYDNEY = "AEST-10AEDT,M10.1.0,M4.1.0/3";

  it("spring in Berlin: 28 March 2027, at 01:00 UTC", () => {
    expect(offsetOf(BERLIN, "2027-03-28T00:59:59Z")).toBe(1);
    expect(offsetOf(BERLIN, "2027-03-28T01:00:00Z")).toBe(2);
  });

  it("autumn in Berlin: 31 October 2027, at 01:00 UTC", () => {
    expect(offsetOf(BERLIN, "2027-10-31T00:59:59Z")).toBe(2);
    expect(offsetOf(BERLIN, "2027-10-31T01:00:00Z")).toBe(1);
  });

  it("south of the equator summer runs over New Year", () => {
    expect(offsetOf(SYDNEY, "2027-04-03T15:59:59Z")).toBe(11);
    expect(offsetOf(SYDNEY, "2027-04-03T16:00:00Z")).toBe(10);
    expect(offsetOf(SYDNEY, "2027-10-02T15:59:59Z")).toBe(10);
    expect(offsetOf(SYDNEY, "2027-10-02T16:00:00Z")).toBe(11);
    expect(offsetOf(SYDNEY, "2028-01-01T00:00:00Z")).toBe(11);
  });

  it("a zone without summer time has one offset for ever", () => {
    for (const year of [1970, 2027, 2038, 2106, 2500])
      expect(offsetOf("IST-5:30", `${year}-07-01T00:00:00Z`)).toBe(5.5);
  });

  it("a rule holds in 2038, 2056 and 2400 as well", () => {
    expect(offsetOf(BERLIN, "2038-03-28T01:00:00Z")).toBe(2);
    expect(offsetOf(BERLIN, "2056-03-26T00:59:59Z")).toBe(1);
    expect(offsetOf(BERLIN, "2056-03-26T01:00:00Z")).toBe(2);
    expect(offsetOf(BERLIN, "2400-07-01T00:00:00Z")).toBe(2);
  });
});

describe("days of the year", () => {
  it("J counts no 29 February, a bare number does", () => {
    expect(offsetOf("XXX0YYY,J60/0,J300/0", "2028-02-29T23:59:59Z")).toBe(0);
    expect(offsetOf("XXX0YYY,J60/0,J300/0", "2028-03-01T00:00:00Z")).toBe(1);
    expect(offsetOf("XXX0YYY,59/0,300/0", "2028-02-29T00:00:00Z")).toBe(1);
    expect(offsetOf("XXX0YYY,59/0,300/0", "2027-02-28T23:59:59Z")).toBe(0);
    expect(offsetOf("XXX0YYY,59/0,300/0", "2027-03-01T00:00:00Z")).toBe(1);
  });

  it("summer time all year, as RFC 8536 writes it", () => {
    for (const text of [
      "2027-01-01T04:00:00Z",
      "2027-07-01T00:00:00Z",
      "2027-12-31T23:59:59Z",
      "2028-01-01T05:00:00Z",
    ]) {
      expect(offsetOf("EST5EDT,0/0,J365/25", text), text).toBe(-4);
    }
  });
});

test.each([
  "",
  "C-1",
  "CET",
  "CET-1CEST",
  "CET-1CEST,M3.5.0",
  "CET-1CEST,M3.5.0,M10.5.0/3 ",
  "CET-1CEST,M13.5.0,M10.5.0",
  "CET-1CEST,M3.6.0,M10.5.0",
  "CET-1CEST,M3.5.7,M10.5.0",
  "CET-1CEST,M3.5,M10.5.0",
  "CET-1CEST,J0,J365",
  "CET-1CEST,0,366",
  "CET-1CEST,M3.5.0/168,M10.5.0",
  "CET-25",
  "CET-1:60",
  "<CET-1",
  "<+1>-1",
  "Europe/Berlin",
  `${"A".repeat(ZONE_CHARACTERS_MAX)}0`,
])("%s is no rule", (text) => {
  expect(readZone(text)).toEqual({ ok: false, fault: "ZONE_RULE" });
});

interface Row {
  readonly rule: string;
  readonly time: string;
  readonly timeS: number;
  readonly offsetS: number;
}

/** Seconds before, at and after each change of 2027, and one in each half of 2056. */
function rows(): readonly Row[] {
  return RULES.flatMap(([, rule]) => {
    const zone = zoneOf(rule);
    const from = at("2027-01-01T00:00:00Z");
    const changes = Array.from({ length: 365 * 24 * 4 }, (_, i) => from + i * 900).filter(
      (timeS) => zoneOffsetS(zone, timeS - 900) !== zoneOffsetS(zone, timeS),
    );
    const times = [
      ...changes.flatMap((timeS) => [timeS - 1, timeS]),
      at("2056-01-15T12:00:00Z"),
      at("2056-07-15T12:00:00Z"),
    ];
    return times.map((timeS) => ({
      rule,
      time: new Date(timeS * 1000).toISOString().replace(".000", ""),
      timeS,
      offsetS: zoneOffsetS(zone, timeS),
    }));
  });
}

test("the vectors are what the rules give", () => {
  const text = `[\n${rows()
    .map((row) => `  ${JSON.stringify(row)}`)
    .join(",\n")}\n]\n`;
  if (process.env.LATCHKEY_WRITE_VECTORS === "1") writeFileSync(FILE, text);
  expect(readFileSync(FILE, "utf8")).toBe(text);
});
