/** A folder, a huge file or a text of null where a file is expected: every option and argument of every verb says so in one line. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { toHex } from "#base/bytes.ts";
import { newMakerKeys } from "#cli/maker-keys.ts";
import { placeholderOf } from "#cli/values/strict.ts";
import { ensureSharedKey } from "#cloud/http/shared-key.ts";
import { remember } from "#phone/memory.ts";
import { createKeyFile } from "#trust/host/key-file.ts";
import { cardLink, labelLink, linkText } from "#wire/grants/card.ts";
import { timeAnswerText } from "#wire/grants/time-request.ts";
import { allVerbs, type Verb } from "./command-tree.ts";
import { runVerb, type Said } from "./run-verb.ts";

const root = mkdtempSync(join(tmpdir(), "latchkey-wrong-files-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const at = (name: string) => join(root, name);
const FOLDER = at("a-folder");
const HUGE = at("huge.file");
const NULL = at("null.file");
const DEVICE = new Uint8Array(12).fill(7);
const ID = "0123456789abcdef01234567";
const KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

/** What stands for a file on the command line: all of it but `--out FILE` is read. */
const FILES = ["file", "release", "picture", "what", "png"];
const isFile = (placeholder: string | undefined) =>
  placeholder
    ?.replace("...", "")
    .split("|")
    .some((kind) => FILES.includes(kind));

/** Good values by the name of an option or argument, with the verb in front where it differs. */
let good: Readonly<Record<string, readonly string[]>> = {};

beforeAll(async () => {
  mkdirSync(FOLDER);
  writeFileSync(HUGE, "");
  truncateSync(HUGE, 2 ** 31 + 2 ** 20);
  writeFileSync(NULL, "null\n", { mode: 0o600 });
  newMakerKeys(at("keys"), "lamp");
  createKeyFile(at("holder.key"), "holder");
  ensureSharedKey(at("cloud/operator.key"));
  writeFileSync(at("cloud/running.json"), JSON.stringify({ url: "http://127.0.0.1:1" }));
  remember(at("phone.json"), toHex(DEVICE), { host: "127.0.0.1", port: 1, lastCounter: 0 });
  // A cloud that could not start ends its process a moment later.
  vi.spyOn(process, "exit").mockImplementation(() => undefined as never);
  writeFileSync(at("image"), new Uint8Array(4_000).fill(7));
  const config = { ...JSON.parse(readFileSync("flash.config.json", "utf8")), keys: "keys", output: "out" };
  writeFileSync(at("flash.config.json"), JSON.stringify(config));
  writeFileSync(at("card"), linkText(cardLink("lamps.example", DEVICE, new Uint8Array(16).fill(3))));
  const { publicKey } = createKeyFile(at("child.key"), "holder");
  const build = ["--product", "lamp", "--sequence", "1", "--native", at("image"), "--out", at("lamp.release")];
  expect(await runVerb("release", "build", ...build)).toMatchObject({ status: 0 });
  expect(await runVerb("release", "sign", at("lamp.release"), "--key", at("keys/release.key"))).toMatchObject({
    status: 0,
  });
  const issued = await runVerb(
    "grant",
    "issue",
    "--issuer",
    at("keys/issuer.key"),
    "--for",
    ID,
    "--holder",
    toHex(publicKey),
    "--level",
    "all",
  );
  writeFileSync(at("grant"), issued.out);
  good = {
    "--label": [labelLink("lamps.example", DEVICE)],
    "--card": [linkText(cardLink("lamps.example", DEVICE, new Uint8Array(16).fill(3)))],
    "--board": ["sim"],
    "board check --board": ["qemu-mps2"],
    "--chain": [at("grant")],
    "--config": [at("flash.config.json")],
    "--for": [ID],
    "--holder": [KEY],
    "--id": [ID],
    "--issuer": [at("keys/issuer.key")],
    "--key": [at("holder.key")],
    "--maker": ["lamps.example"],
    "--old": [at("grant")],
    "--out": [at("out")],
    "phone resell --out": [at("new-card")],
    "--product": ["lamp"],
    "--release": ["1"],
    "--sequence": ["1"],
    "--to": [KEY],
    "--frames": [at("image")],
    "release sign --key": [at("keys/release.key")],
    "release build --native": [at("image")],
    answer: [timeAnswerText({ deviceId: DEVICE, link: 0, statement: new Uint8Array(8) })],
    decoder: ["all"],
    device: [ID],
    file: [at("grant")],
    "phone key-set file": [at("keys/keyset.cose")],
    "phone deliver file": [at("lamp.release")],
    "factory card read file": [at("card")],
    "--data": [at("cloud")],
    code: ["x"],
    id: [ID],
    name: ["setLamp"],
    product: ["lamp"],
    protocol: ["airkiss"],
    release: [at("lamp.release")],
    role: ["release"],
    rollout: ["r1"],
    sequence: ["1"],
    variable: ["x"],
    what: [at("grant")],
  };
});

/** What a verb needs besides the file in question, so that it gets as far as reading it. */
const BESIDE: Readonly<Record<string, readonly string[]>> = {
  "board check --out": ["--port", "socket://127.0.0.1:1"],
  "dev --passphrase-file": ["--port", "socket://127.0.0.1:1"],
  "factory make release": ["--config", "LINE"],
  "grant child": ["--key", "CHILD"],
  "grant revoke --out": ["--issuer", "ISSUER", "--floor", "1"],
  "grant reissue --revocation-out": ["--out", "OUT"],
  "release build --out": ["--native", "IMAGE"],
  "phone deliver": ["--memory", "MEMORY"],
  "phone onboard": ["--ssid", "Home"],
  "phone onboard --key": ["--protocol", "esptouch-v2"],
  "phone share": ["--unlimited", "--to", KEY, "--out", "OUT"],
  "phone revoke": ["key"],
  "phone adopt": ["--chain", "GRANT"],
  "phone place": ["--lat", "1", "--lon", "1"],
  "keys rotate --signer": ["--keys", "KEYS"],
  "cloud --broker-ca": ["--broker", "mqtt://127.0.0.1:1"],
  "cloud --tls-key": ["--tls-cert", "GRANT"],
  "cloud --tls-cert": ["--tls-key", "GRANT"],
  "gateway --tls-key": ["--tls-cert", "GRANT"],
  "gateway --tls-cert": ["--tls-key", "GRANT"],
  "factory recover release": ["--line", "/dev/null"],
  "revocation publish": ["--device", ID],
  "keys new file": ["issuer"],
  "grant revoke --issuer": ["--floor", "1"],
  "grant revoke --key": ["--floor", "1", "--chain", "GRANT"],
  "grant revoke --chain": ["--floor", "1", "--key", "HOLDER"],
};
const wordOf = (word: string) =>
  ({
    CHILD: at("child.key"),
    GRANT: at("grant"),
    HOLDER: at("holder.key"),
    IMAGE: at("image"),
    ISSUER: at("keys/issuer.key"),
    KEYS: at("keys"),
    LINE: at("flash.config.json"),
    MEMORY: at("phone.json"),
    OUT: at("out"),
  })[word] ?? word;

function goodFor(verb: Verb, name: string): readonly string[] {
  return good[`${verb.name} ${name}`] ?? good[name] ?? [];
}

/** The words of a verb with the wrong file at one place and good values wherever one is required. */
function wordsWith(verb: Verb, place: string, wrong: string): readonly string[] {
  const args = verb.args.flatMap((arg) => {
    if (arg.name() === place) return [wrong];
    return arg.required ? goodFor(verb, arg.name()) : [];
  });
  const given = new Map<string, readonly string[]>();
  for (const { long, mandatory } of verb.options) {
    const isCode = (long === "--label" || long === "--card") && place !== "--codes";
    if (long && (mandatory || isCode || long === "--data") && goodFor(verb, long).length > 0)
      given.set(long, goodFor(verb, long));
  }
  const beside = [...(BESIDE[verb.name] ?? []), ...(BESIDE[`${verb.name} ${place}`] ?? [])].map(wordOf);
  const words: string[] = [];
  for (let i = 0; i < beside.length; i++) {
    const [word = "", next] = [beside[i], beside[i + 1]];
    const takesValue = word.startsWith("--") && next !== undefined && !next.startsWith("--");
    if (!word.startsWith("--")) words.push(word);
    else given.set(word, takesValue ? [beside[++i] as string] : []);
  }
  if (place.startsWith("--")) given.set(place, [wrong]);
  return [...verb.words, ...args, ...words, ...[...given].flatMap(([option, values]) => [option, ...values])];
}

/** Read only once a unit or a cloud answers, or after standard input, or reported among other findings: other tests look at these. */
const LATE = ["--cloud-ca", "factory card type --holder", "phone keys --card", "doctor --config"];

function placesOf(verb: Verb): readonly string[] {
  const options = verb.options.filter((option) => isFile(placeholderOf(option))).map(({ long }) => long as string);
  return [...options, ...verb.args.filter((arg) => isFile(arg.name())).map((arg) => arg.name())];
}

/** Files that are written: a folder is refused there too. */
const WRITTEN = [
  "--out",
  "board check --image",
  "--revocation-out",
  "factory card read --holder",
  "factory card type --holder",
  "keys new file",
  "phone onboard --memory",
];
const isWritten = (verb: Verb, place: string) => WRITTEN.includes(place) || WRITTEN.includes(`${verb.name} ${place}`);

/** What is wrong with how a verb refused; undefined where it was one line and nothing was printed as done. */
function faultOf({ status, out, trouble }: Said, path: string): string | undefined {
  const isOneLine = trouble.split("\n").length === 1 && !/ at .*:\d+:\d+/.test(trouble);
  // Some bytes are as good as others, as for an image; a text of null is no reason for a stack trace, that is all.
  if (path === NULL) return isOneLine ? undefined : trouble;
  if (status === 0 || out !== "") return `exit ${status}, printed ${out}`;
  if (!isOneLine) return trouble;
  return trouble.includes(path) ? undefined : `does not name it: ${trouble}`;
}

describe.each([
  ["a folder", FOLDER],
  ["a file over 2 GiB", HUGE],
  ["a file that says null", NULL],
])("%s", (_, path) => {
  it("is refused in one line, by its name, wherever a file is expected", async () => {
    const faults: string[] = [];
    for (const verb of await allVerbs()) {
      for (const place of placesOf(verb)) {
        if (
          (isWritten(verb, place) && path !== FOLDER) ||
          LATE.includes(place) ||
          LATE.includes(`${verb.name} ${place}`)
        )
          continue;
        const fault = faultOf(await runVerb(...wordsWith(verb, place, path)), path);
        if (fault !== undefined) faults.push(`${verb.name} ${place}: ${fault}`);
      }
    }
    expect(faults).toEqual([]);
  });
});
