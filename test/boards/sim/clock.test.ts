/** The network's time on the simulated board. */
import { clockCases } from "../../apps/clock-cases.ts";

clockCases("sim", true);
clockCases("sim", false);
