/** Writes the JSON Schema of flash.config.json beside the code: `npm run schema`. */
import { writeFileSync } from "node:fs";
import { flashConfigJsonSchema } from "./config.ts";

writeFileSync("src/factory/flash.config.schema.json", `${JSON.stringify(flashConfigJsonSchema(), null, 2)}\n`);
