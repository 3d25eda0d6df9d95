/** The firmware's TLS on both emulated boards, against mosquitto and OpenSSL. Needs mosquitto (test/system-packages.json). */
import { describeLink } from "../tls/link-cases.ts";

describeLink("qemu-mps2", true);
describeLink("qemu-sf2", true);
