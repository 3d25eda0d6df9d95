/** The owner's verbs, called as functions, over TCP to the shipped gate. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { toHex } from "#base/bytes.ts";
import { callFunction } from "#cli/phone/actions.ts";
import { readLog } from "#cli/phone/log.ts";
import { adoptCard, passUnitOn, revokeAll } from "#cli/phone/owner.ts";
import { placeUnit } from "#cli/phone/place.ts";
import { remember } from "#phone/memory.ts";
import { holderSeed } from "#trust/grants/card-keys.ts";
import { chainOf, issueChild, issueGrant } from "#trust/grants/mint.ts";
import { signRevocation } from "#trust/grants/revoke.ts";
import { createKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { seedSigner } from "#trust/signer.ts";
import { PROVISIONED } from "#wire/flash/stored-names.ts";
import { cardLink, labelLink, linkText } from "#wire/grants/card.ts";
import { encodeDelivery, joinCtis } from "#wire/grants/revocation.ts";
import { LEVEL, scopeOf } from "#wire/grants/scope.ts";
import { type GateServer, id, ownedUnit, seedOf, startGateServer } from "../../phone/gate-server.ts";

const issuer = { ...seedSigner(primitives, seedOf(101)), kid: Uint8Array.of(1) };
const SECRET = new Uint8Array(16).fill(3);
const CTI = new Uint8Array(8).fill(5);

function grantFor(secret: Uint8Array, cti: Uint8Array): Uint8Array {
  const holder = primitives.ed25519PublicKey(holderSeed(primitives, secret, id));
  const audience = { kind: "device", id } as const;
  return issueGrant(issuer, {
    audience,
    issuedAtS: 1_795_435_200,
    cti,
    holder,
    scope: LEVEL.noFlash,
    epoch: 0,
    caveats: [],
  });
}

let folder: string;
let unit: GateServer;
let said: string[];
const file = (name: string) => join(folder, name);
const phone = (card = linkText(cardLink("LAMPS.EXAMPLE", id, SECRET))) => ({
  ...{ label: labelLink("LAMPS.EXAMPLE", id), card, memory: file("phone.json"), json: true },
});
const told = () => JSON.parse(said.join("")) as Record<string, unknown>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-owner-"));
  const stored = ownedUnit();
  stored.set(PROVISIONED.ownerGrant, grantFor(SECRET, CTI));
  unit = await startGateServer(stored);
  remember(file("phone.json"), toHex(id), { host: "127.0.0.1", port: unit.port, lastCounter: 0 });
  said = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    said = [String(text)];
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  unit.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A guest with a key file and a chain of the owner's. */
function guest(): { key: string; chain: string } {
  const { publicKey } = createKeyFile(file("guest.key"), "holder");
  const owner = seedSigner(primitives, holderSeed(primitives, SECRET, id));
  const chain = issueChild(primitives, chainOf(grantFor(SECRET, CTI)), owner, {
    ...{ cti: primitives.random(8), holder: publicKey, scope: scopeOf({ setLamp: ["call"] }), epoch: 0, caveats: [] },
  });
  writeFileSync(file("guest.chain"), toHex(chain));
  return { key: file("guest.key"), chain: file("guest.chain") };
}

it("the unit is passed on with a card that is made before it is asked, and only with its button held", async () => {
  const out = file("new-card.png");
  await expect(passUnitOn({ ...phone(), out })).rejects.toThrow(/SESSION_BUTTON\); hold its button for three seconds/);
  expect(existsSync(out)).toBe(false);
  unit.show({ kind: "button", heldMs: 3_000 });
  await passUnitOn({ ...phone(), out });
  expect(told()).toEqual({ card: out });
  await expect(callFunction("setLamp", [], phone())).rejects.toThrow(/opens no session/);
  await callFunction("setLamp", [], phone(out));
  expect(unit.calls).toEqual(["setLamp"]);
  unit.show({ kind: "button", heldMs: 3_000 });
  await expect(passUnitOn({ ...phone(out), out })).rejects.toThrow(/a card is never overwritten/);
});

it("every guest is ended at once, and the card stays good", async () => {
  const as = { ...phone(), ...guest() };
  await callFunction("setLamp", [], as);
  await revokeAll(phone());
  await expect(callFunction("setLamp", [], as)).rejects.toThrow(/GRANT_EPOCH/);
  await callFunction("setLamp", [], phone());
});

it("a reissued card becomes the unit's own once the old one is revoked, and not before", async () => {
  const next = new Uint8Array(16).fill(4);
  const card = linkText(cardLink("LAMPS.EXAMPLE", id, next));
  writeFileSync(file("grant.hex"), toHex(grantFor(next, new Uint8Array(8).fill(6))));
  const reissued = { ...phone(card), chain: file("grant.hex") };
  await expect(adoptCard(reissued)).rejects.toThrow(/SESSION_OWNER/);
  const audience = { kind: "device", id } as const;
  const statement = signRevocation(issuer, issuer.kid, { audience, sequence: 1, floor: 0, revoked: joinCtis([CTI]) });
  unit.show({ kind: "link-message", topic: "all/revocation", payload: encodeDelivery([{ statement }]) });
  await adoptCard(reissued);
  await expect(callFunction("setLamp", [], phone())).rejects.toThrow(/opens no session/);
  await callFunction("setLamp", [], phone(card));
});

it("the log says who was refused what; the place is told by degrees", async () => {
  await expect(placeUnit({ ...phone(), ...guest(), lat: 52.5, lon: 13.4 })).rejects.toThrow(/GRANT_RIGHT/);
  await expect(placeUnit({ ...phone(), lat: 91, lon: 0 })).rejects.toThrow(/--lat wants degrees from -90 to 90/);
  await expect(placeUnit({ ...phone(), lat: 1 })).rejects.toThrow(/say where the unit is/);
  await placeUnit({ ...phone(), lat: -33.86, lon: 151.21 });
  expect(told()).toEqual({ place: [-3_386_000, 15_121_000] });
  await readLog(phone());
  const { entries } = told() as { entries: { act: string; result: string; key: string }[] };
  expect(entries.map(({ act, result }) => [act, result])).toContainEqual(["config", "GRANT_RIGHT"]);
  expect(readFileSync(file("phone.json"), "utf8")).not.toContain(toHex(SECRET));
});
