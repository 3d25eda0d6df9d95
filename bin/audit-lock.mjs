// `npm run audit:lock [FOLDER]`: holds package.json, package-lock.json and .npmrc against bin/lock-policy.json. Reads these files and
// asks nobody: no network. `--licenses` lists every package by its licence. Plain Node, no packages, so that it runs before `npm ci`.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const words = process.argv.slice(2);
const folder = words.find((word) => !word.startsWith("--")) ?? join(dirname(fileURLToPath(import.meta.url)), "..");
const wantsList = words.includes("--licenses");
const EXACT = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;
/** SHA-512 is 64 bytes: 86 digits of base64 and two of padding. */
const INTEGRITY = /^sha512-[A-Za-z0-9+/]{86}==$/;

/** Reads one of the files, or ends with the line that says what is wrong with it. */
function read(name, parse = JSON.parse) {
  try {
    return parse(readFileSync(join(folder, name), "utf8"));
  } catch (error) {
    console.error(
      `latchkey: ${join(folder, name)} can't be read (${error.code ?? error.message}); name the repository's folder`,
    );
    process.exit(1);
  }
}

const manifest = read("package.json");
const lock = read("package-lock.json");
const npmrc = read(".npmrc", (text) => text.split("\n"));
const policy = JSON.parse(readFileSync(new URL("lock-policy.json", import.meta.url), "utf8"));

/** Whether an SPDX expression of AND, OR and parentheses is satisfied by allowed licences alone. */
function isAllowed(expression, allowed) {
  const tokens = String(expression).match(/\(|\)|[^\s()]+/g) ?? [];
  let at = 0;
  const one = () => {
    if (tokens[at] === "(") {
      at++;
      const inner = either();
      if (tokens[at++] !== ")") return false;
      return inner;
    }
    return allowed.includes(tokens[at++]);
  };
  const both = () => {
    let all = one();
    while (tokens[at] === "AND") {
      at++;
      const next = one();
      all = all && next;
    }
    return all;
  };
  const either = () => {
    let any = both();
    while (tokens[at] === "OR") {
      at++;
      const next = both();
      any = any || next;
    }
    return any;
  };
  const isGood = either();
  return isGood && at === tokens.length;
}

const nameOf = (path) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);

/** Whether a name of the policy, which may end in "*", stands for this package. */
const covers = (each, name) => (each.endsWith("*") ? name.startsWith(each.slice(0, -1)) : name === each);

const faults = [];
for (const kind of ["dependencies", "devDependencies", "overrides", "optionalDependencies"]) {
  for (const [name, version] of Object.entries(manifest[kind] ?? {})) {
    if (!EXACT.test(version)) faults.push(`package.json: ${name} is "${version}" (expected an exact version); pin it`);
    if (kind === "overrides") continue;
    const locked = lock.packages?.[`node_modules/${name}`]?.version;
    if (locked !== version) {
      faults.push(
        `package-lock.json: ${name} is locked at ${locked ?? "nothing"} (expected ${version}); run: npm install`,
      );
    }
    if (lock.packages?.[""]?.[kind]?.[name] !== version)
      faults.push(`package-lock.json: its root does not pin ${name} at ${version}; run: npm install`);
  }
}
if (!(lock.lockfileVersion >= 3))
  faults.push(`package-lock.json: version ${lock.lockfileVersion} (expected 3); run: npm install`);
if (!npmrc.includes("ignore-scripts=true"))
  faults.push(".npmrc: ignore-scripts=true is missing, so packages could run code when they are installed");

const byLicense = new Map();
const entries = Object.entries(lock.packages ?? {}).filter(([path]) => path !== "");
for (const [path, entry] of entries) {
  const name = nameOf(path);
  const place = `package-lock.json: ${name} ${entry.version ?? ""}`.trim();
  if (!path.startsWith("node_modules/") || entry.link) {
    faults.push(`${place} is a link or a folder (expected a package of the registry)`);
    continue;
  }
  if (!EXACT.test(entry.version ?? "")) faults.push(`${place} has no exact version`);
  if (!INTEGRITY.test(entry.integrity ?? ""))
    faults.push(`${place} has no SHA-512 integrity; nothing would notice another content`);
  if (entry.resolved !== undefined)
    faults.push(
      `${place} names where it comes from (${entry.resolved.split("/").slice(0, 3).join("/")}/…); its integrity alone should say what it is`,
    );
  if (entry.hasInstallScript && policy.installScripts[name] === undefined)
    faults.push(
      `${place} runs a script when it is installed; choose another package, or give the reason in bin/lock-policy.json`,
    );
  const { license } = entry;
  const isExcepted = Object.entries(policy.exceptions).some(
    ([each, { license: known }]) => covers(each, name) && known === license,
  );
  if (!isAllowed(license, policy.licenses) && !isExcepted)
    faults.push(`${place} has the licence "${license ?? "none"}" (allowed: ${policy.licenses.join(", ")})`);
  byLicense.set(String(license), [...(byLicense.get(String(license)) ?? []), `${name}@${entry.version}`]);
}
for (const name of [...Object.keys(policy.exceptions), ...Object.keys(policy.installScripts)]) {
  if (folder !== words.find((word) => !word.startsWith("--")) && !entries.some(([path]) => covers(name, nameOf(path))))
    faults.push(`bin/lock-policy.json: nothing is called ${name} any more; take it out`);
}

if (wantsList)
  for (const [license, names] of [...byLicense].sort())
    console.log(`${license}: ${[...new Set(names)].sort().join(" ")}`);
for (const fault of faults) console.error(`latchkey: ${fault}`);
if (faults.length > 0) process.exitCode = 1;
else if (!wantsList) {
  const counts = [...byLicense].map(([license, { length }]) => `${license} ${length}`).sort();
  console.log(
    `${entries.length} packages: exact versions, SHA-512 each, no scripts at installation; ${counts.join(", ")}`,
  );
}
