/** By hand, and on real firmware. */
import { mendedApp } from "./mended-app.ts";

mendedApp("sim", "phone", "127.95.32");
mendedApp("qemu-mps2", "phone", "127.95.33");
mendedApp("qemu-mps2", "cloud", "127.95.34");
