/** A revocation that is confirmed has its effect, whatever the phone's clock says: the verbs' own functions, over TCP to the shipped gate. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { toHex } from "#base/bytes.ts";
import { callFunction, revokeShare } from "#cli/phone/actions.ts";
import { openUnitSession } from "#cli/phone/unit.ts";
import { remember } from "#phone/memory.ts";
import { holderSeed } from "#trust/grants/card-keys.ts";
import { chainOf, issueChild, issueGrant } from "#trust/grants/mint.ts";
import { signRevocation } from "#trust/grants/revoke.ts";
import { createKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { seedSigner } from "#trust/signer.ts";
import { PROVISIONED } from "#wire/flash/stored-names.ts";
import { cardLink, labelLink, linkText } from "#wire/grants/card.ts";
import { encodeDelivery } from "#wire/grants/revocation.ts";
import { LEVEL, scopeOf } from "#wire/grants/scope.ts";
import { type GateServer, id, ownedUnit, seedOf, startGateServer } from "../../phone/gate-server.ts";

const issuer = { ...seedSigner(primitives, seedOf(101)), kid: Uint8Array.of(1) };
const SECRET = new Uint8Array(16).fill(3);
const audience = { kind: "device", id } as const;
const owner = seedSigner(primitives, holderSeed(primitives, SECRET, id));
const grant = issueGrant(issuer, {
  ...{ audience, issuedAtS: 1_795_435_200, cti: new Uint8Array(8).fill(5), holder: owner.publicKey },
  ...{ scope: LEVEL.noFlash, epoch: 0, caveats: [] },
});

let folder: string;
let unit: GateServer;
let said: string[];
const file = (name: string) => join(folder, name);
const phone = () => ({
  ...{ label: labelLink("LAMPS.EXAMPLE", id), card: linkText(cardLink("LAMPS.EXAMPLE", id, SECRET)) },
  ...{ memory: file("phone.json"), unlisted: true },
});

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-revoke-"));
  const stored = ownedUnit();
  stored.set(PROVISIONED.ownerGrant, grant);
  unit = await startGateServer(stored);
  remember(file("phone.json"), toHex(id), { host: "127.0.0.1", port: unit.port, lastCounter: 0 });
  said = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    said.push(String(text));
    return true;
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  unit.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A guest who has a key of the owner's. */
function guest(name: string) {
  const { publicKey } = createKeyFile(file(`${name}.key`), "holder");
  const cti = primitives.random(8);
  const chain = issueChild(primitives, chainOf(grant), owner, {
    ...{ cti, holder: publicKey, scope: scopeOf({ setLamp: ["call"] }), epoch: 0, caveats: [] },
  });
  writeFileSync(file(`${name}.chain`), toHex(chain));
  return { cti: toHex(cti), as: { ...phone(), key: file(`${name}.key`), chain: file(`${name}.chain`) } };
}

/** Only the phone's clock: timers go on. */
const setClock = (time: string) => vi.useFakeTimers({ toFake: ["Date"], now: new Date(time) });

it("a clock that was two hours fast and was then corrected ends no revocation", async () => {
  const [anna, ben] = [guest("anna"), guest("ben")];
  setClock("2026-11-23T14:00:00Z");
  await revokeShare(anna.cti, phone());
  setClock("2026-11-23T12:00:00Z");
  await revokeShare(ben.cti, phone());
  expect(said).toEqual([anna, ben].map(({ cti }) => `key ${cti} is revoked: the unit says so\n`));
  for (const { as } of [anna, ben]) {
    await expect(callFunction("setLamp", [], as)).rejects.toThrow(/GRANT_REVOKED/);
  }
  expect(unit.calls).toEqual([]);
});

it("two revocations within one second both take effect, and so does one behind a statement of an older phone's clock", async () => {
  const [anna, ben, carl] = [guest("anna"), guest("ben"), guest("carl")];
  setClock("2026-11-23T12:00:00Z");
  const session = await openUnitSession(phone());
  const revoked = new Uint8Array(8).fill(1);
  const statement = signRevocation(owner, undefined, { audience, sequence: 1_900_000_000, floor: 0, revoked });
  const delivery = encodeDelivery([{ statement, chain: chainOf(grant) }]);
  expect((await session.request({ op: "revoke", delivery })).ok).toBe(true);
  await session.close();
  for (const { cti } of [anna, ben, carl]) await revokeShare(cti, phone());
  for (const { as } of [anna, ben, carl]) {
    await expect(callFunction("setLamp", [], as)).rejects.toThrow(/GRANT_REVOKED/);
  }
});

it("two phones of one owner that revoke at once: both keys end", async () => {
  const guests = [guest("anna"), guest("ben")];
  await Promise.all(guests.map(({ cti }) => revokeShare(cti, phone())));
  for (const { as } of guests) await expect(callFunction("setLamp", [], as)).rejects.toThrow(/GRANT_REVOKED/);
});

it("what was revoked before is said to have been, and a unit that refuses is never said to have revoked", async () => {
  const [anna, ben] = [guest("anna"), guest("ben")];
  await revokeShare(anna.cti, phone());
  await revokeShare(anna.cti, phone());
  expect(said.at(-1)).toBe(`key ${anna.cti} was revoked already\n`);
  // Someone with the card for a day used up all sequences.
  const session = await openUnitSession(phone());
  const last = { audience, sequence: Number.MAX_SAFE_INTEGER, floor: 0, revoked: new Uint8Array(8).fill(1) };
  const delivery = encodeDelivery([{ statement: signRevocation(owner, undefined, last), chain: chainOf(grant) }]);
  expect((await session.request({ op: "revoke", delivery })).ok).toBe(true);
  await session.close();
  said = [];
  await expect(revokeShare(ben.cti, phone())).rejects.toThrow(/is not revoked .*latchkey phone revoke --all/);
  expect(said).toEqual([]);
});

it("an answer that is lost leaves it open, and the same command again settles it", async () => {
  const anna = guest("anna");
  const session = await openUnitSession(phone());
  await session.close();
  const request = revokeShare(anna.cti, phone());
  // All answers from the handshake on are lost.
  unit.losesAnswers = 60;
  await expect(request).rejects.toThrow();
  unit.losesAnswers = 0;
  expect(said).toEqual([]);
  await revokeShare(anna.cti, phone());
  await expect(callFunction("setLamp", [], anna.as)).rejects.toThrow(/GRANT_REVOKED/);
});
