/** The network's time on real firmware: a server that the maker named. What DHCP names is test/firmware/dhcp.exhaustive.test.ts. */
import { clockCases } from "../apps/clock-cases.ts";

clockCases("qemu-mps2", false);
