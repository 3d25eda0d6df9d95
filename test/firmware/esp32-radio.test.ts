/** The ESP32's radio line: what the vendor's driver is asked for, and what the unit is told of what became of it. */
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { toHex } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";
import { FIRMWARE, STRICT, sodiumFlags } from "#firmware/flags.ts";
import { thirdParty } from "#firmware/third-party.ts";

const program = join(mkdtempSync(join(tmpdir(), "latchkey-esp32-radio-")), "check");

beforeAll(() => {
  const sources = [
    "test/firmware/esp32-radio-check.c",
    ...["radio", "networks", "join-reason", "last-network", "own-network"].map((name) =>
      join(FIRMWARE, `chips/esp32/${name}.c`),
    ),
    ...["serial", "data-frame", "dhcp-server", "dns-server"].map((name) => join(FIRMWARE, `chips/${name}.c`)),
    ...["crc32", "sodium-base"].map((name) => join(FIRMWARE, `port/${name}.c`)),
  ];
  const sodium = sodiumFlags(thirdParty().libsodium ?? "").map((flag) =>
    flag.replace(/^-I(?=\/.*libsodium)/, "-isystem"),
  );
  const sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
  const flags = ["-std=gnu11", "-g", ...STRICT, `-I${FIRMWARE}`, "-DFLASH_WRITE_BYTES=1u", ...sodium, ...sanitizers];
  execFileSync("gcc", [...flags, ...sources, "-o", program]);
});

const run = (...steps: string[]) =>
  execFileSync(program, steps, { encoding: "utf8" })
    .split("\n")
    .map((line) => line.trimEnd());
const of = (lines: readonly string[], start: string) => lines.filter((line) => line.startsWith(start));
const hex = (text: string) => toHex(utf8(text));

const [CONNECTED, DISCONNECTED, SERVING] = ["event:2", "event:3", "event:4"];
const [NO_NETWORK, REFUSED] = ["told 84 01", "told 84 02"];
const JOIN = `join:${hex("Lamplight")}:${hex("a story told at home")}`;
/** What the line's ring of 2,048 B holds of frames of 40, besides 128 B that are kept free. */
const LINE_FRAMES = 48;
const TRIES_MOST = 3;

/** How many times the driver is asked, and what the unit is told, when every try ends for this reason. */
function outcomeOf(reason: number): { tries: number; told: string | undefined } {
  const lines = run(JOIN, ...Array.from({ length: TRIES_MOST }, () => `${DISCONNECTED}:${reason}`));
  const told = of(lines, "told 84");
  expect(told.length).toBe(1);
  expect(of(lines, "log")).toEqual([`log latchkey: not joined, reason of the driver ${reason}`]);
  return { tries: of(lines, "driver join").length, told: told[0] };
}

test.each([
  ["there is no access point of that name", 201, TRIES_MOST, NO_NETWORK],
  ["its beacons stop", 200, TRIES_MOST, NO_NETWORK],
  ["it is too far away", 212, 1, NO_NETWORK],
  ["WPA2's handshake with a wrong passphrase", 15, TRIES_MOST, REFUSED],
  ["the driver's own timeout of the handshake", 204, 1, REFUSED],
  ["WPA3's answer to a wrong passphrase", 2, TRIES_MOST, REFUSED],
  ["authentication fails", 202, 1, REFUSED],
  ["the access point is full", 5, TRIES_MOST, REFUSED],
  ["the network is open, and there is a passphrase", 211, 1, REFUSED],
  ["the network needs a passphrase, and there is none", 210, 1, REFUSED],
  ["a reason that no standard has yet", 999, 1, REFUSED],
])("a join ends because %s (%i): %i tries, then %s", (_, reason, tries, told) => {
  expect(outcomeOf(reason)).toEqual({ tries, told });
});

test("a second try that succeeds is a join, and power is saved from then on until the unit leaves", () => {
  const lines = run(JOIN, `${DISCONNECTED}:15`, CONNECTED, "leave:");
  expect(of(lines, "driver join").length).toBe(2);
  expect(of(lines, "told")).toEqual([`told 83 00000000${"55".repeat(6)}090000000000`, "told 85"]);
  expect(of(lines, "driver save")).toEqual(["driver save power 1", "driver save power 0"]);
});

const WIDE = `driver join ${hex("Lamplight")} ${hex("a story told at home")}`;
const DIRECT = `${WIDE} of 090000000000 on 11`;

test("the access point that the unit was joined to is asked alone at first, then any of that name", () => {
  const lines = run(JOIN, CONNECTED, `${DISCONNECTED}:200`, JOIN, `${DISCONNECTED}:202`, CONNECTED);
  expect(of(lines, "driver join")).toEqual([WIDE, DIRECT, WIDE]);
  expect(of(lines, "told 8").map((line) => line.slice(0, 7))).toEqual(["told 83", "told 85", "told 83"]);
});

test("neither a network of another name nor one that the unit left is asked so", () => {
  expect(of(run(JOIN, CONNECTED, "event:3:200", "join:00:"), "driver join")).toEqual([WIDE, "driver join 00"]);
  expect(of(run(JOIN, CONNECTED, "leave:", JOIN), "driver join")).toEqual([WIDE, WIDE]);
});

test("after a sleep, the access point that gave an address is asked alone, and one that gave none is not", () => {
  expect(of(run(JOIN, CONNECTED, "ip:", "leave:", "zzz:", JOIN), "driver join")).toEqual([WIDE, DIRECT]);
  expect(of(run(JOIN, CONNECTED, "leave:", "zzz:", JOIN), "driver join")).toEqual([WIDE, WIDE]);
  expect(of(run(JOIN, CONNECTED, "ip:", "leave:", JOIN), "driver join")).toEqual([WIDE, WIDE]);
});

test("the unit's country reaches the driver, and the log says when the driver does not know it", () => {
  expect(of(run("country:DE", "scan:"), "driver")).toEqual(["driver country DE", "driver scan"]);
  expect(of(run("country:DE"), "log")).toEqual([]);
  expect(of(run("country:DEU"), "driver")).toEqual([]);
  expect(of(run("country:ZA"), "log")).toEqual([
    "log latchkey: the radio does not know the rules of the unit's country; it keeps the most careful ones",
  ]);
});

test("names and keys reach the driver as bytes, whatever they are", () => {
  const name = "ff00fe".padEnd(64, "a0");
  const key = "30".repeat(64);
  expect(of(run(`join:${name}:${key}`), "driver join")).toEqual([`driver join ${name} ${key}`]);
  expect(of(run("join:00:"), "driver join")).toEqual(["driver join 00"]);
  expect(of(run(`join:${"61".repeat(33)}:`), "driver join")).toEqual([]);
});

test("a join that nothing comes of ends", () => {
  const lines = run(JOIN, "after:29000", "after:1000");
  expect(of(lines, "driver leave").length).toBe(1);
  expect(of(lines, "told")).toEqual([REFUSED]);
});

test("a lost network is told once", () => {
  expect(of(run(JOIN, CONNECTED, `${DISCONNECTED}:200`, `${DISCONNECTED}:201`), "told 8")).toHaveLength(2);
});

test("a scan tells hidden and binary names, strongest first, with the cipher of their broadcasts", () => {
  const told = of(run("scan:", "event:1"), "told 82");
  const [lamplight, hidden, binary] = [
    `09${hex("Lamplight")}02000000000006d802`,
    "0001000000000001ba00",
    "03ff00fe0300000000000db004",
  ];
  expect(told).toEqual([`told 82 03${lamplight}${hidden}${binary}`]);
});

test("a scan has the radio to itself, and listening goes on after it only if it is asked for again", () => {
  const lines = run("listen:6", "scan:", "listen:11", "event:1");
  expect(of(lines, "driver")).toEqual(["driver listen 6", "driver listen 0", "driver scan", "driver listen 11"]);
});

test("the unit's own access point opens and closes", () => {
  const lines = run(`serve:${hex("lamp-65f4")}`, SERVING, "serve:", "event:5");
  expect(of(lines, "driver")).toEqual([`driver serve ${hex("lamp-65f4")}`, "driver serve"]);
  expect(of(lines, "told")).toEqual(["told 86 c0a80401", "told 86"]);
});

test("an access point that the driver starts again to give it its name stays open", () => {
  const [told, CLOSED] = ["told 86 c0a80401", "event:5"];
  const opened = [`serve:${hex("lamp-65f4")}`, SERVING, CLOSED, SERVING];
  expect(of(run(...opened), "told")).toEqual([told]);
  expect(of(run(...opened, "serve:", CLOSED), "told")).toEqual([told, "told 86"]);
});

test("frames beyond what waits are counted, and every hundred of them told with those that were taken", () => {
  const lines = run("listen:6", "heard:60", "heard:165", "heard:63");
  expect(of(lines, "told 81")).toHaveLength(60 + 64 + 63);
  expect(of(lines, "log")).toEqual([
    `log latchkey: frames taken ${60 + LINE_FRAMES}`,
    "log latchkey: frames not taken 101",
  ]);
});

test("a busy unit whose line is full of frames is told all the same that it has joined, and of what ends", () => {
  const full = ["listen:6", "busy:1", "heard:60", "heard:60"];
  expect(of(run(...full, JOIN, CONNECTED, "busy:0"), "told 83")).toHaveLength(1);
  expect(of(run(...full, JOIN, `${DISCONNECTED}:212`, "busy:0"), "told 84")).toEqual([NO_NETWORK]);
});
