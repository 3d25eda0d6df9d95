/** By hand, where no cloud is: on the simulated board, and on firmware. */
import { loopbackSubnet } from "#cli/loopback-subnet.ts";
import { mendedApp } from "./mended-app.ts";

mendedApp("sim", "phone", await loopbackSubnet());
mendedApp("qemu-mps2", "phone", await loopbackSubnet());
