/** Prints every phrase of plain-words.ts in the repository, and fails where there is one: `npm run words`. */
import { phrasesInRepository } from "./plain-words.ts";

const found = phrasesInRepository();
for (const message of found) console.error(message);
process.exitCode = found.length === 0 ? 0 : 1;
