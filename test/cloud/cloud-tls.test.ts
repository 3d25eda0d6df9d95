/** `latchkey cloud --tls-key --tls-cert`: both ports under TLS, its own tools, and a unit that the line made for it. */
import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer } from "node:tls";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toHex } from "#base/bytes.ts";
import { operatorClient } from "#cloud/http/operator-client.ts";
import type { Status } from "#cloud/status/status.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { DEVICE, SEED } from "../device/link/peers.ts";
import { certify } from "../tls/authority.ts";
import { startLinkedBoard } from "../tls/linked-board.ts";
import { type CloudProcess, startCloudProcess, testKeys, until } from "./broker/linked-unit.ts";

const NAME = "cloud.lamp.example";
const folder = mkdtempSync(join(tmpdir(), "latchkey-cloud-tls-"));
const data = join(folder, "data");
const authority = certify({ name: "Lamp authority", isAuthority: true });
const server = certify({ name: NAME }, authority);
const file = (name: string, text: string) => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), text, { mode: 0o600 });
  return join(folder, name);
};
const keyFile = file("server.key", server.keyPem);
const certFile = file("server.pem", server.certificatePem);
const caFile = file("ca.pem", authority.certificatePem);

let cloud: CloudProcess;

beforeAll(async () => {
  testKeys(join(folder, "keys"), "bench");
  const tls = ["--tls-key", keyFile, "--tls-cert", certFile];
  cloud = await startCloudProcess(["--data", data, "--keys", join(folder, "keys"), "--name", "broker.test", ...tls]);
});
afterAll(async () => {
  cloud?.child.kill("SIGTERM");
  await cloud?.ended;
  rmSync(folder, { recursive: true, force: true });
});

/** What a server on one of the cloud's ports proves to who trusts the authority and wants this name. */
function reach(port: number, options: object = {}): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, servername: NAME, ca: authority.certificatePem, ...options });
    socket.on("secureConnect", () => {
      resolve(`${socket.getProtocol()} ${socket.authorized}`);
      socket.destroy();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

describe("the cloud under TLS", () => {
  it("proves its name on both ports, in the version that units speak and the one that phones do", async () => {
    for (const port of [cloud.http, cloud.mqtt]) {
      expect(await reach(port)).toBe("TLSv1.3 true");
      const asUnits = { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-CHACHA20-POLY1305" };
      expect(await reach(port, asUnits)).toBe("TLSv1.2 true");
      expect(await reach(port, { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" })).toMatch(
        /PROTOCOL_VERSION/,
      );
    }
  });

  it("says nothing in the clear", async () => {
    for (const port of [cloud.http, cloud.mqtt]) {
      const heard = await new Promise<string>((resolve) => {
        const socket = connectTcp({ host: "127.0.0.1", port }, () => socket.write("GET /healthz HTTP/1.1\r\n\r\n"));
        let text = "";
        socket.on("data", (bytes) => {
          text += bytes.toString("latin1");
        });
        socket.on("error", () => undefined);
        socket.on("close", () => resolve(text));
      });
      expect(heard).not.toMatch(/HTTP/);
    }
  });

  it("is known to its own machine's tools by its certificate, and to others by its authority", async () => {
    expect((await operatorClient({ data }).get<Status>("/v1/status")).online).toBe(0);
    const elsewhere = { data, url: cloud.url, caFile };
    await expect(operatorClient(elsewhere).get("/v1/status")).rejects.toThrow(/doesn't answer \(.*altnames/);
    const answer = await new Promise<number>((resolve, reject) => {
      const ask = { host: "127.0.0.1", port: cloud.http, path: "/healthz", servername: NAME };
      request({ ...ask, ca: readFileSync(caFile) }, (incoming) => resolve(incoming.statusCode ?? 0))
        .on("error", reject)
        .end();
    });
    expect(answer).toBe(200);
  });

  it("gives its operator key to no other server that took its port", async () => {
    const fake = certify({ name: NAME }, authority);
    const asked: string[] = [];
    const thief = createServer({ key: fake.keyPem, cert: fake.certificatePem }, (socket) => {
      socket.on("error", () => undefined).on("data", (bytes) => asked.push(bytes.toString()));
    });
    await new Promise<void>((resolve) => thief.listen(0, "127.0.0.1", resolve));
    const running = JSON.parse(readFileSync(join(data, "running.json"), "utf8")) as object;
    const there = join(folder, "moved");
    mkdirSync(there);
    const url = `https://127.0.0.1:${(thief.address() as { port: number }).port}`;
    writeFileSync(join(there, "running.json"), JSON.stringify({ ...running, url }));
    writeFileSync(join(there, "operator.key"), readFileSync(join(data, "operator.key")), { mode: 0o600 });
    await expect(operatorClient({ data: there }).get("/v1/status")).rejects.toThrow(/another server's certificate/);
    expect(asked).toEqual([]);
    await new Promise((resolve) => thief.close(resolve));
  });

  it("links a unit that was given its authority, and none that was given another", async () => {
    const publicKey = toHex(nodePrimitives.ed25519PublicKey(SEED));
    const unit = { id: DEVICE, publicKey, product: "bench", hardware: 1, fleet: "lamp", lab: false };
    await operatorClient({ data }).post("/v1/devices", [unit]);
    const ports = { mqttPort: cloud.mqtt, httpPort: cloud.http };
    const stranger = certify({ name: "Lamp authority", isAuthority: true });
    const wrong = await startLinkedBoard("sim", { ...ports, pinned: [NAME, stranger.der] });
    await wrong.next(/^link: LINK_TLS_ISSUER in nonce/);
    await wrong.close();
    const right = await startLinkedBoard("sim", { ...ports, pinned: [NAME, authority.der] });
    try {
      await right.next(/^link: up/);
      await until("it is online", async () => (await operatorClient({ data }).get<Status>("/v1/status")).online === 1);
    } finally {
      await right.close();
    }
  });

  it("is reached from elsewhere by each verb that speaks with a cloud, by its address, key and authority", async () => {
    const local = certify({ name: "localhost" }, authority);
    const tls = ["--tls-key", file("local.key", local.keyPem), "--tls-cert", file("local.pem", local.certificatePem)];
    const there = join(folder, "there");
    const other = await startCloudProcess(["--data", there, "--keys", join(folder, "keys"), ...tls]);
    try {
      const place = ["--url", `https://localhost:${other.http}`, "--operator-key", join(there, "operator.key")];
      const run = async (...words: readonly string[]) =>
        (await promisify(execFile)(process.execPath, ["bin/latchkey.mjs", ...words, ...place, "--ca", caFile])).stdout;
      expect(await run("revocation", "status")).toBe("no revocations\n");
      expect(await run("release", "drafts", "--json")).toBe("[]\n");
      expect(JSON.parse(await run("cloud", "devices", "--json"))).toMatchObject({ devices: [] });
      expect(await run("cloud", "open")).toMatch(/^https:\/\/localhost:/);
      await expect(run("rollout", "status", "lamp-1")).rejects.toThrow(/no rollout lamp-1/);
    } finally {
      other.child.kill("SIGTERM");
      await other.ended;
    }
  });

  it("says in one line what is wrong with a key or a certificate", async () => {
    const large = certify({ name: NAME, curve: "P-384" }, authority);
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const other = file("other.key", privateKey.export({ type: "pkcs8", format: "pem" }).toString());
    const start = (key: string, cert: string) =>
      startCloudProcess(["--data", join(folder, "none"), "--tls-key", key, "--tls-cert", cert]);
    await expect(start(join(folder, "no.key"), certFile)).rejects.toThrow(
      /latchkey: .*no\.key can't be used \(ENOENT\)/,
    );
    await expect(start(certFile, certFile)).rejects.toThrow(/latchkey: --tls-key .* holds no private key/);
    await expect(start(keyFile, keyFile)).rejects.toThrow(/latchkey: --tls-cert .* holds no certificate/);
    await expect(start(other, certFile)).rejects.toThrow(/latchkey: --tls-cert .* over another key/);
    const [largeKey, largeCert] = [file("large.key", large.keyPem), file("large.pem", large.certificatePem)];
    await expect(start(largeKey, largeCert)).rejects.toThrow(/latchkey: --tls-cert .* not over a P-256 key/);
  });
});
