/** `latchkey firmware sbom` of the example, from its real bundle. */
import { expect, it } from "vitest";
import { runVerb } from "./run-verb.ts";

it("prints the list of the example's firmware", async () => {
  const { status, out } = await runVerb("firmware", "sbom", "--tls");
  const { components, specVersion } = JSON.parse(out) as { components: { name: string }[]; specVersion: string };
  expect([status, specVersion]).toEqual([0, "1.6"]);
  expect(components.map(({ name }) => name)).toEqual(["quickjs", "lwip", "libsodium", "mbedtls", "newlib", "libgcc"]);
});
