/** By hand, where no cloud is: on the simulated board, and on firmware. */
import { mendedApp } from "./mended-app.ts";

mendedApp("sim", "phone", "127.95.32");
mendedApp("qemu-mps2", "phone", "127.95.33");
