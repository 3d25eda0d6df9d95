/** What an app's `fetch` makes of a real HTTPS server, and of servers that are not what they should be. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readBoard } from "#boards/sim/host/board.ts";
import { buildCheckedBundle } from "#cli/checked-bundle.ts";
import { call } from "#phone/call.ts";
import { startAttackedUnit } from "../attacks/attacked-unit.ts";
import { BROKER, DEVICE, startMosquitto, startNonceServer } from "../device/link/peers.ts";
import { until } from "../progress.ts";
import { type Certified, certify } from "../tls/authority.ts";

const NAME = "api.lamp.test";
/** When the unit's bundle says that it was built: the present is not before. */
const BUILT_S = 1_790_000_000;

async function serve(certified: Certified) {
  const heard: string[] = [];
  const server = createServer({ key: certified.keyPem, cert: certified.certificatePem }, (request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += String(chunk);
    });
    request.on("end", () => {
      heard.push(`${request.method} ${request.url} ${request.headers.authorization ?? "-"} ${body}`);
      const json = { "Content-Type": "application/json" };
      if (request.url === "/ok") return void response.writeHead(200, { "Content-Type": "text/plain" }).end("grüß Gott");
      if (request.url === "/tell") return void response.writeHead(200, json).end('{"degrees":-7}');
      if (request.url === "/chunks") {
        response.writeHead(404, { "Content-Type": "text/plain" });
        response.write("in ");
        setTimeout(() => response.end("pieces"), 50);
      } else if (request.url === "/elsewhere") response.writeHead(302, { Location: "https://other.test/" }).end();
      else if (request.url === "/most") response.writeHead(200).end(`from${"m".repeat(16_376)}upto`);
      else if (request.url === "/large") response.writeHead(200, { "Content-Length": 16_385 }).end("x".repeat(16_385));
      else if (request.url === "/endless") {
        response.writeHead(200);
        const timer = setInterval(() => response.write("y".repeat(1_000)), 10);
        response.on("close", () => clearInterval(timer));
      } else if (request.url === "/cut") {
        response.writeHead(200, { "Content-Length": 10 });
        response.write("half", () => request.socket.destroy());
      }
      // What is left is silent.
    });
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return {
    heard,
    port: (server.address() as AddressInfo).port,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** What the unit has a link with meanwhile, under TLS. */
async function startCloud(certified: Certified) {
  const tls = { key: certified.keyPem, cert: certified.certificatePem };
  const broker = await startMosquitto(tls);
  const nonces = await startNonceServer({ tls, register: (password) => broker.allow(DEVICE, password) });
  return {
    mqttPort: broker.tlsPort,
    httpPort: nonces.port,
    async stop() {
      await nonces.stop();
      await broker.stop();
    },
  };
}

export function fetchCases(board: string): void {
  test(`${board}: an app asks an HTTPS server, and each that is wrong gives one plain error`, async () => {
    const authority = certify({ name: "authority", isAuthority: true });
    const stranger = certify({ name: "stranger", isAuthority: true });
    const good = await serve(certify({ name: NAME }, authority));
    const bad = await serve(certify({ name: NAME }, stranger));
    const old = await serve(certify({ name: NAME, notBeforeS: BUILT_S - 1_000, notAfterS: BUILT_S - 1 }, authority));
    const ca = join(mkdtempSync(join(tmpdir(), "latchkey-fetch-")), "ca.pem");
    writeFileSync(ca, authority.certificatePem);
    const product = { app: "test/apps/fetch-app.ts", board, onboarding: { legacy: [], softAp: false }, fetch: { ca } };
    const { bytes: bundle } = await buildCheckedBundle(product, readBoard(board), {
      ...{ release: "test", atS: BUILT_S },
    });
    const cloud = await startCloud(certify({ name: BROKER }, authority));
    const pinned = [BROKER, authority.der] as const;
    const unit = await startAttackedUnit(board, {
      bundle,
      tls: true,
      pinned,
      mqttPort: cloud.mqttPort,
      httpPort: cloud.httpPort,
    });
    try {
      await until("the link", async () => unit.board.said.some((line) => line.startsWith("link: up")) || undefined);
      const linkLines = () => unit.board.said.filter((line) => line.startsWith("link: "));
      const before = linkLines();
      const owner = await until("a session", async () => {
        const opened = await unit.session(3);
        return opened.ok ? opened.value : undefined;
      });
      const ask = async (port: number, path: string, server = NAME) => {
        const said = await call(owner, "ask", { port, path, server });
        return said.ok ? said.value : said.fault;
      };
      expect(await ask(good.port, "/ok")).toBe("200 text/plain grüß Gott");
      expect(await ask(good.port, "/chunks")).toBe("404 text/plain in pieces");
      expect(await call(owner, "tell", { port: good.port, server: NAME })).toEqual({ ok: true, value: -7 });
      expect(good.heard).toEqual(["GET /ok - ", "GET /chunks - ", 'POST /tell Bearer key {"unit":1}']);
      expect(await ask(bad.port, "/ok")).toBe("fetch: 127.0.0.1 shows a certificate of no authority in fetch.ca");
      expect(await ask(good.port, "/ok", "other.test")).toBe("fetch: 127.0.0.1 shows a certificate for another name");
      expect(bad.heard).toEqual([]);
      expect(await ask(good.port, "/elsewhere")).toBe(
        "fetch: 127.0.0.1 sends you to https://other.test/ (302): fetch that instead",
      );
      expect(await ask(old.port, "/ok")).toBe("fetch: 127.0.0.1 shows a certificate that is over, or not valid yet");
      expect(old.heard).toEqual([]);
      const most = await call(owner, "size", { port: good.port, path: "/most", server: NAME });
      expect(most.ok && most.value).toMatch(/^16384 from from to upto$/);
      expect(await ask(good.port, "/large")).toBe(
        "fetch: 127.0.0.1 answers with 16385 bytes or more (a unit takes 16384)",
      );
      expect(await ask(good.port, "/endless")).toMatch(/^fetch: 127\.0\.0\.1 answers with /);
      // QEMU's own network does not pass every broken connection on: then time ends it.
      expect(await ask(good.port, "/cut")).toMatch(
        /^fetch: 127\.0\.0\.1 (ended the connection in the middle of its answer|did not answer within 9 s)$/,
      );
      expect(await ask(good.port, "/cr\r\nX: y")).toMatch(/^fetch: "https:.*" \(expected https:\/\/HOST\/PATH/s);
      expect(await call(owner, "twice", { port: good.port, server: NAME })).toEqual({
        ok: true,
        value: "200 fetch: another request is under way: await it first",
      });
      expect(await ask(good.port, "/silence")).toBe("fetch: 127.0.0.1 did not answer within 9 s");
      expect(await ask(good.port, "/ok")).toBe("200 text/plain grüß Gott");
      // The link to the cloud was under TLS all the while, and is still the same one.
      expect(linkLines()).toEqual(before);
      await owner.close();
    } finally {
      await unit.stop();
      for (const server of [good, bad, old]) server.close();
      await cloud.stop();
    }
  });
}
