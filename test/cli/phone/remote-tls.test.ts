/** A cloud under TLS is reached by what the unit told at home, with no file and no option: real processes, real certificates. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { toHex } from "#base/bytes.ts";
import { learnUnit, openUnitSession } from "#cli/phone/unit.ts";
import { operatorClient } from "#cloud/http/operator-client.ts";
import { addGrantIssuer } from "#cloud/issuer/grant-issuers.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { readAuthorities } from "#factory/authorities.ts";
import { type Known, recall, remember } from "#phone/memory.ts";
import { holderSeed } from "#trust/grants/card-keys.ts";
import { issueGrant } from "#trust/grants/mint.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { PROVISIONED } from "#wire/flash/stored-names.ts";
import { cardLink, labelLink, linkText } from "#wire/grants/card.ts";
import { LEVEL } from "#wire/grants/scope.ts";
import { enrolmentOf, type HomeUnit, issuer } from "../../cloud/broker/home-unit.ts";
import { type CloudProcess, startCloudProcess, testKeys } from "../../cloud/broker/linked-unit.ts";
import { type GateServer, id, ownedUnit, startGateServer, unitKey } from "../../phone/gate-server.ts";
import { certify } from "../../tls/authority.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-phone-tls-"));
const file = (name: string) => join(folder, name);
const SECRET = new Uint8Array(16).fill(3);
const authorities = [
  certify({ name: "The maker", isAuthority: true }),
  certify({ name: "The maker's spare", isAuthority: true }),
];
const stranger = certify({ name: "Somebody else", isAuthority: true });
const memory = file("phone.json");
const phone = { label: labelLink("LAMPS.EXAMPLE", id), card: linkText(cardLink("LAMPS.EXAMPLE", id, SECRET)), memory };
let cloud: CloudProcess;
const units: GateServer[] = [];

/** A unit at home that was told of the cloud, and of whom to believe there. */
async function unitThatBelieves(
  pems: readonly string[],
  serverName: string,
  ports = [cloud.mqtt, cloud.http],
): Promise<void> {
  writeFileSync(file("ca.pem"), pems.join(""));
  const stored = ownedUnit();
  const audience = { kind: "device", id } as const;
  const holder = primitives.ed25519PublicKey(holderSeed(primitives, SECRET, id));
  const claims = { audience, issuedAtS: 1_795_435_200, cti: primitives.random(8), holder, epoch: 0, caveats: [] };
  stored.set(PROVISIONED.ownerGrant, issueGrant(issuer, { ...claims, scope: LEVEL.noFlash }));
  stored.set(PROVISIONED.cloud, encodeCbor(["127.0.0.1", ...ports, "latchkey"]));
  stored.set(PROVISIONED.cloudTls, encodeCbor([serverName, readAuthorities(file("ca.pem"))]));
  const unit = await startGateServer(stored);
  units.push(unit);
  remember(memory, toHex(id), { host: "127.0.0.1", port: unit.port, lastCounter: 0 });
  await learnUnit(phone);
}

/** The unit itself has no link here: whoever hears that was let in by the cloud. */
const away = (more: object = {}) => openUnitSession({ ...phone, remote: true, ...more });
const LET_IN = /the unit has no link to its cloud now/;
const NOT_BELIEVED = /the unit's cloud can't be reached \(SESSION_UNREACHABLE\)/;

beforeAll(async () => {
  const [data, keys] = [file("data"), file("keys")];
  testKeys(keys, "lamp");
  addGrantIssuer(keys, 1, issuer.publicKey);
  const server = certify({ name: "cloud.test" }, authorities[1]);
  writeFileSync(file("key.pem"), server.keyPem, { mode: 0o600 });
  writeFileSync(file("cert.pem"), server.certificatePem);
  const tls = ["--tls-key", file("key.pem"), "--tls-cert", file("cert.pem")];
  cloud = await startCloudProcess(["--data", data, "--keys", keys, ...tls]);
  const known = { id, publicKey: unitKey } as unknown as HomeUnit;
  await operatorClient({ data }).post("/v1/devices", [enrolmentOf(known)]);
});

afterAll(async () => {
  for (const unit of units) unit.close();
  cloud?.child.kill("SIGTERM");
  await cloud?.ended;
  rmSync(folder, { recursive: true, force: true });
});

it("by each authority that the unit believes, under the name that it expects", async () => {
  await unitThatBelieves(
    authorities.map(({ certificatePem }) => certificatePem),
    "cloud.test",
  );
  await expect(away()).rejects.toThrow(LET_IN);
  const { cloudTls: _, ...rest } = recall(memory, toHex(id)) as Known;
  remember(memory, toHex(id), rest);
  await expect(away()).rejects.toThrow(NOT_BELIEVED);
  writeFileSync(file("given.pem"), authorities[1]?.certificatePem ?? "");
  await expect(away({ cloudCa: file("given.pem"), cloudServer: "cloud.test" })).rejects.toThrow(LET_IN);
});

it("and by no other authority, and under no other name", async () => {
  await unitThatBelieves([stranger.certificatePem], "cloud.test");
  await expect(away()).rejects.toThrow(NOT_BELIEVED);
  await unitThatBelieves(
    authorities.map(({ certificatePem }) => certificatePem),
    "other.test",
  );
  await expect(away()).rejects.toThrow(NOT_BELIEVED);
  await expect(away({ cloudServer: "cloud.test" })).rejects.toThrow(LET_IN);
  expect(readFileSync(memory, "utf8")).not.toContain(toHex(SECRET));
});

it("and not in the clear where it can't be read whom to believe", async () => {
  await unitThatBelieves([stranger.certificatePem], "cloud.test");
  const known = recall(memory, toHex(id)) as Known;
  for (const cloudTls of ["", "f6", "8163612e62", "ff", "8261614100", "82616140", "8261614430020500"]) {
    remember(memory, toHex(id), { ...known, cloudTls });
    await expect(away()).rejects.toThrow(/cloud's TLS can't be read; name the authority with --cloud-ca/);
  }
});

it("and nowhere at all where the unit names ports that are none", async () => {
  await unitThatBelieves([stranger.certificatePem], "cloud.test", [70_000, -1]);
  expect(recall(memory, toHex(id))?.cloud).toBeNull();
});
