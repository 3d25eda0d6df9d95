// `node bin/try-package.mjs FOLDER`: does what a maker does with the tarballs of `latchkey` and `create-latchkey` in FOLDER, in an empty
// folder whose path has a space and an umlaut. Plain Node, no packages: it runs the same on Linux, macOS and Windows.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const [from = "out/package"] = process.argv.slice(2);
const tarball = (name) => resolve(from, readdirSync(from).find((file) => name.test(file)) ?? `no ${name}`);
const [latchkey, create] = [tarball(/^latchkey-\d.*\.tgz$/), tarball(/^create-latchkey-\d.*\.tgz$/)];
const root = mkdtempSync(join(tmpdir(), "latchkey-try-"));
const maker = join(root, "mein Gewächshaus");
const isWindows = process.platform === "win32";
/** npm without what a surrounding `npm run` set, and without the network where its cache will do. */
const env = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^INIT_CWD$/i.test(name))),
  npm_config_prefer_offline: "true",
  npm_config_audit: "false",
  npm_config_fund: "false",
};

/** Runs a program, and ends everything where it fails. @returns What it printed. */
function run(cwd, program, ...args) {
  // npm is a script on Windows, which only a shell starts.
  const [command, words] = program === "npm" && isWindows ? ["npm", args.map((arg) => `"${arg}"`)] : [program, args];
  const ran = spawnSync(command, words, { cwd, env, encoding: "utf8", shell: program === "npm" && isWindows });
  const line = `${program === process.execPath ? "node" : program} ${args.join(" ").replaceAll(root, "...")}`;
  if (ran.status !== 0) throw new Error(`${line}: exit code ${ran.status}\n${ran.stdout}${ran.stderr}`);
  console.log(`ok  ${line}`);
  return ran.stdout;
}

function check(isGood, what) {
  if (!isGood) throw new Error(what);
}

try {
  mkdirSync(maker);
  writeFileSync(join(maker, "package.json"), '{ "name": "start", "private": true }\n');
  run(maker, "npm", "install", "--silent", latchkey, create);
  const start = join(maker, "node_modules/create-latchkey/index.mjs");
  run(maker, process.execPath, start, "Gewächshaus 2", "--maker", "green.example", "--no-cloud");
  const device = join(maker, "Gewächshaus 2");
  run(device, "npm", "install", "--silent", latchkey);
  run(device, "npm", "run", "--silent", "test");
  run(device, "npm", "run", "--silent", "types");
  const bin = join(device, "node_modules/latchkey/bin/latchkey.mjs");
  const verb = (...words) => run(device, process.execPath, bin, ...words);
  const [, life = ""] = readFileSync(join(device, "README.md"), "utf8").split("## The five commands");
  const commands = [...life.matchAll(/^npx latchkey (.*)$/gm)].map(([, words]) => words.split(" "));
  check(commands.map(([name]) => name).join() === "keys,release,factory,home,phone", "the README has other commands");
  for (const words of commands.slice(0, 3)) verb(...words);
  check(JSON.parse(verb("factory", "list", "--json")).length === 2, "the line did not make two units");
  check(/native images +qemu-mps2/.test(verb("doctor")), "doctor finds no native images");
  // A board with native firmware: its image comes with the package.
  const hasEmulator = spawnSync("qemu-system-arm", ["--version"]).status === 0;
  const relay = join(maker, "relay");
  run(maker, process.execPath, start, "relay", "--board", "qemu-mps2");
  run(relay, "npm", "install", "--silent", latchkey);
  run(relay, "npm", "run", "--silent", "test");
  const relayVerb = (...words) => run(relay, process.execPath, bin, ...words);
  relayVerb("keys", "new", "--product", "relay", "--keys", "keys");
  relayVerb("release", "make", "1");
  if (hasEmulator && !isWindows) relayVerb("factory", "make", "out/releases/relay-1.release", "--json");
  run(device, "git", "init", "-q");
  const seen = run(device, "git", "status", "--porcelain", "-uall");
  check(!/keys\/|out\/|node_modules/.test(seen), `git would keep what it should ignore:\n${seen}`);
  console.log("the package works for a maker");
} catch (error) {
  console.error(`latchkey: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(root, { recursive: true, force: true, maxRetries: 5 });
}
