/** What `latchkey phone share` gives, refuses and remembers: the command line itself, over TCP to the shipped gate. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromHex, toHex } from "#base/bytes.ts";
import { recall, remember } from "#phone/memory.ts";
import { holderSeed } from "#trust/grants/card-keys.ts";
import { issueGrant } from "#trust/grants/mint.ts";
import { createKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { seedSigner } from "#trust/signer.ts";
import { PROVISIONED } from "#wire/flash/stored-names.ts";
import { cardLink, labelLink, linkText } from "#wire/grants/card.ts";
import { readChain } from "#wire/grants/grant.ts";
import { LEVEL } from "#wire/grants/scope.ts";
import { type GateServer, id, ownedUnit, seedOf, startGateServer } from "../../phone/gate-server.ts";
import { runVerb } from "../run-verb.ts";

const SECRET = new Uint8Array(16).fill(3);
const issuer = { ...seedSigner(primitives, seedOf(101)), kid: Uint8Array.of(1) };
const folder = mkdtempSync(join(tmpdir(), "latchkey-share-"));
const at = (name: string) => join(folder, name);
const guest = createKeyFile(at("guest.key"), "holder");
const GUEST = toHex(guest.publicKey);
let unit: GateServer;

const onUnit = ["--label", labelLink("LAMPS.EXAMPLE", id), "--memory", at("phone.json")];
const asOwner = [...onUnit, "--card", linkText(cardLink("LAMPS.EXAMPLE", id, SECRET))];
const asGuest = (chain: string) => [...onUnit, "--key", at("guest.key"), "--chain", at(chain)];
const share = (out: string, ...more: string[]) =>
  runVerb("phone", "share", "--to", GUEST, "--out", at(out), ...more, ...asOwner);
const call = (chain: string, name = "setLamp", ...more: string[]) =>
  runVerb("phone", "call", name, ...more, ...asGuest(chain));
const keys = () => recall(at("phone.json"), toHex(id))?.keys ?? [];

function caveatsIn(file: string) {
  const links = readChain(fromHex(readFileSync(at(file), "utf8").trim()) as Uint8Array);
  const last = links.ok ? links.value.at(-1)?.claims : undefined;
  return { caveats: last?.caveats, expiresAtS: last?.expiresAtS, scope: last?.scope };
}

beforeAll(async () => {
  const holder = primitives.ed25519PublicKey(holderSeed(primitives, SECRET, id));
  const claims = { audience: { kind: "device", id }, issuedAtS: 1_795_435_200, cti: primitives.random(8) } as const;
  const stored = ownedUnit();
  const grant = issueGrant(issuer, { ...claims, holder, scope: LEVEL.noFlash, epoch: 0, caveats: [] });
  stored.set(PROVISIONED.ownerGrant, grant);
  unit = await startGateServer(stored);
  remember(at("phone.json"), toHex(id), { host: "127.0.0.1", port: unit.port, lastCounter: 0 });
});
afterAll(() => {
  unit.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("a value that means nothing makes no key", () => {
  it.each([
    ["hours that are weeks", ["--hours", "2 weeks"], /--hours: "2 weeks" is not understood/],
    ["hours as a count, which is --expires", ["--hours", "48"], /--hours: "48" is not understood/],
    ["a negative duration", ["--expires", "-3d"], /--expires: "-3d" is not understood/],
    ["a date that is none", ["--expires", "31.12.2031"], /--expires: "31.12.2031" is not understood/],
    ["a day that is none", ["--not-after", "2031-02-30"], /--not-after: there is no such moment/],
    ["an end in the past", ["--expires", "2001-01-01"], /--expires: 2001-01-01 is in the past/],
    ["an end before the beginning", ["--not-before", "20d", "--expires", "10d"], /never be good/],
    [
      "a misspelt function",
      ["--function", "setlamp"],
      /the app has no "setlamp" \(the unit offers: setLamp, dim, rename, light/,
    ],
    ["a function twice", ["--function", "dim", "dim"], /dim stands twice/],
    ["a function for owners alone", ["--function", "rename"], /rename needs the config right/],
    ["a range of a function that is none", ["--arg", "setlamp.on=0..1"], /--arg: the app has no "setlamp"/],
    ["a range of a variable", ["--arg", "light.on=0..1"], /light takes no arguments/],
    [
      "a range of a function that is not given",
      ["--function", "light", "--arg", "dim.to=0..5"],
      /not among the functions/,
    ],
    ["an empty range", ["--arg", "dim.to=5..1"], /--arg: dim.to=5..1 holds no number/],
    ["no uses", ["--uses", "0"], /--uses: 0 is out of range/],
    ["negative uses", ["--uses=-1"], /--uses: "-1" is not understood/],
    ["a rate without a unit", ["--rate", "10/60"], /--rate: "60" is not understood/],
    ["a rate beyond what units count", ["--rate", "300/1m"], /--rate: 300 is out of range/],
    ["a button held for an hour", ["--button", "1h"], /--button: 1h is out of range/],
    ["a place off the globe", ["--near", "91,0,5m"], /--near: 91 is out of range/],
    ["a moon that is none", ["--moon", "0-360"], /--moon: 360 is out of range/],
    ["a second factor that is nobody", ["--discharge", `${"0".repeat(64)}:60s`], /nobody's key/],
    ["another device that is none", ["--unlimited", "--for", "0123"], /--for: "0123" is not understood/],
    ["a name of nothing", ["--unlimited", "--name", " "], /--name: nothing is given/],
    ["a key without a limit", [], /no limit at all.*--unlimited/],
    ["no limit beside a limit", ["--unlimited", "--uses", "1"], /--unlimited contradicts/],
  ] as const)("%s", async (_, more, line) => {
    const { status, out, trouble } = await share("none.chain", ...more);
    expect(trouble).toMatch(line);
    expect(trouble.split("\n")).toHaveLength(1);
    expect([status, out]).toEqual([2, ""]);
    expect(existsSync(at("none.chain"))).toBe(false);
    expect(keys()).toEqual([]);
  });

  it("nor does a guest's key that is nobody's", async () => {
    const args = ["--to", "0".repeat(64), "--unlimited", "--out", at("none.chain"), ...asOwner];
    const { status, trouble } = await runVerb("phone", "share", ...args);
    expect([status, trouble]).toEqual([2, expect.stringMatching(/nobody's key/)]);
    expect(existsSync(at("none.chain"))).toBe(false);
  });
});

describe("a key", () => {
  it("carries every limit that was named, and says them", async () => {
    const limits = ["--function", "setLamp", "dim", "--arg", "dim.to=0..50", "--expires", "2031-05-01T12:00+02:00"];
    const times = ["--not-before", "2026-01-01", "--not-after", "2031-04-01", "--hours", "18:00-22:00@mon-fri+01:00"];
    const places = ["--near", "52.52,13.405,2km,5m", "--lan", "--button", "3s", "--moon", "135-225"];
    const counts = ["--rate", "10/1m", "--uses", "5", "--discharge", `${GUEST}:60s`, "--fresh", "1h"];
    const { status, out } = await share("all.chain", "--name", "Anna", ...limits, ...times, ...places, ...counts);
    expect(status).toBe(0);
    expect(out).toContain("for Anna: setLamp, dim; until 2031-05-01T10:00Z; dim: to from 0 to 50");
    const { caveats, expiresAtS, scope } = caveatsIn("all.chain");
    expect(expiresAtS).toBe(Date.UTC(2031, 4, 1, 10) / 1_000);
    expect(scope).toEqual([
      { name: "dim", rights: 2 },
      { name: "setLamp", rights: 2 },
    ]);
    expect(caveats).toEqual([
      { kind: "argument", function: "dim", argument: "to", min: 0, max: 50 },
      { kind: "notBefore", timeS: Date.UTC(2026, 0, 1) / 1_000 },
      { kind: "notAfter", timeS: Date.UTC(2031, 3, 1) / 1_000 },
      { kind: "timeOfDay", fromMinutes: 1080, toMinutes: 1320, weekdays: 31, utcOffsetMinutes: 60 },
      { kind: "freshTime", ageS: 3600 },
      { kind: "geofence", latitudeE5: 5252000, longitudeE5: 1340500, radiusM: 2000, ageS: 300 },
      { kind: "moon", fromDegrees: 135, toDegrees: 225 },
      { kind: "rate", count: 10, windowS: 60 },
      { kind: "uses", count: 5 },
      { kind: "lanOnly" },
      { kind: "buttonHeld", heldMs: 3000 },
      { kind: "discharge", publicKey: guest.publicKey, ageS: 60 },
    ]);
    expect(keys().map(({ name, holder }) => [name, holder])).toEqual([["Anna", GUEST]]);
  });

  it("opens what it was given for and nothing else, until its uses are up", async () => {
    expect(await share("two.chain", "--name", "Ben", "--function", "setLamp", "--uses", "2")).toMatchObject({
      status: 0,
    });
    expect((await call("two.chain")).out).toBe("setLamp: done");
    expect((await call("two.chain", "dim")).trouble).toContain("GRANT_RIGHT");
    expect((await call("two.chain")).status).toBe(0);
    expect((await call("two.chain")).trouble).toContain("CAVEAT_USES");
  });

  it("with a second factor opens when that key consents, and for no other", async () => {
    const factor = createKeyFile(at("factor.key"), "holder");
    const limits = ["--function", "dim", "--discharge", `${toHex(factor.publicKey)}:60s`];
    expect((await share("safe.chain", "--name", "Safe", ...limits)).status).toBe(0);
    expect((await call("safe.chain", "dim")).trouble).toContain("CAVEAT_DISCHARGE");
    const other = await call("safe.chain", "dim", "--discharge-key", at("guest.key"));
    expect([other.status, other.trouble]).toEqual([1, expect.stringMatching(/asks for no consent of .*guest\.key/)]);
    expect((await call("safe.chain", "dim", "--discharge-key", at("factor.key"))).out).toBe("dim: done");
  });

  it("without a limit is made when it is asked for, and is no key to the unit itself", async () => {
    expect((await share("free.chain", "--unlimited", "--name", "Carla")).out).toContain("it has no end");
    expect((await call("free.chain", "light")).status).toBe(0);
    expect((await call("free.chain", "rename")).trouble).toContain("GRANT_RIGHT");
  });

  it("is revoked by the name that the owner gave, and an unknown one is said to be unknown", async () => {
    const revoke = (...words: string[]) => runVerb("phone", "revoke", ...words, ...asOwner);
    const unknown = await revoke("0123456789abcdef");
    expect([unknown.status, unknown.out]).toEqual([2, ""]);
    expect(unknown.trouble).toMatch(/this phone gave no key "0123456789abcdef" \(it gave: Anna .*, Ben .*--unlisted/);
    expect((await revoke("Dora")).trouble).toMatch(/this phone gave no key "Dora"/);
    expect((await revoke()).trouble).toMatch(/say which key to revoke/);
    expect((await revoke("Carla")).out).toMatch(/^key Carla \([0-9a-f]{16}\) is revoked: the unit says so$/);
    expect((await call("free.chain", "light")).trouble).toContain("GRANT_REVOKED");
    expect((await revoke("Carla")).out).toMatch(/was revoked already/);
    expect((await revoke("0123456789abcdef", "--unlisted")).out).toMatch(/is revoked: the unit says so/);
  });

  it("is made without the unit only from what the person says that it offers", async () => {
    unit.close();
    const alone = await share("away.chain", "--name", "Emil", "--function", "dim");
    expect([alone.status, existsSync(at("away.chain"))]).toEqual([1, false]);
    expect(alone.trouble).toMatch(/--assume-functions NAME/);
    const wrong = await share("away.chain", "--function", "dimm", "--assume-functions", "setLamp,dim");
    expect([wrong.status, existsSync(at("away.chain"))]).toEqual([2, false]);
    expect(wrong.trouble).toMatch(/the app has no "dimm" \(--assume-functions names: setLamp, dim\)/);
    const made = await share("away.chain", "--name", "Emil", "--function", "dim", "--assume-functions", "setLamp,dim");
    expect(made.out).toMatch(/the unit was not reached, so its functions were not checked/);
    expect(keys().at(-1)?.name).toBe("Emil");
  });
});
