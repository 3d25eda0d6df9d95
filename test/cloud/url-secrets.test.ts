/** No error of the cloud or of its tools shows the user or password of a URL: every way that prints one is tried. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openBroker } from "#cloud/broker/open-broker.ts";
import { operatorClient } from "#cloud/http/operator-client.ts";
import { ensureSharedKey } from "#cloud/http/shared-key.ts";
import { openStore } from "#cloud/store/store.ts";

const PASSWORD = "hunter22";
const folder = mkdtempSync(join(tmpdir(), "latchkey-url-"));
const operatorKey = join(folder, "operator.key");
/** A closed port, and ports of servers that answer in their own way. */
const ports = { closed: 0, garbage: 0, refusing: 0, cut: 0 };
const servers: ReturnType<typeof createServer>[] = [];

async function serve(answer: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => answer(socket));
  }).listen(0, "127.0.0.1");
  servers.push(server);
  await new Promise((resolve) => server.once("listening", resolve));
  return (server.address() as AddressInfo).port;
}

/** PostgreSQL's ErrorResponse, which quotes what it was given: type, length, then fields that end with zero. */
function errorResponse(code: string, message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0C${code}\0M${message}\0\0`);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(fields.length + 4);
  return Buffer.concat([Buffer.from("E"), length, fields]);
}

beforeAll(async () => {
  ensureSharedKey(operatorKey);
  ports.garbage = await serve((socket) => socket.end("HTTP/1.1 400 no\r\n\r\n"));
  ports.refusing = await serve((socket) => socket.end(errorResponse("XX000", `no cloud:${PASSWORD} here`)));
  ports.cut = await serve((socket) => socket.destroy());
  const closed = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => closed.once("listening", resolve));
  ports.closed = (closed.address() as AddressInfo).port;
  await new Promise((resolve) => closed.close(resolve));
});

afterAll(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true, force: true });
});

const nothing = () => undefined;
const events = {
  ...{ message: async () => undefined, callerSaid: nothing, callerGone: nothing, online: nothing, offline: nothing },
  ...{ refused: nothing, log: (line: string) => void logged.push(line) },
};
const logged: string[] = [];
const broker = (url: string, hooks = false) =>
  openBroker(
    {
      ...{ name: "t", host: "127.0.0.1", mqttPort: 0, broker: url, nonceMs: () => 0 },
      ...(hooks ? { brokerHooks: { host: "127.0.0.1", port: 0 } } : {}),
      hooksKey: () => ({ key: "k", keyFile: "hooks.key" }),
    },
    {} as never,
    {} as never,
    events,
  );

const client = (url: string) => operatorClient({ data: folder, url, keyFile: operatorKey }).get("/v1/status");

const USERS = [
  `cloud:${PASSWORD}`,
  `cloud:${PASSWORD}/x`,
  `cloud:${PASSWORD}@x`,
  `cloud:${PASSWORD}?#x`,
  `:${PASSWORD}`,
];
const places = () => [
  ...Object.values(ports).map((port) => `127.0.0.1:${port}`),
  ...["nohost.invalid", "127.0.0.1:port", "127.0.0.1:99999", "[::1", ""],
];

it.each([
  ["a store", (user: string, place: string) => openStore(`postgres://${user}@${place}/units`)],
  ["a store in capitals", (user: string, place: string) => openStore(`POSTGRES://${user}@${place}/units`)],
  ["a store of another kind", (user: string, place: string) => openStore(`mysql://${user}@${place}/units`)],
  [
    "a store that is asked by query",
    (_: string, place: string) => openStore(`postgres://${place}/x?user=cloud&password=${PASSWORD}`),
  ],
  ["a broker", (user: string, place: string) => broker(`mqtt://${user}@${place}`)],
  ["a broker in capitals", (user: string, place: string) => broker(`MQTT://${user}@${place}`)],
  ["a broker under TLS", (user: string, place: string) => broker(`mqtts://${user}@${place}`)],
  ["a broker of another kind", (user: string, place: string) => broker(`gopher://${user}@${place}`)],
  ["a broker that asks", (user: string, place: string) => broker(`mqtt://${user}@${place}`, true)],
  ["a cloud elsewhere", (user: string, place: string) => client(`http://${user}@${place}`)],
  ["a cloud elsewhere under TLS", (user: string, place: string) => client(`https://${user}@${place}`)],
  ["a cloud elsewhere without a scheme", (user: string, place: string) => client(`${user}@${place}`)],
])("shows no password of %s", async (_, attempt) => {
  for (const user of USERS) {
    for (const place of places()) {
      const error = await (async () => attempt(user, place))().then(
        () => undefined,
        (thrown: unknown) => thrown as Error,
      );
      expect([user, place, error?.name]).toEqual([user, place, expect.stringMatching(/^(Store|Broker|Cloud)Trouble$/)]);
      const told = `${error?.message}${error?.stack}${JSON.stringify(error)}${String(error?.cause ?? "")}${logged.join("")}`;
      expect([user, place, told]).toEqual([user, place, expect.not.stringContaining(PASSWORD)]);
      expect(error?.message.split("\n")).toHaveLength(1);
    }
  }
});

it("makes no folder of a URL", () => {
  expect(readdirSync(folder)).toEqual(["operator.key"]);
  for (const scheme of ["postgres:", "POSTGRES:", "mysql:"]) expect(existsSync(scheme)).toBe(false);
});
