/** The guide's first example, word for word: the command line, curl, and a gateway that is killed in between. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { generateSync } from "otplib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { toHex } from "#base/bytes.ts";
import { type Child, startProgram } from "#boards/sim/host/child.ts";
import { remember } from "#phone/memory.ts";
import { holderSeed } from "#trust/grants/card-keys.ts";
import { issueGrant } from "#trust/grants/mint.ts";
import { nodePrimitives as primitives } from "#trust/host/node-primitives.ts";
import { seedSigner } from "#trust/signer.ts";
import { PROVISIONED } from "#wire/flash/stored-names.ts";
import { cardLink, labelLink, linkText } from "#wire/grants/card.ts";
import { LEVEL } from "#wire/grants/scope.ts";
import { runVerb } from "../cli/run-verb.ts";
import { id as deviceId, type GateServer, ownedUnit, seedOf, startGateServer } from "../phone/gate-server.ts";
import { until } from "../progress.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "latchkey-gateway-guide-"));
const at = (name: string) => join(folder, name);
const SECRET = new Uint8Array(16).fill(3);
const device = toHex(deviceId);
const onUnit = ["--label", labelLink("LAMPS.EXAMPLE", deviceId), "--memory", at("phone.json")];
const asOwner = [...onUnit, "--card", linkText(cardLink("LAMPS.EXAMPLE", deviceId, SECRET))];
let gateway: Child;
let unit: GateServer;
let [url, port] = ["", 0];

async function start(): Promise<void> {
  const words = ["gateway", "--data", at("data"), "--http-port", String(port), "--particle-compat"];
  gateway = startProgram("src/cli/main.ts", words);
  const ready = await new Promise<{ url: string; http: number }>((resolve, reject) => {
    gateway.onLine((line) => line.startsWith("{") && resolve(JSON.parse(line)));
    void gateway.exited.then(() => reject(new Error(gateway.errors())));
  });
  ({ url, http: port } = ready);
}

/** The guide's lines for curl, in order. */
const lines = [...readFileSync("docs/guide/gateway.md", "utf8").matchAll(/```sh curl\n([\s\S]*?)```/g)].flatMap(
  ([, text = ""]) => text.trim().split("\n"),
);
const names: Record<string, string> = { DEVICE: device, OTHER: "ff".repeat(12) };

/** Runs a line of the guide with what its capitals stand for. */
async function curl(
  line: string | undefined,
): Promise<{ status: number; body: Record<string, unknown> & { access_token: string } }> {
  const filled = (line ?? "").replace(/\b[A-Z]{3,}\b/g, (word) => ({ ...names, URL: url })[word] ?? word);
  const { stdout } = await run("sh", ["-c", `${filled} -w "\\n%{http_code}"`], { cwd: folder });
  const [body = "", status] = stdout.trim().split(/\n(?=\d+$)/);
  return { status: Number(status), body: JSON.parse(body) };
}

beforeAll(async () => {
  const stored = ownedUnit();
  const issuer = { ...seedSigner(primitives, seedOf(101)), kid: Uint8Array.of(1) };
  const holder = primitives.ed25519PublicKey(holderSeed(primitives, SECRET, deviceId));
  const claims = {
    audience: { kind: "device", id: deviceId },
    issuedAtS: 1_795_435_200,
    cti: primitives.random(8),
  } as const;
  stored.set(
    PROVISIONED.ownerGrant,
    issueGrant(issuer, { ...claims, holder, scope: LEVEL.noFlash, epoch: 0, caveats: [] }),
  );
  unit = await startGateServer(stored);
  remember(at("phone.json"), device, { host: "127.0.0.1", port: unit.port, lastCounter: 0 });
  writeFileSync(at("password.txt"), "correct horse battery", { mode: 0o600 });
  writeFileSync(at("lamp.release"), "a release");
  await start();
});
afterAll(async () => {
  await gateway.stop();
  unit.close();
  rmSync(folder, { recursive: true, force: true });
});

it("goes from nothing to a call, a refusal and a refresh, and outlives kill -9", async () => {
  const data = ["--data", at("data")];
  const added = await runVerb(
    "gateway",
    "account",
    "add",
    "ann",
    "--role",
    "admin",
    "--password-file",
    at("password.txt"),
    "--json",
    ...data,
  );
  expect([added.status, added.trouble]).toEqual([0, ""]);
  const { secret } = JSON.parse(added.out) as { secret: string };
  expect((await runVerb("gateway", "invite", "--out", at("gateway.link"), ...data)).status).toBe(0);
  expect(statSync(at("gateway.link")).mode & 0o777).toBe(0o600);
  const shared = await runVerb("phone", "share", "--to-gateway", at("gateway.link"), "--unlimited", ...asOwner);
  expect([shared.out, shared.trouble]).toEqual([
    expect.stringMatching(/for gateway: every function.*reached the unit with it/),
    "",
  ]);
  const again = await runVerb(
    "phone",
    "share",
    "--to-gateway",
    at("gateway.link"),
    "--unlimited",
    "--name",
    "twice",
    ...asOwner,
  );
  expect(again.trouble).toMatch(/this code was used.*phone revoke "twice"/);

  names.CODE = generateSync({ secret });
  const [login, call, read, put, other, refresh] = lines;
  const tokens = (await curl(login)).body;
  [names.ACCESS, names.REFRESH] = [tokens.access_token, String(tokens.refresh_token)];
  expect(await curl(call)).toMatchObject({ status: 200, body: { return_value: 0, result: "done" } });
  expect(await curl(read)).toMatchObject({ status: 200, body: { result: 512 } });
  expect((await curl(put)).status).toBe(403);
  expect((await curl(other)).status).toBe(403);
  await until("the end of the token", async () => ((await curl(read)).status === 401 ? true : undefined));

  await gateway.kill();
  await start();
  const next = await curl(refresh);
  expect(next.status).toBe(200);
  [names.ACCESS] = [next.body.access_token];
  expect((await curl(read)).status).toBe(200);
  await gateway.kill();
  await start();
  expect((await curl(read)).status).toBe(200);
  expect(await curl(refresh)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  await gateway.kill();
  await start();
  expect((await curl(read)).status).toBe(401);

  for (const name of readdirSync(at("data"))) {
    const text = readFileSync(join(at("data"), name), "latin1");
    expect(
      [tokens.access_token, names.REFRESH, "horse"].some((word) => text.includes(word)),
      name,
    ).toBe(false);
  }
  expect(statSync(join(at("data"), "gateway.key")).mode & 0o777).toBe(0o600);
});

it("ends with the key that the owner revokes", async () => {
  const revoked = await runVerb("phone", "revoke", "gateway", ...asOwner);
  expect(revoked.out).toMatch(/is revoked: the unit says so/);
  const journal = await runVerb("gateway", "journal", "--json", "--data", at("data"));
  const { entries, changed } = JSON.parse(journal.out) as {
    entries: { what: string; who: string }[];
    changed: number[];
  };
  expect([entries.some(({ what, who }) => what === "call setLamp" && who === "ann"), changed]).toEqual([true, []]);
  expect(existsSync(at("gateway.link"))).toBe(true);
});
