import { mendedApp } from "./mended-app.ts";

mendedApp("sim", "cloud", "127.95.31");
