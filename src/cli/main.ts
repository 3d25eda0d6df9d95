/** The command line of the repository: what makers get, and what works on the sources. */
import { runCommandLine } from "./command-line.ts";
import { REPOSITORY_VERBS } from "./repository-verbs.ts";

await runCommandLine(REPOSITORY_VERBS);
