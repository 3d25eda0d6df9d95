/** SoftAP on native images: the radio line's access point, lwIP behind it, and a person at the portal. Needs chromium too. */
import { test } from "vitest";
import { softApJourney } from "../journeys/softap-journey.ts";

// They wait for the air most of the time, so one doesn't hold up the other.
test.concurrent.each([
  ["qemu-mps2", "127.94.9"],
  ["qemu-sf2", "127.94.10"],
] as const)("%s is brought home by its portal's page", async (board, net) => {
  await softApJourney(board, net);
});
