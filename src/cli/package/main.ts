/** The command line of the published package. */
import { runCommandLine } from "../command-line.ts";
import { VERBS } from "../verbs.ts";

await runCommandLine(VERBS);
