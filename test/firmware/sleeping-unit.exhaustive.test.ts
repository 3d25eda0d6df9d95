/** Emulated firmware that sleeps, behind the real cloud. */
import { sleepCases } from "../apps/sleep-cases.ts";

sleepCases("qemu-mps2");
sleepCases("qemu-sf2");
