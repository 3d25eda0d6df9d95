/** The network of a development unit: the far end of its radio line, with one Wi-Fi network that can be switched off. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createRandomSource } from "#boards/sim/host/air/random-source.ts";
import { openUnitLine } from "#boards/sim/host/air/unit-line.ts";
import { encodeRadioReport } from "#wire/lines/radio-line.ts";

/** The unit is the only one there. */
const UNIT = 1;

interface DevAir {
  /** HOST:PORT of the radio line. */
  readonly radio: string;
  /** The unit's address while it is on the network. */
  readonly address: string;
  switchNetwork(isOn: boolean): void;
  close(): void;
}

/** @param subnet First three numbers of the unit's address. */
export async function openDevAir(
  subnet: string,
  { ssid, passphrase }: { readonly ssid: string; readonly passphrase: string },
): Promise<DevAir> {
  const network = { ssid, passphrase, bssid: "a0b1c2d3e4f5", channel: 6 };
  // The unit's line reads the list at each scan and each join.
  const networks = [network];
  const config = { networks, seed: 1, loss: { rate: 0 }, address: `${subnet}.255`, subnet, hearsToDs: false };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    openUnitLine(socket, config, UNIT, createRandomSource(1));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    radio: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    address: `${subnet}.${UNIT}`,
    switchNetwork(isOn) {
      if (isOn === networks.length > 0) return;
      if (isOn) networks.push(network);
      else {
        networks.length = 0;
        for (const socket of sockets) socket.write(encodeRadioReport({ kind: "radio-left" }));
      }
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
