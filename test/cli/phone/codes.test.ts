/** One photo of label and card, and credentials that cannot be sent: what is taken, and the one line about what is not. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { toHex } from "#base/bytes.ts";
import { credentialsOf } from "#cli/phone/credentials.ts";
import { remember } from "#phone/memory.ts";
import { holderSeed } from "#trust/grants/card-keys.ts";
import { issueGrant } from "#trust/grants/mint.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { seedSigner } from "#trust/signer.ts";
import { PROVISIONED } from "#wire/flash/stored-names.ts";
import { LEVEL } from "#wire/grants/scope.ts";
import { id, ownedUnit, seedOf, startGateServer } from "../../phone/gate-server.ts";
import { runVerb } from "../run-verb.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-codes-"));
const memory = ["--memory", join(folder, "phone.json")];
const PHOTOS = "test/vectors/photos";
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("one photo", () => {
  it("that shows label and card, at angles, is all that an owner names", async () => {
    const issuer = { ...seedSigner(primitives, seedOf(101)), kid: Uint8Array.of(1) };
    const holder = primitives.ed25519PublicKey(holderSeed(primitives, new Uint8Array(16).fill(3), id));
    const claims = { audience: { kind: "device", id }, issuedAtS: 1_795_435_200, cti: primitives.random(8) } as const;
    const stored = ownedUnit();
    const grant = issueGrant(issuer, { ...claims, holder, scope: LEVEL.noFlash, epoch: 0, caveats: [] });
    stored.set(PROVISIONED.ownerGrant, grant);
    const unit = await startGateServer(stored);
    try {
      remember(join(folder, "phone.json"), toHex(id), { host: "127.0.0.1", port: unit.port, lastCounter: 0 });
      const called = await runVerb("phone", "call", "setLamp", "--codes", `${PHOTOS}/both.jpg`, ...memory);
      expect(called).toMatchObject({ status: 0, out: "setLamp: done" });
      expect(unit.calls).toEqual(["setLamp"]);
    } finally {
      unit.close();
    }
  });

  it.each([
    ["without the card", [`${PHOTOS}/one.jpg`], 1, /one\.jpg shows no owner's card \(1 codes in all\)/],
    ["of two cards", [`${PHOTOS}/two-cards.jpg`], 1, /two-cards\.jpg shows more than one owner's card/],
    ["that is not there", ["none.jpg"], 2, /--codes: there is no file none\.jpg/],
    ["beside another label", [`${PHOTOS}/both.jpg`, "--label", "x"], 2, /leave --label and --card out/],
  ] as const)("%s is refused", async (_, words, status, line) => {
    const said = await runVerb("phone", "call", "setLamp", "--codes", ...words, ...memory);
    expect([said.status, said.out, said.trouble]).toEqual([status, "", expect.stringMatching(line)]);
    expect(said.trouble.split("\n")).toHaveLength(1);
  });

  it("and no code at all are told apart", async () => {
    const said = await runVerb("phone", "call", "setLamp", ...memory);
    expect([said.status, said.trouble]).toEqual([
      2,
      expect.stringMatching(/name the unit: --label PICTURE, or --codes/),
    ]);
  });
});

describe("credentials", () => {
  it("take a name that is not UTF-8, and show it in digits", () => {
    const latin1 = { ssidHex: "43616665ff", passphrase: "", protocol: "air" } as const;
    expect(credentialsOf(latin1)).toMatchObject({ ssid: Uint8Array.of(0x43, 0x61, 0x66, 0x65, 0xff) });
    expect(credentialsOf(latin1).name).toBe("43616665ff (hexadecimal)");
    expect(credentialsOf({ ...latin1, ssidHex: "486f6d65" }).name).toBe("Home");
  });

  const SECRET = "do not say this";
  it.each([
    ["no name", [], /--ssid NAME, or --ssid-hex DIGITS/],
    ["two names", ["--ssid", "Home", "--ssid-hex", "486f6d65"], /--ssid NAME, or --ssid-hex DIGITS/],
    ["digits that are none", ["--ssid-hex", "48x"], /--ssid-hex: "48x" is not understood/],
    ["a long name", ["--ssid", "ä".repeat(17)], /--ssid: the name has 34 bytes \(expected 1 to 32\)/],
    ["an empty name", ["--ssid", ""], /--ssid: nothing is given/],
    [
      "a short passphrase",
      ["--ssid", "Home", "--passphrase", "1234567"],
      /--passphrase: it has 7 bytes \(expected at least 8/,
    ],
    ["a long passphrase", ["--ssid", "Home", "--passphrase", SECRET.repeat(5)], /--passphrase: it has 75 bytes/],
    [
      "one too long for the protocol",
      ["--ssid", "Home", "--passphrase", SECRET.repeat(3), "--protocol", "ti-cc3200"],
      /--passphrase: it has 45 bytes \(ti-cc3200 carries at most 32/,
    ],
    ["bytes that are none", ["--ssid", "Home", "--extra", "zz"], /--extra: "zz" is not understood/],
    [
      "too many bytes",
      ["--ssid", "Home", "--extra", "00".repeat(33)],
      /--extra: it has 33 bytes \(air carries 0 to 32\)/,
    ],
    [
      "bytes for a protocol without",
      ["--ssid", "Home", "--extra", "00", "--protocol", "airkiss"],
      /--extra: airkiss carries no bytes/,
    ],
    ["a time that is none", ["--ssid", "Home", "--timeout", "soon"], /--timeout: "soon" is not understood/],
  ] as const)("refuse %s with the reason", async (_, words, line) => {
    const said = await runVerb("phone", "onboard", "--codes", `${PHOTOS}/both.jpg`, ...memory, ...words);
    expect([said.status, said.out, said.trouble]).toEqual([2, "", expect.stringMatching(line)]);
    expect(said.trouble.split("\n")).toHaveLength(1);
    expect(said.trouble).not.toContain(SECRET);
  });
});
