/** The app platform on real firmware: what test/boards/sim/app-platform.test.ts asks of the simulated board. */
import { platformCases } from "../apps/platform-cases.ts";

platformCases("qemu-mps2");
platformCases("qemu-sf2");
