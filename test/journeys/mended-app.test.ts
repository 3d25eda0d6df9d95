import { loopbackSubnet } from "#cli/loopback-subnet.ts";
import { mendedApp } from "./mended-app.ts";

mendedApp("sim", "cloud", await loopbackSubnet());
