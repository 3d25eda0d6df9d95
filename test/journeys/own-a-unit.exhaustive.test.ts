/**
 * "When something goes wrong" in the owner's guide: what its table says to do is done, on one unit that lay unused for years, in the words
 * of the table, and what it promises of each comes true. From the second row on the maker is gone.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toHex } from "#base/bytes.ts";
import { freePort } from "#base/host/free-port.ts";
import { latchkey } from "#cli/story/world.ts";
import { operatorClient } from "#cloud/http/operator-client.ts";
import { createKeyFile } from "#trust/host/key-file.ts";
import { until } from "../progress.ts";
import { certify } from "../tls/authority.ts";
import { BROKER, good, HOME, keySetFiles, NOW_S, type Shelf, shelvedUnit, validFor } from "./shelved-unit.ts";

const GUIDE = "docs/guide/own-a-unit.md";

/** The rows of the table, by what happened: the commands that each names. */
const rows = new Map(
  (readFileSync(GUIDE, "utf8").split("## When something goes wrong")[1] ?? "")
    .split("\n")
    .flatMap((line) => [...line.matchAll(/^\| (.+?) \| (.+) \|$/g)])
    .filter(([, what]) => what !== "what happened")
    .map(([, what = "", todo = ""]) => [what, [...todo.matchAll(/`latchkey ([^`]+)`/g)].map(([, text = ""]) => text)]),
);
/** The commands that were not done yet. */
const left = new Set([...rows.values()].flat());
/** Texts of the table that no test has looked at yet. */
const unseen = new Set(rows.keys());

type Names = Readonly<Record<string, string | readonly string[]>>;

/** One command of a row, with what stands for its words in capitals. */
function command(what: string, place: number, names: Names = {}): readonly string[] {
  const text = rows.get(what)?.[place];
  if (text === undefined)
    throw new Error(`${GUIDE} says nothing of "${what}", or names no command number ${place + 1}`);
  left.delete(text);
  unseen.delete(what);
  return text.split(" ").flatMap((word) => names[word] ?? word);
}

let shelf: Shelf;
let config: readonly string[];
let release: string;
let keySets: readonly string[];
/** What opens a session with a card. */
const asOwner = (card: string) => [
  "--json",
  "--memory",
  shelf.file("phone.json"),
  "--label",
  shelf.file("label.png"),
  "--card",
  card,
];
const refusal = async (...words: readonly string[]) => {
  const { code, errors } = await latchkey(...words);
  return code === 0 ? "nothing was refused" : errors;
};
const lampWith = (card: string) => ["phone", "call", "setLamp", "on=true", ...asOwner(card)];

beforeAll(async () => {
  shelf = await shelvedUnit();
  const { keys, cloud, output } = shelf.config;
  const shipped = JSON.parse(readFileSync("flash.config.json", "utf8")) as object;
  writeFileSync(shelf.file("flash.config.json"), JSON.stringify({ ...shipped, keys, output, cloud, cards: "all" }));
  config = ["--config", shelf.file("flash.config.json"), "--json"];
  copyFileSync(shelf.made.labelPng, shelf.file("label.png"));
  copyFileSync(shelf.made.cardPng, shelf.file("card.png"));
  // What the maker did meanwhile, of which the unit heard nothing.
  await good("keys", "rotate", "release", "--revoke", "--keys", keys);
  release = (await shelf.release(2)).path;
  mkdirSync(shelf.file("kept"));
  keySets = keySetFiles(keys).map((path) => {
    const kept = shelf.file(`kept/${basename(path)}`);
    copyFileSync(path, kept);
    return kept;
  });
  await shelf.start();
  const credentials = ["--ssid", HOME.ssid, "--passphrase", HOME.passphrase];
  const onto = ["--broadcast", shelf.air.address, "--timeout", "600"];
  await good("phone", "onboard", ...asOwner(shelf.file("card.png")), ...credentials, ...onto);
});
afterAll(() => shelf?.stop());

test("a lost card: the maker's new one is the unit's own, and the old one is over", async () => {
  const old = shelf.file("card.png");
  await good(...lampWith(old));
  const made = await good(...command("the card is lost", 0, { ID: shelf.id }), ...config);
  copyFileSync(String(made.card), shelf.file("new-card.png"));
  const names = { NEWCARD: shelf.file("new-card.png"), GRANT: String(made.grant), REVOCATION: String(made.revocation) };
  const onUnit = asOwner("").slice(0, -2);
  expect(await good(...command("the card is lost", 1, names), ...onUnit)).toEqual({ adopted: true });
  expect(await refusal(...lampWith(old))).toMatch(/opens no session|GRANT_/);
  await good(...lampWith(shelf.file("new-card.png")));
});

test("the maker is gone: there is no other card in place of a lost one", async () => {
  expect(rows.get("the maker is gone")).toEqual([]);
  unseen.delete("the maker is gone");
  renameSync(shelf.config.keys, shelf.file("successor"));
  renameSync(shelf.config.output, shelf.file("bankrupt"));
  expect(await refusal(...command("the card is lost", 0, { ID: shelf.id }), ...config)).toMatch(/knows no unit|keys/);
});

test("a guest's lost phone opens nothing any more", async () => {
  const owner = asOwner(shelf.file("new-card.png"));
  const key = toHex(createKeyFile(shelf.file("guest.key"), "holder").publicKey);
  const chain = shelf.file("anna.chain");
  await good("phone", "share", "--to", key, "--function", "setLamp", "--name", "Anna", "--out", chain, ...owner);
  const asGuest = [...owner.slice(0, -2), "--key", shelf.file("guest.key"), "--chain", chain];
  await good("phone", "call", "setLamp", "on=true", ...asGuest);
  await good(...command("a guest's phone is lost", 0, { NAME: "Anna" }), ...owner);
  expect(await refusal("phone", "call", "setLamp", "on=true", ...asGuest)).toMatch(/GRANT_REVOKED/);
});

test("a unit that lay unused takes an update once it has the maker's key sets", async () => {
  const what = "the unit lay unused for years and takes no update";
  const owner = asOwner(shelf.file("new-card.png"));
  const deliver = [...command(what, 1, { RELEASE: release }), ...owner];
  expect(await refusal(...deliver)).toMatch(/the unit refused release 2/);
  expect(await good(...command(what, 0, { "FILE...": keySets }), ...owner)).toMatchObject({ before: 1, keySet: 2 });
  await good(...deliver);
  expect(await good("phone", "describe", ...owner)).toMatchObject({ state: { sequence: 2 } });
});

test("at home the unit says why its link is down, and what to do; and it goes to where the cloud is now", async () => {
  const owner = asOwner(shelf.file("new-card.png"));
  const look = [...command("the unit can't be reached from elsewhere", 0), ...owner];
  await until("the refused link", async () => {
    const told = await good(...look);
    return told.link === "LINK_REFUSED" && /latchkey phone cloud ADDRESS$/.test(String(told.advice)) ? true : undefined;
  });
  const authority = certify({ name: "Authority of today", isAuthority: true });
  writeFileSync(shelf.file("today.pem"), authority.certificatePem);
  const ports = { mqttPort: await freePort(), httpPort: await freePort() };
  const today = validFor(NOW_S - 86_400, NOW_S + 90 * 86_400);
  await shelf.cloud(certify({ name: "localhost", ...today }, authority), ports, shelf.file("successor"));
  await operatorClient({ data: shelf.file("cloud") }).post("/v1/devices", shelf.enrolment());
  const names = { ADDRESS: `localhost:${ports.mqttPort}:${ports.httpPort}:${BROKER}`, FILE: shelf.file("today.pem") };
  const moved = await good(...command("the maker moved its cloud, or somebody else runs it now", 0, names), ...owner);
  expect(moved).toMatchObject({ cloud: names.ADDRESS, tls: true, link: "up" });
  expect(await good(...look)).toMatchObject({ link: "up" });
});

test("a sold unit knows the buyer's card alone, after its button was held", async () => {
  const [own, buyer] = [shelf.file("new-card.png"), shelf.file("buyer.png")];
  const resell = [...command("you sell the unit", 0, { "buyer.png": buyer }), ...asOwner(own)];
  expect(await refusal(...resell)).toMatch(/hold its button for three seconds/);
  expect(existsSync(buyer)).toBe(false);
  // A press counts for half a minute, and a busy machine may be later: the unit then asks for another.
  let said = "hold its button";
  for (let presses = 0; presses < 8 && said.includes("hold its button"); presses++) {
    shelf.press(3_000);
    said = await refusal(...resell);
  }
  expect(said).toBe("nothing was refused");
  expect(await refusal(...lampWith(own))).toMatch(/opens no session/);
  await good(...lampWith(buyer));
});

test("everything that the table says was done", () => {
  expect([[...left], [...unseen]]).toEqual([[], []]);
});
