/** SoftAP on a native image: the radio line's access point, lwIP behind it, and a person at the portal. Needs chromium too. */
import { test } from "vitest";
import { softApJourney } from "../journeys/softap-journey.ts";

test("qemu-mps2 is brought home by its portal's page", async () => {
  await softApJourney("qemu-mps2", "127.94.9");
}, 400_000);
