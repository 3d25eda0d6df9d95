/** What a server without proof says of the time decides no right, whatever it says and whatever the unit knows besides. */
import { describe, expect, it } from "vitest";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { LEVEL } from "#wire/grants/scope.ts";
import { readAudit } from "#wire/sessions/audit.ts";
import type { Caller } from "./callers.ts";
import { childOf, connected, ownerOf } from "./callers.ts";
import { cloudSays, GUEST, HOUR_S, passBy, tries } from "./time-callers.ts";
import { createWorld, NOW_S, seedOf, type World } from "./world.ts";

const DAY_S = 24 * HOUR_S;
const YEAR_S = 365 * DAY_S;
const LIES = [NOW_S - HOUR_S, NOW_S, NOW_S + HOUR_S, NOW_S + 2 * DAY_S, NOW_S + 10 * YEAR_S, NOW_S + 39 * YEAR_S];

/** What the unit knows of the time when the server lies. */
const KNOWN: Readonly<Record<string, (world: World) => unknown>> = {
  "no more than its build": () => undefined,
  "what the maker signed": (world) => {
    world.show({ kind: "link-up" });
    cloudSays(world, NOW_S);
  },
  "what its owner's phone signed": (world) => passBy(world, ownerOf(world), NOW_S),
  "what a card-holder's broadcast hinted": (world) => world.show({ kind: "time-hinted", hintS: NOW_S }),
};

/** A caller for each way in which time may decide. */
function callersOf(world: World): readonly Caller[] {
  const owner = ownerOf(world);
  const guest = (claims: Parameters<typeof childOf>[2]) => childOf(owner, GUEST, claims);
  const hours = { fromMinutes: 11 * 60, toMinutes: 13 * 60, weekdays: 127 };
  const helper = childOf(owner, seedOf(11), { scope: LEVEL.noFlash, expiresAtS: NOW_S + DAY_S });
  return [
    owner,
    guest({}),
    guest({ expiresAtS: NOW_S - DAY_S }),
    guest({ expiresAtS: NOW_S + DAY_S }),
    guest({ caveats: [{ kind: "notBefore", timeS: NOW_S + DAY_S }] }),
    guest({ caveats: [{ kind: "notBefore", timeS: NOW_S - DAY_S }] }),
    guest({ caveats: [{ kind: "notAfter", timeS: NOW_S + DAY_S }] }),
    guest({ caveats: [{ kind: "notAfter", timeS: NOW_S - DAY_S }] }),
    guest({ caveats: [{ kind: "timeOfDay", ...hours, utcOffsetMinutes: 0 }] }),
    guest({ caveats: [{ kind: "localHours", ...hours }] }),
    guest({ caveats: [{ kind: "moon", fromDegrees: 90, toDegrees: 270 }] }),
    guest({ caveats: [{ kind: "freshTime", ageS: 600 }] }),
    guest({ caveats: [{ kind: "rate", count: 5, windowS: 60 }] }),
    helper,
    childOf(helper, GUEST, { expiresAtS: NOW_S + HOUR_S }),
  ];
}

async function verdicts(know: (world: World) => unknown, saysS: number | undefined): Promise<readonly string[]> {
  const world = createWorld({ buildS: NOW_S - 2 * HOUR_S });
  const owner = await connected(world, ownerOf(world));
  await owner.request({ op: "zone", rule: "CET-1CEST,M3.5.0,M10.5.0/3" });
  await owner.close();
  await know(world);
  const given: string[] = [];
  for (const caller of callersOf(world)) {
    if (saysS !== undefined) world.show({ kind: "time-guessed", unixS: saysS });
    given.push(await tries(world, caller));
    world.advance(30_000);
  }
  return given;
}

describe("a lying server of the time", () => {
  it.each(Object.keys(KNOWN))("changes no verdict on a unit that knows %s", async (known) => {
    const know = KNOWN[known] as (world: World) => unknown;
    const honest = await verdicts(know, undefined);
    // There is something that a lie could change: some get in, some don't.
    expect(new Set(honest).size).toBeGreaterThan(1);
    for (const saysS of LIES) expect([saysS, await verdicts(know, saysS)]).toEqual([saysS, honest]);
  });

  it("is stored as no floor, and gone with the power", async () => {
    const world = createWorld({ buildS: NOW_S - DAY_S });
    const before = [...world.stored.keys()];
    world.show({ kind: "time-guessed", unixS: NOW_S + YEAR_S });
    expect([...world.stored.keys()]).toEqual(before);
    expect(world.state.memory?.time.floorS).toBe(NOW_S - DAY_S);
  });
});

describe("the audit log", () => {
  async function stamps(world: World) {
    const session = await connected(world, ownerOf(world), world.relay());
    const told = await session.request({ op: "audit", from: 0 });
    const read = readAudit(primitives, told.ok ? (told.value as Uint8Array) : new Uint8Array(0));
    if (!read.ok) throw new Error(read.fault);
    return read.value.entries.map(({ timeGrade, timeS }) => [timeGrade, timeS] as const);
  }

  it("notes a guess as what it is, where nothing better is known", async () => {
    const world = createWorld({ buildS: NOW_S - DAY_S });
    await tries(world, ownerOf(world));
    world.show({ kind: "time-guessed", unixS: NOW_S });
    world.advance(10_000);
    await tries(world, ownerOf(world));
    world.show({ kind: "time-guessed", unixS: NOW_S - 2 * DAY_S });
    await tries(world, ownerOf(world));
    world.show({ kind: "time-guessed", unixS: NOW_S });
    world.show({ kind: "link-up" });
    cloudSays(world, NOW_S + 50);
    await tries(world, ownerOf(world));
    const seen = await stamps(world);
    expect(seen[0]).toEqual(["floor", NOW_S - DAY_S]);
    expect(seen).toContainEqual(["hint", NOW_S + 10]);
    expect(seen).not.toContainEqual(["hint", NOW_S - 2 * DAY_S]);
    expect(seen.at(-1)?.[0]).toBe("trusted");
  });
});
