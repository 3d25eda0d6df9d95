/** An app that goes wrong, on the simulated board. Starts on firmware: test/firmware/app-bounds.exhaustive.test.ts. */
import { wildRun, wildStarts } from "../../apps/wild-cases.ts";

wildRun("sim");
wildStarts("sim");
