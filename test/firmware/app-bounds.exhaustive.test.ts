/** An app that goes wrong, on real firmware: what test/boards/sim/app-bounds.test.ts asks of the simulated board. */
import { wildCases } from "../apps/wild-cases.ts";

wildCases("qemu-mps2");
