/** The app's HTTPS client on the simulated board. */
import { fetchCases } from "../../apps/fetch-cases.ts";

fetchCases("sim");
