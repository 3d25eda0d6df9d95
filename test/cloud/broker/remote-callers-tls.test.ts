/** Remote callers, to a cloud whose two ports speak TLS under the maker's own authority. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { operatorClient } from "#cloud/http/operator-client.ts";
import { addGrantIssuer } from "#cloud/issuer/grant-issuers.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { chainOf, issueGrant } from "#trust/grants/mint.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { LEVEL } from "#wire/grants/scope.ts";
import { certify } from "../../tls/authority.ts";
import { enrolmentOf, type HomeUnit, issuer, seedOf, wayTo } from "./home-unit.ts";
import { type CloudProcess, startCloudProcess, testKeys } from "./linked-unit.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-remote-tls-"));
const authority = certify({ name: "The maker", isAuthority: true });
const stranger = certify({ name: "Somebody else", isAuthority: true });
const server = certify({ name: "cloud.test" }, authority);
const publicKey = primitives.ed25519PublicKey(seedOf(50));
const id = deviceIdOf(primitives, publicKey);
const ownerSeed = seedOf(7);
const grant = issueGrant(issuer, {
  ...{ audience: { kind: "device", id }, issuedAtS: 1_795_435_200, cti: seedOf(1).slice(0, 8), epoch: 0, caveats: [] },
  holder: primitives.ed25519PublicKey(ownerSeed),
  scope: LEVEL.noFlash,
});
const unit = { id, publicKey, owner: { seed: ownerSeed, chain: chainOf(grant) } } as unknown as HomeUnit;
let cloud: CloudProcess;

beforeAll(async () => {
  const [data, keys] = [join(folder, "data"), join(folder, "keys")];
  testKeys(keys, "lamp");
  addGrantIssuer(keys, 1, issuer.publicKey);
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  writeFileSync(key, server.keyPem, { mode: 0o600 });
  writeFileSync(certificate, server.certificatePem);
  cloud = await startCloudProcess(["--data", data, "--keys", keys, "--tls-key", key, "--tls-cert", certificate]);
  await operatorClient({ data }).post("/v1/devices", [enrolmentOf(unit)]);
});

afterAll(async () => {
  cloud?.child.kill("SIGTERM");
  await cloud?.ended;
  rmSync(folder, { recursive: true, force: true });
});

it("are let in under the maker's authority and the server's name, and under nothing else", async () => {
  const at = { host: "127.0.0.1", mqttPort: cloud.mqtt, httpPort: cloud.http, broker: "latchkey" };
  const way = async (tls?: { ca?: string; servername?: string }) => {
    const opened = await wayTo(unit, at, tls === undefined ? {} : { tls });
    if (opened.ok) await opened.value.close();
    return opened.ok ? "let in" : opened.fault;
  };
  const servername = "cloud.test";
  expect(await way({ ca: authority.certificatePem, servername })).toBe("let in");
  expect(await way({ ca: stranger.certificatePem, servername })).toBe("SESSION_UNREACHABLE");
  expect(await way({ ca: authority.certificatePem, servername: "other.test" })).toBe("SESSION_UNREACHABLE");
  expect(await way({ servername })).toBe("SESSION_UNREACHABLE");
  expect(await way()).toBe("SESSION_UNREACHABLE");
});
