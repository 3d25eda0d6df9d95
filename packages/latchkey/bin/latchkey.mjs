#!/usr/bin/env node
// Runs the built command line in this very process. Its programs stand in the package's folder, where boards and sources are.
import module from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`latchkey: needs Node 20.19 or newer, this is ${process.versions.node}; install it and try again`);
  process.exit(1);
}
process.env.LATCHKEY_USER_FOLDER = process.cwd();
process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));
process.setSourceMapsEnabled(true);
module.enableCompileCache?.();
await import("../dist/src/cli/package/main.js");
