/** An app that goes wrong, on the simulated board. test/firmware/app-bounds.exhaustive.test.ts does the same on firmware. */
import { wildCases } from "../../apps/wild-cases.ts";

wildCases("sim");
