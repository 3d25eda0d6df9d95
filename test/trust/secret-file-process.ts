/** A process of its own that writes a secret's file: create|replace FILE SECRET. */
import { createSecretFile, replaceSecretFile } from "#trust/host/secret-file.ts";

const [how, path = "", secret = ""] = process.argv.slice(2);
if (how === "create") createSecretFile(path, secret);
else replaceSecretFile(path, secret);
