/** A whole unit on the simulated board, and a person at its portal. Needs chromium (see test/system-packages.json). */

import { test } from "vitest";
import { loopbackSubnet } from "#cli/loopback-subnet.ts";
import { softApJourney } from "./softap-journey.ts";

// The unit listens for a minute before it opens its access point.
test("nobody broadcasts, a browser's page brings the unit home, a session makes it stay", async () => {
  await softApJourney("sim", await loopbackSubnet());
});
