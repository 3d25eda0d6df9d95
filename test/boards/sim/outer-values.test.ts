/** The simulated board's stand-ins for native functions, on a network: no value from outside the unit makes one throw. */
import { createServer, type Server } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { OUTER_VALUES } from "#boards/port-contract/outer-values.ts";
import { type Network, openNetwork } from "#boards/sim/host/network.ts";
import { openRadioLine } from "#boards/sim/host/radio.ts";
import type { Port, PortEvent } from "#device/port.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { until } from "../../progress.ts";

const ADDRESS = `127.78.${process.pid % 250}.9`;
const events: PortEvent[] = [];
let air: Server;
let network: Network;
let line: ReturnType<typeof openRadioLine>;
let port: Pick<Port, "tcp" | "udp" | "radio" | "crypto">;

beforeAll(async () => {
  air = createServer((socket) => socket.on("error", () => undefined));
  await new Promise<void>((resolve) => air.listen(0, "127.0.0.1", resolve));
  const emit = (event: PortEvent) => void events.push(event);
  line = openRadioLine("127.0.0.1", (air.address() as { port: number }).port, emit, () => undefined);
  network = openNetwork("127.255.255.255", emit, () => undefined);
  network.setAddress(ADDRESS);
  port = { tcp: network.tcp, udp: network.udp, radio: line.radio, crypto: nodePrimitives };
});
afterAll(() => {
  network?.shut();
  line?.close();
  air?.close();
});

it.each(OUTER_VALUES)("nothing is thrown by %s", (_name, use) => {
  expect(() => use(port as Port)).not.toThrow();
});

it("a join that no network can grant is refused, as by a network", async () => {
  events.length = 0;
  line.radio.join(new Uint8Array(4), new Uint8Array(65));
  await until("it is refused", () => events.some(({ kind }) => kind === "radio-join-failed") || undefined);
});

it("whoever can be reached still is", async () => {
  events.length = 0;
  const connection = network.tcp.connect("127.0.0.1", (air.address() as { port: number }).port);
  await until("it is connected", () => events.some(({ kind }) => kind === "tcp-connected") || undefined);
  expect(events).toContainEqual({ kind: "tcp-connected", connection });
});
