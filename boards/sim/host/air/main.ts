/**
 * The simulated air as a process: real datagrams in, frame headers out to every unit that listens.
 * Started as `boards/sim/host/air/main.ts [--config FILE | --config - | --json TEXT] [--radio-port N]`. Prints one
 * JSON line when it is ready: {"radioPort": N, "ports": [...], "address": "..."}.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { AirConfigError, bssidOf, isSameSsid, parseAirConfig, ssidOf } from "./config.ts";
import { type DatagramHeader, openDatagrams } from "./datagrams.ts";
import { BROADCAST, createAir } from "./model.ts";
import { createRandomSource } from "./random-source.ts";
import { openUnitLine, type UnitLine } from "./unit-line.ts";

/** Air, ESP-TOUCH v1 and v2, AirKiss, Tuya; and TI's, which goes to the gateway alone. */
const BROADCAST_PORTS = [4755, 7001, 10000, 30011];
const GATEWAY_PORT = 15000;
const TICK_MS = 10;

function fail(line: string): never {
  process.stderr.write(`air: ${line}\n`);
  process.exit(1);
}

const { values } = parseArgs({
  options: { config: { type: "string" }, json: { type: "string" }, "radio-port": { type: "string", default: "0" } },
});

/** The configuration holds a passphrase, so that it may also come as one line of standard input. */
async function configText(): Promise<string> {
  if (values.config === undefined) return values.json ?? "{}";
  if (values.config !== "-") return readFileSync(values.config, "utf8");
  const lines = createInterface({ input: process.stdin });
  const [line] = (await once(lines, "line")) as [string];
  lines.close();
  process.stdin.destroy();
  return line;
}

try {
  const config = parseAirConfig(await configText());
  const random = createRandomSource(config.seed);
  const units = new Set<UnitLine>();
  let unitCount = 0;
  const server = createServer((socket) => {
    const unit = openUnitLine(socket, config, ++unitCount, createRandomSource(config.seed + unitCount));
    socket.setNoDelay(true);
    units.add(unit);
    socket.on("close", () => units.delete(unit));
  });
  server.listen(Number(values["radio-port"]), "127.0.0.1");
  await once(server, "listening");

  const startMs = performance.now();
  const nowUs = () => Math.floor((performance.now() - startMs) * 1000);
  const networks = config.networks.map((network) =>
    createAir(
      {
        bssid: bssidOf(network),
        channel: network.channel,
        cipher: network.cipher ?? (network.passphrase === "" ? "open" : "ccmp"),
        firstBeaconUs: random.below(102_400),
        hearsToDs: config.hearsToDs,
      },
      createRandomSource(config.seed ^ network.channel),
    ),
  );
  const home = ssidOf(config.networks[0] as (typeof config.networks)[0]);
  const relays = config.networks.map((network) => isSameSsid(network, home));
  const gateway = bssidOf(config.networks[0] as (typeof config.networks)[0]);
  const take = ({ port, fromAddress, fromPort, byteLength }: DatagramHeader) => {
    const [, b = 0, c = 0, d = 0] = fromAddress.split(".").map(Number);
    const sa = Uint8Array.of(0x02, b, c, d, fromPort >> 8, fromPort & 0xff);
    const isUp = port === GATEWAY_PORT;
    // Every access point of the phone's network relays broadcast; the phone's own frames go to the first alone.
    for (const [i, network] of networks.entries()) {
      if (i === 0 || (relays[i] === true && !isUp)) {
        network.send(nowUs(), { sa, da: isUp ? gateway : BROADCAST, byteLength });
      }
    }
  };
  const datagrams = await openDatagrams(config.address, [...BROADCAST_PORTS, GATEWAY_PORT], take);
  const timer = setInterval(() => {
    for (const network of networks) network.advance(nowUs(), (frame) => units.forEach((unit) => void unit.hear(frame)));
  }, TICK_MS);
  const stop = () => {
    clearInterval(timer);
    datagrams.close();
    server.close();
    process.exit(0);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  const { port } = server.address() as AddressInfo;
  const ready = { radioPort: port, ports: [...BROADCAST_PORTS, GATEWAY_PORT], address: config.address };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
} catch (error) {
  if (error instanceof AirConfigError) fail(`configuration: ${error.message}`);
  const { code, message, port } = error as NodeJS.ErrnoException & { port?: number };
  fail(code === "EADDRINUSE" ? `port ${port ?? ""} is in use; end the program that holds it` : message);
}
