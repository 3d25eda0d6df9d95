/** The app platform in the engine of the simulated board. test/firmware/app-platform.exhaustive.test.ts does the same on firmware. */
import { platformCases } from "../../apps/platform-cases.ts";

platformCases("sim");
