/** Writes the C header of shared numbers: `npm run numbers`. */
import { writeNumbersHeader } from "./numbers.ts";

writeNumbersHeader();
