/** The deciding side as a process of its own, forked by air-judge.ts. */
import { createDecider, type ToDecider } from "./air-decider.ts";

const decide = createDecider((message) => void process.send?.(message));
process.on("message", (message) => decide(message as ToDecider));
process.on("disconnect", () => process.exit(0));
