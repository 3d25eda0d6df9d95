/** The app's HTTPS client on real firmware, with mbedTLS. */
import { fetchCases } from "../apps/fetch-cases.ts";

fetchCases("qemu-mps2");
