#!/usr/bin/env node
// `npm create latchkey`: starts a device's repository, as `latchkey new` does.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const folder = dirname(createRequire(import.meta.url).resolve("latchkey/package.json"));
const words = [join(folder, "bin/latchkey.mjs"), "new", ...process.argv.slice(2)];
process.exitCode = spawnSync(process.execPath, words, { stdio: "inherit" }).status ?? 1;
