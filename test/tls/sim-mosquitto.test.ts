/** The simulated board's link under TLS: the same promises by node:tls. Needs mosquitto (test/system-packages.json). */
import { describeLink } from "./link-cases.ts";

describeLink("sim", false);
