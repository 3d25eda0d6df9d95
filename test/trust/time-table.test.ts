/** Walks the tables of PROTOCOL 4.11 as they are printed: the document and the code can't part. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readZone } from "#codec/posix-tz.ts";
import { issueChild } from "#trust/grants/mint.ts";
import { moonElongation } from "#trust/grants/moon.ts";
import { type Trust, verifyChain } from "#trust/grants/verify-grant.ts";
import type { Time } from "#trust/time-floor.ts";
import type { Caveat } from "#wire/grants/caveat.ts";
import type { Claims } from "#wire/grants/grant.ts";
import {
  call,
  childClaims,
  grantChain,
  guest,
  issuer,
  owner,
  ownerChain,
  primitives,
  trust,
} from "./grants/household.ts";

/** A Monday, 12:00 UTC. */
const NOW_S = Date.parse("2027-03-01T12:00:00Z") / 1000;
const HOUR_S = 3600;
const protocol = readFileSync("docs/PROTOCOL.md", "utf8");

/** Rows of the table whose head begins with these cells: each cell under its column's name. */
function tableUnder(...head: readonly string[]): Record<string, string>[] {
  const lines = protocol.split("\n").map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const at = lines.findIndex((cells) => cells.length > 0 && head.every((name, i) => cells[i] === name));
  const names = lines[at] ?? [];
  const rows = lines.slice(at + 2);
  return rows
    .slice(
      0,
      rows.findIndex((cells) => cells.length === 0),
    )
    .map((cells) => Object.fromEntries(cells.map((cell, i) => [names[i] as string, cell])));
}

const GRADES: Readonly<Record<string, Partial<Trust>>> = {
  unknown: { time: { grade: "unknown" } },
  floor: { time: { grade: "floor", earliestS: NOW_S } },
  trusted: { time: { grade: "trusted", earliestS: NOW_S, latestS: NOW_S + 1, ageS: 60 } },
};

/** The unit keeps a zone an hour east of UTC: what is local lies an hour later on the clock. */
const zone = readZone("XXX-1");
const minutes = 12 * 60;
const degrees = Math.floor(moonElongation(NOW_S));
const CAVEATS: Readonly<Record<string, readonly Caveat[]>> = {
  none: [],
  "notBefore past": [{ kind: "notBefore", timeS: NOW_S - HOUR_S }],
  "notBefore ahead": [{ kind: "notBefore", timeS: NOW_S + HOUR_S }],
  "notAfter past": [{ kind: "notAfter", timeS: NOW_S - HOUR_S }],
  "notAfter ahead": [{ kind: "notAfter", timeS: NOW_S + HOUR_S }],
  "timeOfDay inside": [timeOfDay(minutes - 60, minutes + 60)],
  "timeOfDay outside": [timeOfDay(minutes + 60, minutes + 120)],
  "localHours inside": [localHours(minutes, minutes + 120)],
  "localHours outside": [localHours(minutes - 60, minutes + 60)],
  freshTime: [{ kind: "freshTime", ageS: 60 }],
  "moon inside": [{ kind: "moon", fromDegrees: degrees - 5, toDegrees: degrees + 5 }],
  "moon outside": [{ kind: "moon", fromDegrees: degrees + 5, toDegrees: degrees - 5 }],
};
const CLAIMS: Readonly<Record<string, Partial<Claims>>> = {
  "no exp": {},
  "exp ahead": { expiresAtS: NOW_S + HOUR_S },
  "exp past": { expiresAtS: NOW_S - HOUR_S },
};

function timeOfDay(fromMinutes: number, toMinutes: number): Caveat {
  return { kind: "timeOfDay", fromMinutes, toMinutes, weekdays: 1, utcOffsetMinutes: 0 };
}

function localHours(fromMinutes: number, toMinutes: number): Caveat {
  return { kind: "localHours", fromMinutes, toMinutes, weekdays: 1 };
}

function verdict(chain: Uint8Array, known: Partial<Trust>): string {
  const result = verifyChain(chain, call, { ...trust, ...known, ...(zone.ok && { zone: zone.value }) });
  return result.ok ? "holds" : result.fault;
}

/** The link with these conditions as a grant, and as a child beneath a grant without any. */
function chainsWith(claims: Partial<Claims>): readonly Uint8Array[] {
  return [grantChain(claims), issueChild(primitives, ownerChain, owner, childClaims("guest", guest, claims))];
}

const product = tableUnder("claim", "caveat");
test("the product of grades, claims and caveats is all there", () => {
  const rows = product.map(({ claim, caveat }) => `${claim}, ${caveat}`);
  const all = Object.keys(CLAIMS).flatMap((claim) => Object.keys(CAVEATS).map((caveat) => `${claim}, ${caveat}`));
  expect(rows).toEqual(all);
});

test.each(product)("$claim, $caveat", (row) => {
  const claims = { ...CLAIMS[row.claim as string], caveats: CAVEATS[row.caveat as string] ?? [] };
  chainsWith(claims).forEach((chain, link) => {
    for (const [grade, known] of Object.entries(GRADES)) expect(verdict(chain, known), grade).toBe(row[grade]);
    const [key, other] = link === 0 ? [issuer.publicKey, owner.publicKey] : [owner.publicKey, guest.publicKey];
    const time = GRADES.trusted?.time as Time & { grade: "trusted" };
    expect(verdict(chain, { ...GRADES.floor, vouched: [{ key, time }] })).toBe(row["floor, vouched"]);
    expect(verdict(chain, { ...GRADES.floor, vouched: [{ key: other, time }] })).toBe(row.floor);
    // Where the unit trusts a time of its own, nobody's word changes it.
    const wrong = { grade: "trusted", earliestS: NOW_S - 9 * HOUR_S, latestS: NOW_S - 9 * HOUR_S, ageS: 0 } as const;
    expect(verdict(chain, { ...GRADES.trusted, vouched: [{ key, time: wrong }] })).toBe(row.trusted);
  });
});

const EDGES: Readonly<Record<string, Partial<Claims>>> = {
  exp: { expiresAtS: NOW_S },
  notBefore: { caveats: [{ kind: "notBefore", timeS: NOW_S }] },
  notAfter: { caveats: [{ kind: "notAfter", timeS: NOW_S }] },
  "timeOfDay begins": { caveats: [timeOfDay(minutes, minutes + 60)] },
  "timeOfDay ends": { caveats: [timeOfDay(minutes - 60, minutes)] },
};
const AT: Readonly<Record<string, Time>> = {
  "floor at it": { grade: "floor", earliestS: NOW_S },
  "trusted at it": { grade: "trusted", earliestS: NOW_S, latestS: NOW_S },
  "trusted across it": { grade: "trusted", earliestS: NOW_S - 1, latestS: NOW_S + 1 },
};

const edges = tableUnder("condition", "floor at it");
test("every edge is there", () => {
  expect(edges.map(({ condition }) => condition)).toEqual(Object.keys(EDGES));
});
test.each(edges)("at the second of $condition", (row) => {
  for (const chain of chainsWith(EDGES[row.condition as string] as Partial<Claims>)) {
    for (const [where, time] of Object.entries(AT)) expect(verdict(chain, { time }), where).toBe(row[where]);
  }
});
