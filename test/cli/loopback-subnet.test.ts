/** Loopback addresses of a simulated home, also where the system has 127.0.0.1 alone. */
import { expect, test } from "vitest";
import { hasAddress } from "#base/host/loopback-subnet.ts";
import { loopbackSubnet } from "#cli/loopback-subnet.ts";

test("a home has a subnet of its own where all of 127/8 is there", async () => {
  const subnets = await Promise.all(Array.from({ length: 300 }, () => loopbackSubnet(async () => true)));
  expect(new Set(subnets).size).toBe(subnets.length);
  for (const subnet of subnets) expect(subnet).toMatch(/^127\.\d+\.\d+$/);
});

test("where addresses were added by hand, it uses those", async () => {
  const added = ["1", "2", "3", "4", "255"].map((host) => `127.20.0.${host}`);
  expect(await loopbackSubnet(async (address) => added.includes(address))).toBe("127.20.0");
});

test("where 127.0.0.1 is the only one, it says how to add them", async () => {
  const only = async (address: string) => address === "127.0.0.1";
  await expect(loopbackSubnet(only)).rejects.toThrow(
    /^this system lacks .* until the next restart: for n in 1 2 3 4 255; do sudo ifconfig lo0 alias 127\.20\.0\.\$n; done$/,
  );
});

test("an address that this machine does not have is seen", async () => {
  expect([await hasAddress("127.0.0.1"), await hasAddress("192.0.2.1")]).toEqual([true, false]);
});
