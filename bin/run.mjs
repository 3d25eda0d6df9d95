// `node bin/run.mjs PROGRAM.ts [ARGUMENTS]`: runs a program of bin/programs.json as built JavaScript, in this very process.
import { setUp } from "./setup.mjs";

setUp();
process.setSourceMapsEnabled(true);
const { builtUrl } = await import("./built.mjs");
const [path] = process.argv.splice(2, 1);
let url;
try {
  url = builtUrl(path);
} catch (error) {
  console.error(`latchkey: the sources can't be built: ${error.message.split("\n")[0]}; mend that and try again`);
  process.exit(1);
}
await import(url);
