/** How a unit without a cloud learns the time and its zone from phones, through the verbs' own functions, over TCP to the shipped gate. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { toHex } from "#base/bytes.ts";
import { callFunction } from "#cli/phone/actions.ts";
import { answerTime, requestTime, vouchTime } from "#cli/phone/time.ts";
import { zoneUnit } from "#cli/phone/zone.ts";
import { remember } from "#phone/memory.ts";
import { holderSeed } from "#trust/grants/card-keys.ts";
import { chainOf, issueChild, issueGrant } from "#trust/grants/mint.ts";
import { createKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { seedSigner } from "#trust/signer.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { cardLink, labelLink, linkText } from "#wire/grants/card.ts";
import type { Caveat } from "#wire/grants/caveat.ts";
import type { Claims } from "#wire/grants/grant.ts";
import { LEVEL, scopeOf } from "#wire/grants/scope.ts";
import { type GateServer, id, ownedUnit, seedOf, startGateServer } from "../../phone/gate-server.ts";

const issuer = { ...seedSigner(primitives, seedOf(101)), kid: Uint8Array.of(1) };
const SECRET = new Uint8Array(16).fill(3);
const BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3";
/** A Friday evening in Berlin. */
const EVENING_MS = Date.parse("2027-07-16T18:30:00+02:00");
const WEEKDAY_EVENINGS: Caveat = { kind: "localHours", fromMinutes: 1080, toMinutes: 1320, weekdays: 31 };
const owner = seedSigner(primitives, holderSeed(primitives, SECRET, id));
const grant = issueGrant(issuer, {
  ...{ audience: { kind: "device", id }, issuedAtS: 1_795_435_200, cti: new Uint8Array(8).fill(5) },
  ...{ holder: owner.publicKey, scope: LEVEL.noFlash, epoch: 0, caveats: [] },
});

let folder: string;
let stored: Map<string, Uint8Array>;
let unit: GateServer;
let said: string[];
let warned: string[];
const file = (name: string) => join(folder, name);
const phone = (memory = "phone.json") => ({
  ...{ label: labelLink("LAMPS.EXAMPLE", id), card: linkText(cardLink("LAMPS.EXAMPLE", id, SECRET)) },
  ...{ memory: file(memory), json: true },
});
const told = () => JSON.parse(said.at(-1) as string) as Record<string, string>;
const setClock = (ms: number) => vi.spyOn(Date, "now").mockReturnValue(ms);

function knows(memory: string, more: object = {}): void {
  remember(file(memory), toHex(id), { host: "127.0.0.1", port: unit.port, lastCounter: 0, ...more });
}

/** The power goes and comes back: the unit has what it stored. */
async function cutPower(): Promise<void> {
  unit.close();
  unit = await startGateServer(stored);
  knows("phone.json", { zone: BERLIN });
  knows("guest.json");
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-time-"));
  stored = ownedUnit();
  stored.set(PROVISIONED.ownerGrant, grant);
  unit = await startGateServer(stored);
  knows("phone.json", { zone: BERLIN });
  knows("guest.json");
  said = [];
  warned = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => said.push(String(text)) > 0);
  vi.spyOn(process.stderr, "write").mockImplementation((text) => warned.push(String(text)) > 0);
  setClock(EVENING_MS);
});

afterEach(() => {
  vi.restoreAllMocks();
  unit.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A guest on a phone of its own, with a key file and a chain of the owner's. */
function guest(claims: Partial<Claims>) {
  const { publicKey } = createKeyFile(file("guest.key"), "holder");
  const chain = issueChild(primitives, chainOf(grant), owner, {
    ...{ cti: primitives.random(8), holder: publicKey, scope: scopeOf({ setLamp: ["call"] }), epoch: 0, caveats: [] },
    ...claims,
  });
  writeFileSync(file("guest.chain"), toHex(chain));
  const { card: _, ...rest } = phone("guest.json");
  return { ...rest, key: file("guest.key"), chain: file("guest.chain") };
}

describe("a guest whose key holds on weekday evenings", () => {
  it("is told what to do, forwards the unit's request to the owner, and is let in by the answer", async () => {
    await callFunction("setLamp", [], phone());
    const as = guest({ caveats: [WEEKDAY_EVENINGS] });
    await cutPower();
    await expect(callFunction("setLamp", [], as)).rejects.toThrow(
      /does not know the time \(CAVEAT_TIME_UNKNOWN\)\. Run latchkey phone time-request, send the line to whoever gave you the key, and bring their answer with latchkey phone time-answer/,
    );
    await requestTime({ ...as, out: file("request.txt") });
    expect(told().request).toMatch(/^latchkey-time-request:[0-9a-f]+$/);
    await vouchTime(file("request.txt"), phone());
    const answer = told().answer as string;
    await answerTime(answer, as);
    await callFunction("setLamp", [], as);
    expect(unit.calls).toEqual(["setLamp"]);
    // The same answer after a power cut is worth nothing.
    await cutPower();
    await expect(answerTime(answer, as)).rejects.toThrow(
      /started again since .*TIME_NONCE.*latchkey phone time-request/,
    );
    await expect(callFunction("setLamp", [], as)).rejects.toThrow(/CAVEAT_TIME_UNKNOWN/);
  });

  it("is refused outside of them, and without a zone is told who sets it", async () => {
    const as = guest({ caveats: [WEEKDAY_EVENINGS] });
    await callFunction("setLamp", [], phone());
    await zoneUnit(undefined, { ...phone(), forget: true });
    stored.delete(OWN.zone);
    await expect(callFunction("setLamp", [], as)).rejects.toThrow(
      /CAVEAT_ZONE_UNKNOWN\)\. Its owner runs: latchkey phone zone/,
    );
    await zoneUnit("Europe/Berlin", phone());
    await callFunction("setLamp", [], as);
    await zoneUnit("Asia/Tokyo", phone());
    await expect(callFunction("setLamp", [], as)).rejects.toThrow(/does not hold at this hour \(CAVEAT_TIME_OF_DAY\)/);
  });

  it("cannot use an answer that somebody else signed", async () => {
    const as = guest({ caveats: [WEEKDAY_EVENINGS] });
    await requestTime(as);
    const { request } = told();
    await vouchTime(request, as);
    await expect(answerTime(told().answer as string, as)).rejects.toThrow(
      /not signed by whoever gave the key \(TIME_SIGNATURE\)/,
    );
    await expect(answerTime("hello", as)).rejects.toThrow(/not an answer about the time/);
    await expect(vouchTime("hello", phone())).rejects.toThrow(/not a request for the time/);
  });
});

describe("the owner's phone, passing by", () => {
  it("tells the unit time and zone in its first session, by which a guest's key ends for good", async () => {
    const as = guest({ expiresAtS: EVENING_MS / 1000 + 3600 });
    await callFunction("setLamp", [], as);
    setClock(EVENING_MS + 72 * 3_600_000);
    await callFunction("setLamp", [], phone());
    expect(new TextDecoder().decode(stored.get(OWN.zone))).toBe(BERLIN);
    await expect(callFunction("setLamp", [], as)).rejects.toThrow(/GRANT_EXPIRED/);
    await cutPower();
    await expect(callFunction("setLamp", [], as)).rejects.toThrow(/GRANT_EXPIRED/);
    await callFunction("setLamp", [], phone());
  });

  it("is told that its clock is behind, and still does what it came for", async () => {
    await callFunction("setLamp", [], phone());
    await cutPower();
    setClock(EVENING_MS - 24 * 3_600_000);
    await callFunction("setLamp", [], phone());
    expect(warned.join("")).toMatch(
      /clock is behind what the unit knows of the time \(TIME_BEFORE_FLOOR\): set it right/,
    );
    await expect(vouchTime(undefined, phone())).rejects.toThrow(
      /clock that it was signed by is behind \(TIME_BEFORE_FLOOR\)/,
    );
  });

  it("tells the time by hand as well", async () => {
    await vouchTime(undefined, phone());
    expect(told()).toEqual({ timeS: EVENING_MS / 1000 });
  });
});

it("a zone that is neither a name nor a rule is refused before anything is sent", async () => {
  await expect(zoneUnit("Berlin time", phone())).rejects.toThrow(
    /neither a zone nor a rule: write a name as Europe\/Berlin/,
  );
  await expect(zoneUnit("Africa/Casablanca", phone())).rejects.toThrow(/follows no rule/);
});
