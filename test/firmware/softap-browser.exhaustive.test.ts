/** SoftAP on native images: the radio line's access point, lwIP behind it, and a person at the portal. Needs chromium too. */

import { test } from "vitest";
import { loopbackSubnet } from "#cli/loopback-subnet.ts";
import { softApJourney } from "../journeys/softap-journey.ts";

// They wait for the air most of the time, so one doesn't hold up the other.
test.concurrent.each([
  ["qemu-mps2", await loopbackSubnet()],
  ["qemu-sf2", await loopbackSubnet()],
] as const)("%s is brought home by its portal's page", async (board, net) => {
  await softApJourney(board, net);
});
