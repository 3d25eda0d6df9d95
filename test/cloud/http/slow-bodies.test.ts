/** A long body over a slow line arrives; one that stalls, or that nobody has a right to send, is ended with a 408. */
import { subscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { serveHttp } from "#cloud/http/http.ts";
import { createHttpApp } from "#cloud/http/http-app.ts";
import { HttpRefusal, json, type Route } from "#cloud/http/route.ts";
import { until } from "../../progress.ts";

const LONG_BYTES = 17 * 1024 * 1024;
const CHUNK = Buffer.alloc(64 * 1024, 32);
/** The windows of time of every open request: the test lets them pass. */
const windows = new Set<() => void>();
const pass = () => {
  for (const look of [...windows]) look();
};

const route = (path: string, who: Route["who"], bodyBytesMax?: number): Route => ({
  method: "POST",
  path,
  summary: "takes bytes",
  who,
  body: "bytes",
  replies: { 200: z.object({ bytes: z.int() }) },
  ...(bodyBytesMax === undefined ? {} : { bodyBytesMax }),
  answer: ({ bytes }) => json({ bytes: bytes.length }),
});

let server: Awaited<ReturnType<typeof serveHttp>>;

beforeAll(async () => {
  const app = createHttpApp(
    [route("/long", "operator", 32 * 1024 * 1024), route("/short", "operator"), route("/device", "device")],
    {
      authorize(_, { headers }) {
        if (headers.get("authorization") !== "Bearer key") throw new HttpRefusal(401, "who are you?");
      },
      log: () => undefined,
    },
  );
  const every = (_: number, look: () => void) => {
    windows.add(look);
    return () => void windows.delete(look);
  };
  server = await serveHttp(app, { host: "127.0.0.1", port: 0, bodyLimits: { every } });
});
afterAll(() => server.close());

interface Request {
  readonly socket: Socket;
  readonly answer: () => string;
}

async function open(path: string, bytes: number, key = "key"): Promise<Request> {
  const socket = connect(server.port, "127.0.0.1");
  let answer = "";
  socket.on("error", () => undefined);
  socket.on("data", (data) => {
    answer += data.toString();
  });
  await once(socket, "connect");
  const before = windows.size;
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/octet-stream\r\nContent-Length: ${bytes}\r\n\r\n`,
  );
  await until("the request is seen", () => (windows.size > before ? true : undefined), 5);
  return { socket, answer: () => answer };
}

/** Sends bytes to the server. */
async function send({ socket }: Request, bytes: Buffer): Promise<void> {
  await new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
}

/** The server's end of each connection, by the port of ours. */
const served = new Map<number, Socket>();
subscribe("http.server.request.start", (message) => {
  const { socket } = message as { readonly socket: Socket };
  if (socket.remotePort !== undefined) served.set(socket.remotePort, socket);
});

/** Waits until the server, which is in this process, has read all that was sent, and has done what it does then. */
async function settled({ socket }: Request): Promise<void> {
  const readBytes = () => served.get(socket.localPort ?? 0)?.bytesRead ?? 0;
  await until("the server has read it", () => readBytes() >= socket.bytesWritten || undefined, 1);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

it("takes an enrolment of 17 MB whose parts come window after window", async () => {
  const request = await open("/long", LONG_BYTES);
  for (let sent = 0; sent < LONG_BYTES; sent += CHUNK.length) {
    await send(request, CHUNK.subarray(0, Math.min(CHUNK.length, LONG_BYTES - sent)));
    // Far more windows pass than a request of fixed time would have had: 16 of 30 s.
    if (sent % (16 * CHUNK.length) === 0) {
      await settled(request);
      pass();
    }
  }
  await until("its answer", () => (request.answer().includes(`"bytes":${LONG_BYTES}`) ? true : undefined), 5);
  request.socket.destroy();
});

it.each([
  ["a long body that stalls", "/long", LONG_BYTES, "key", 2],
  ["a long body that only drips", "/long", LONG_BYTES, "key", 2],
  ["a body of an ordinary route", "/short", 60_000, "key", 1],
  ["a body of a device", "/device", 60_000, "key", 1],
])("ends %s", async (what, path, bytes, key, most) => {
  const request = await open(path, bytes, key);
  const closed = once(request.socket, "close");
  await send(request, CHUNK.subarray(0, 40_000));
  await new Promise((resolve) => setTimeout(resolve, 20));
  for (let i = 0; i < most; i++) {
    pass();
    if (what.includes("drips")) await send(request, CHUNK.subarray(0, 100));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  pass();
  await closed;
  expect(request.answer()).toMatch(/^HTTP\/1\.1 408 /);
});

it("ends a stranger's long body, however well it gets on", async () => {
  const request = await open("/long", LONG_BYTES, "no key");
  const closed = once(request.socket, "close");
  await until("the refusal", () => (request.answer().includes("401") ? true : undefined), 5);
  await send(request, CHUNK);
  await new Promise((resolve) => setTimeout(resolve, 20));
  pass();
  await closed;
  expect(request.answer()).not.toContain('"bytes"');
});
