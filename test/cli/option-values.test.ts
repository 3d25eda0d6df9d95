/** Every option and argument of every verb refuses what it can't mean: one line, exit code 2, and nothing is done. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { placeholderOf } from "#cli/values/strict.ts";
import { allVerbs } from "./command-tree.ts";
import { runVerb } from "./run-verb.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-values-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is nonsense for numbers of any kind, and for whatever has a form of its own. */
const NOT_NUMBERS = ["", " ", "NaN", "Infinity", "1e99", "-1", "0x10", "1,5", "7 apples", "٣"];
const EMPTY = ["", "   "];
const TEXT = [...EMPTY, "a\u0000b", "a\nb\u001b[2J"];
const MOMENTS = [
  ...NOT_NUMBERS,
  "45",
  "90",
  "2031-02-30",
  "2031-13-01",
  "2031-05-01 12:00",
  "2031-05-01T12:00",
  "2031-05-01T25:00Z",
  "2031-05-01x",
  "tomorrow",
];
const PAST = [...MOMENTS, "2001-05-01", "0d"];
const DURATIONS = [...NOT_NUMBERS, "5", "5 s", "5x", "0s", "1e3s", "99999999999w", "5s later"];
const SECONDS = [...NOT_NUMBERS, "5x", "5 s", "99999999999w"];
const HEX = ["", "0", "xyz", "0102030405060708090a0b0", "01 02 zz", "0x0102"];
const PERCENT = [...NOT_NUMBERS, "101", "5 %", "%", "5%%"];
const HOSTS = ["", " ", "a b", "-host", "host:80", "http://host", "1.2.3", "1.2.3.256", "[::1]", ":::", "host;rm"];
const URLS = [
  "",
  "host",
  "127.0.0.1:8080",
  "ftp://host",
  "http://",
  "http://a b",
  "http://host:port",
  "http://host:99999",
  "mqtt//host",
];
const COUNTS = [...NOT_NUMBERS, "1.5", "99999999999999999999"];
const NAMES = [...EMPTY, "Bad Name!", "a".repeat(33), "UPPER"];
const WORDS = [...EMPTY, "../x", "a b", "-", "a/b"];
const PATHS = [...EMPTY];
const CHOICES = ["", "nothing", "0"];

/** The wrong values of every option and argument: by its name, or by its verb and name. A new one without a row fails. */
const WRONG: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    (
      [
        [
          PATHS,
          "--base --broker-ca --broker-password-file --ca --client-secret-file --cloud-ca --codes --config --data --discharge-key --flash --folder --frames --image --issuer --js --keys --line --maker-client-secret-file --memory --mqtt-password-file --names --native --operator-key --out --output --passphrase-file --password-file --revocation --revocation-out --signer --staff-secret-file --store-password-file --tls-cert --tls-key file folder release",
        ],
        [
          TEXT,
          "--allow --arg --because --card --chain --client --cloud --discharge --for --function --key --label --maker-client --moon --name --near --old --print --rate --scope --search --ssid --store --to-gateway --zone address answer arguments changes code events key name request rollout variable what zone",
        ],
        [PAST, "--expires --not-after"],
        [MOMENTS, "--not-before"],
        [DURATIONS, "--button --every --fresh --hold"],
        [SECONDS, "--silence --soak --timeout --wait"],
        [
          COUNTS,
          "--block-rate --count --epoch --failures --floor --hardware --http-port --kid --limit --minutes --mqtt-port --page-port --port --release --root-number --runs --sample --seed --sequence --target --uses sequence",
        ],
        [["", "a,", ",a", "a,,b", "a,a"], "--assume-functions --only"],
        [PERCENT, "--failure-rate --silence-rate"],
        [[...PERCENT, "1,1", "5,1", "lab,", "lab;1", "1e1"], "--waves"],
        [[...EMPTY, "8-9", "00:00-00:00", "25:00-01:00", "08:00-18:60", "08:00-18:00Z"], "--window"],
        [
          [...EMPTY, "8-9", "08:00-08:00", "25:00-26:00", "08:00-18:00@funday", "08:00-18:00+99:00", "08:00-18:00 x"],
          "--hours",
        ],
        [[...HEX, "00".repeat(13)], "--after --device --id device id"],
        [[...HEX, "00".repeat(9)], "--cti"],
        [[...HEX, "00".repeat(32), `01${"0".repeat(62)}`], "--holder --to"],
        [["", "0", "xyz", "0x01", "01 zz"], "--extra --ssid-hex"],
        [HOSTS, "--address --broadcast --cloud-server --host --maker"],
        [["", "host", "host:", ":80", "host:99999", "host:80x", "::1:80", "a b:80"], "--broker-hooks"],
        [URLS, "--broker --maker-issuer --mqtt --staff-audience --staff-issuer --url"],
        [URLS, "login --issuer"],
        [NAMES, "--fleet --product product"],
        [WORDS, "--board --fault --parser decoder"],
        [CHOICES, "--consent --level --mqtt-discovery --protocol --role --state level protocol role"],
        [["", "NaN", "1e99", "x", "5 km", "91", "-90.5"], "--lat"],
        [["", "NaN", "1e99", "x", "181", "-180.5"], "--lon"],
        [["", "NaN", "1e99", "x", "1", "-0.1"], "--loss"],
        [["", "NaN", "1e99", "x", "0", "-1"], "--burst"],
      ] as const
    ).flatMap(([values, names]) => names.split(" ").map((name) => [name, values])),
  ),
  image: [...EMPTY, "main.bin@", "main.bin@0", "main.bin@0xyz", "main.bin@0x123456789"],
  ...Object.fromEntries(
    ["board check", "board flash", "board identify", "board log", "dev", "factory make"].map((verb) => [
      `${verb} --port`,
      [...TEXT, "socket://", "socket:127.0.0.1:1", "socket://host", "socket://host:0", "socket://host:99999"],
    ]),
  ),
  "new --app": CHOICES,
  "new --cloud": HOSTS,
  "factory card read --holder": PATHS,
  "factory card type --holder": PATHS,
  "phone share --for": [...HEX, "00".repeat(13)],
  "sim --fleet": [...COUNTS, "0"],
  // Any text may be a passphrase, an empty one that of an open network; what a protocol can't carry is refused later.
  "phone onboard --passphrase": [],
  "home --passphrase": [],
};

/** Good values for the arguments before the one in question, and for what a verb requires. */
const GOOD: Readonly<Record<string, string>> = {
  "--board": "sim",
  "--chain": "00",
  "--for": "null",
  "--frames": "x",
  "--holder": "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
  "--id": "0123456789abcdef01234567",
  "--issuer": "x",
  "--key": "x",
  "--maker": "lamps.example",
  "--old": "00",
  "--out": join(folder, "out"),
  "--product": "lamp",
  "--release": "1",
  "--sequence": "1",
  "--to": "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
  device: "0123456789abcdef01234567",
  name: "x",
  product: "lamp",
  role: "issuer",
};

const wrongFor = (verb: string, name: string) => WRONG[`${verb} ${name}`] ?? WRONG[name];

interface Case {
  readonly verb: string;
  readonly name: string;
  readonly words: readonly string[];
}

async function cases(): Promise<{ readonly all: readonly Case[]; readonly missing: readonly string[] }> {
  const [all, missing]: [Case[], string[]] = [[], []];
  for (const { name: verb, words, options, args } of await allVerbs()) {
    const required = options
      .filter(({ mandatory }) => mandatory)
      .flatMap(({ long }) => [long as string, GOOD[long as string] ?? "?"]);
    for (const option of options) {
      if (placeholderOf(option) === undefined) continue;
      const long = option.long as string;
      const values = wrongFor(verb, long);
      if (values === undefined) missing.push(`${verb} ${long}`);
      for (const value of values ?? []) all.push({ verb, name: long, words: [...words, `${long}=${value}`] });
    }
    args.forEach((argument, i) => {
      const values = wrongFor(verb, argument.name());
      if (values === undefined) missing.push(`${verb} ${argument.name()}`);
      const before = args.slice(0, i).map((each) => GOOD[each.name()] ?? "?");
      for (const value of values ?? []) {
        all.push({ verb, name: argument.name(), words: [...words, ...required, "--", ...before, value] });
      }
    });
  }
  return { all, missing };
}

it("every option and argument of every verb has a row of wrong values", async () => {
  expect((await cases()).missing).toEqual([]);
});

it("each wrong value is refused in one line with exit code 2", async () => {
  const faults: string[] = [];
  const { all } = await cases();
  for (const { words } of all) {
    const { status, out, trouble } = await runVerb(...words).catch((error: Error) => ({
      status: -1,
      out: "",
      trouble: String(error.stack),
    }));
    const isGood =
      status === 2 && out === "" && trouble.split("\n").length === 1 && trouble.length > 0 && trouble.length < 600;
    if (!isGood)
      faults.push(`${words.map((word) => JSON.stringify(word)).join(" ")}: exit ${status}, ${out}${trouble}`);
  }
  expect(all.length).toBeGreaterThan(2_000);
  expect(faults).toEqual([]);
  expect(readdirSync(folder)).toEqual([]);
});

it.each([
  ["grant", "issue", "--expires=45"],
  ["cloud", "--store="],
  ["release", "build", "--expires=2031-02-30"],
])("latchkey %s %s %s as a process: one line, exit code 2", (...words) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["bin/latchkey.mjs", ...words], { encoding: "utf8" });
  expect([status, stdout, stderr.trim().split("\n").length]).toEqual([2, "", 1]);
  expect(stderr).toMatch(/^latchkey: --/);
});

it("takes a device ID as the label prints it, in capitals and groups", async () => {
  const said = await runVerb("rollout", "explain", "0123 4567 89AB CDEF 0123 4567", "--data", join(folder, "none"));
  expect([said.status, said.trouble]).toEqual([1, expect.stringMatching(/no cloud runs/)]);
});
