/** Secrets need not be arguments: they come from a file, a prompt, standard input or the environment. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, it } from "vitest";
import { startChild } from "#boards/sim/host/child.ts";
import { startAir } from "#cli/emulated-air.ts";
import { codeText } from "#cli/phone/unit.ts";
import { withPassword } from "#cli/values/secret.ts";
import { openRemoteClient } from "#cloud/broker/remote-client.ts";
import { cardLink, labelLink, linkText } from "#wire/grants/card.ts";
import { runVerb } from "./run-verb.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-secrets-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => {
  for (const name of Object.keys(process.env))
    if (/^LATCHKEY_(PASSPHRASE|CARD|\w+_PASSWORD)$/.test(name)) delete process.env[name];
});

const at = (name: string) => join(folder, name);
const DEVICE = new Uint8Array(12).fill(7);
const LABEL = labelLink("lamps.example", DEVICE);
const CARD = linkText(cardLink("lamps.example", DEVICE, new Uint8Array(16).fill(3)));
const onboard = ["phone", "onboard", "--label", LABEL, "--card", CARD, "--ssid", "Home"];
/** Refused by its length, which shows that it arrived. */
const SHORT = "abc d";
const ARRIVED = /^latchkey: --passphrase: it has 5 bytes/;

it.each([
  ["text", SHORT],
  ["a text that ends in a line feed", `${SHORT}\n`],
  ["a text with byte order mark and CRLF", `\uFEFF${SHORT}\r\nmore\r\n`],
])("a passphrase is taken from a file with %s", async (_, text) => {
  writeFileSync(at("passphrase"), text);
  const said = await runVerb(...onboard, "--passphrase-file", at("passphrase"));
  expect([said.status, said.trouble]).toEqual([2, expect.stringMatching(ARRIVED)]);
});

it("a passphrase is taken from the environment, which children then do not have", async () => {
  process.env.LATCHKEY_PASSPHRASE = SHORT;
  expect((await runVerb(...onboard)).trouble).toMatch(ARRIVED);
  expect(process.env.LATCHKEY_PASSPHRASE).toBeUndefined();
});

it("a passphrase is taken from standard input, and at a terminal a prompt shows nothing of it", async () => {
  const words = onboard.map((word) => `'${word}'`).join(" ");
  const verb = `node bin/latchkey.mjs ${words} --passphrase-file -`;
  const piped = startChild("/bin/sh", ["-c", `printf '%s\\n' '${SHORT}' | ${verb}`]);
  expect([await piped.exited, piped.errors().trim()]).toEqual([2, expect.stringMatching(ARRIVED)]);
  // script(1) gives it a terminal.
  const typed = startChild("/usr/bin/script", ["-qec", verb, "/dev/null"]);
  let shown = "";
  typed.onLine((line) => {
    shown += `${line}\n`;
  });
  typed.write(`${SHORT}\n`);
  await typed.exited;
  expect(shown).toMatch(/passphrase: /);
  expect(shown).toMatch(/--passphrase: it has 5 bytes/);
  // What the terminal itself echoed before the program ran is not the program's.
  expect(shown.slice(shown.indexOf("passphrase: "))).not.toContain(SHORT);
});

it("a passphrase that is given twice, or not at all, is refused", async () => {
  writeFileSync(at("empty"), "\n");
  const twice = await runVerb(...onboard, "--passphrase", "long enough", "--passphrase-file", at("empty"));
  expect([twice.status, twice.trouble]).toEqual([2, expect.stringMatching(/leave one of the two out/)]);
  const none = await runVerb(...onboard, "--passphrase-file", at("empty"));
  expect([none.status, none.trouble]).toEqual([2, expect.stringMatching(/there is no passphrase in .*empty/)]);
});

it("a card is taken from a file with its link, and from the environment", async () => {
  writeFileSync(at("card"), `\uFEFF${CARD}\r\n`);
  expect(await codeText("card", at("card"))).toBe(CARD);
  process.env.LATCHKEY_CARD = "not a card";
  const said = await runVerb("phone", "call", "x", "--label", LABEL, "--memory", at("phone.json"));
  expect(said.trouble).toMatch(/that is not our label and card/);
});

it("a password is put into the URL of its user, and arrives at a broker as it is", async () => {
  const source = { fileOption: "--broker-password-file", variable: "LATCHKEY_BROKER_PASSWORD", what: "password" };
  const password = "p@ss/w?rd:#%";
  let heard = "";
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      heard += bytes.toString("latin1");
      socket.destroy();
    });
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const url = withPassword(
    "--broker",
    `mqtt://admin@127.0.0.1:${(server.address() as AddressInfo).port}`,
    password,
    source,
  );
  const nothing = () => undefined;
  const events = {
    message: async () => undefined,
    callerSaid: nothing,
    callerGone: nothing,
    online: nothing,
    offline: nothing,
    refused: nothing,
    log: nothing,
  };
  await expect(openRemoteClient(events, { url, clientId: "t", check: "it" })).rejects.toThrow(/can't be used/);
  server.close();
  expect(heard).toContain("admin");
  expect(heard).toContain(password);
  expect(() => withPassword("--broker", "mqtt://127.0.0.1", "x", source)).toThrow(/--broker names no user/);
  expect(() => withPassword("--broker", "mqtt://a:b@127.0.0.1", "x", source)).toThrow(/has a password already/);
});

it("the cloud takes the passwords of store and broker from files and the environment", async () => {
  writeFileSync(at("password"), "pw\n");
  const cloud = ["cloud", "--data", at("cloud"), "--mqtt-port", "0", "--http-port", "0"];
  const child = startChild(process.execPath, [
    "bin/latchkey.mjs",
    ...cloud,
    "--store",
    "postgres://127.0.0.1/x",
    "--store-password-file",
    at("password"),
  ]);
  expect([await child.exited, child.errors().trim()]).toEqual([2, expect.stringMatching(/--store names no user/)]);
  const apart = startChild("/bin/sh", [
    "-c",
    `LATCHKEY_STORE_PASSWORD=pw exec node bin/latchkey.mjs ${cloud.join(" ")}`,
  ]);
  expect([await apart.exited, apart.errors().trim()]).toEqual([
    2,
    expect.stringMatching(/LATCHKEY_STORE_PASSWORD is for --store/),
  ]);
});

it("no argument of the air, which another program starts, holds the passphrase", async () => {
  const air = await startAir({ ssid: "Home", passphrase: "a passphrase of the test" });
  try {
    const words = readFileSync(`/proc/${air.child.pid}/cmdline`, "utf8");
    expect([words.includes("air/main.js"), words.includes("a passphrase of the test")]).toEqual([true, false]);
  } finally {
    await air.child.stop();
  }
});

it("the help of each verb that takes a secret says how else it is given", async () => {
  const { allVerbs } = await import("./command-tree.ts");
  const verbs = await allVerbs();
  for (const [name, option, says] of [
    ["phone onboard", "--passphrase-file", "LATCHKEY_PASSPHRASE"],
    ["home", "--passphrase-file", "LATCHKEY_PASSPHRASE"],
    ["cloud", "--store-password-file", "LATCHKEY_STORE_PASSWORD"],
    ["cloud", "--broker-password-file", "LATCHKEY_BROKER_PASSWORD"],
    ["phone call", "--card", "LATCHKEY_CARD"],
  ] as const) {
    const found = verbs.find((verb) => verb.name === name)?.options.find(({ long }) => long === option);
    expect([name, found?.description]).toEqual([name, expect.stringContaining(says)]);
  }
});
