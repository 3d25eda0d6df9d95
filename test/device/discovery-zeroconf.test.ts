/** The unit as another make's mDNS stack sees it. Needs python3-zeroconf, for the system's own Python (see test/system-packages.json). */
import { spawn } from "node:child_process";
import { expect, it } from "vitest";
import { loopbackSubnet } from "#cli/loopback-subnet.ts";
import { DEVICE, TCP_PORT, unitAt } from "./discovery-network.ts";

/** Browses as an app on a phone would, then resolves what it found. */
const BROWSER = `
import json, sys, time
from zeroconf import Zeroconf, ServiceBrowser, ServiceListener
found = []
class Listener(ServiceListener):
    def add_service(self, z, kind, name):
        info = z.get_service_info(kind, name, 60000)
        if info is not None:
            found.append({"name": name, "at": info.parsed_addresses(), "port": info.port, "host": info.server})
    def update_service(self, z, kind, name): pass
    def remove_service(self, z, kind, name): pass
z = Zeroconf(interfaces=["127.0.0.1"])
ServiceBrowser(z, "_latchkey._tcp.local.", Listener())
end = time.time() + 300
while time.time() < end and not any(each["name"].startswith(sys.argv[1]) for each in found):
    time.sleep(0.1)
print(json.dumps(found))
z.close()
`;

it("browses and resolves it", async () => {
  const ipv4 = `${await loopbackSubnet()}.9`;
  const unit = unitAt(ipv4);
  const browser = spawn("/usr/bin/python3", ["-c", BROWSER, DEVICE], { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let errors = "";
  browser.stdout.on("data", (bytes: Buffer) => {
    out += bytes.toString();
  });
  browser.stderr.on("data", (bytes: Buffer) => {
    errors += bytes.toString();
  });
  try {
    expect([await new Promise((resolve) => browser.once("close", resolve)), errors]).toEqual([0, ""]);
  } finally {
    unit.stop();
  }
  const ours = (JSON.parse(out) as { name: string }[]).find(({ name }) => name.startsWith(DEVICE));
  const name = `${DEVICE}._latchkey._tcp.local.`;
  expect(ours).toEqual({ name, at: [ipv4], port: TCP_PORT, host: `${DEVICE}.local.` });
});
