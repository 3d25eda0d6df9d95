/** The cloud on an IPv6 address, in the clear and under TLS: its own tools reach it by what it wrote down. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { startCloud } from "#cloud/cloud.ts";
import { operatorClient } from "#cloud/http/operator-client.ts";
import { certify } from "../tls/authority.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-host-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const authority = certify({ name: "Lamp authority", isAuthority: true });
const server = certify({ name: "cloud.lamp.example" }, authority);

it.each([
  ["http", {}],
  ["https", { tls: { key: Buffer.from(server.keyPem), cert: Buffer.from(server.certificatePem) } }],
])("answers by %s at ::1", async (scheme, more) => {
  const data = join(folder, scheme);
  const place = { data, keys: [], name: "latchkey", host: "::1", mqttPort: 0, httpPort: 0 };
  const cloud = await startCloud({ ...place, ...more, onFatal: () => undefined });
  try {
    const client = operatorClient({ data });
    expect(client.url).toBe(`${scheme}://[::1]:${cloud.httpPort}`);
    expect(await client.get("/v1/status")).toMatchObject({ devices: 0 });
  } finally {
    await cloud.close();
  }
});
