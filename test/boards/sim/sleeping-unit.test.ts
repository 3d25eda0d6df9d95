/** A simulated unit that sleeps, behind the real cloud. */
import { sleepCases } from "../../apps/sleep-cases.ts";

sleepCases("sim");
