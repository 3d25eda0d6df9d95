/** By hand. */
import { mendedApp } from "./mended-app.ts";

mendedApp("sim", "phone", "127.95.32");
