/** One unit's radio: its end of the radio line, the channel it hears, the frames it misses, the network it is on. */
import type { Socket } from "node:net";
import type { Frame } from "#wire/air/frame.ts";
import { lineFrameReader } from "#wire/lines/line-frame.ts";
import { decodeRadioCommand, encodeRadioReport, type RadioCommand, type RadioReport } from "#wire/lines/radio-line.ts";
import { type AirConfig, bssidOf, isSameSsid, ssidOf } from "./config.ts";
import { createLoss } from "./loss.ts";
import type { RandomSource } from "./random-source.ts";

/** Scanning and joining take a moment, as they do on a chip. */
const SCAN_MS = 120;
const JOIN_MS = 60;
/** The last channel of 2.4 GHz in a country where it is not 13, as Linux's wireless-regdb has it. */
const LAST_CHANNELS: Readonly<Record<string, number>> = { CA: 11, JP: 14, TW: 11, US: 11 };
const [LAST_CHANNEL, LAST_OF_ALL] = [13, 14];
const FIRST_OF_5_GHZ = 36;

export interface UnitLine {
  hear(frame: Frame): void;
}

/** @param number Counts units from 1; gives the unit its MAC and its address. */
export function openUnitLine(socket: Socket, config: AirConfig, number: number, random: RandomSource): UnitLine {
  const misses = createLoss(config.loss, random);
  const mac = Uint8Array.of(0x02, 0x4c, 0x4b, 0, number >> 8, number & 0xff);
  const read = lineFrameReader();
  let channel = 0;
  let lastChannel = LAST_OF_ALL;
  const isAllowed = (wanted: number) => wanted <= lastChannel || wanted >= FIRST_OF_5_GHZ;
  const say = (report: RadioReport) => void (socket.destroyed || socket.write(encodeRadioReport(report)));
  const later = (ms: number, report: RadioReport) => void setTimeout(() => say(report), ms).unref();

  function join({ ssid, passphrase }: RadioCommand & { kind: "join" }) {
    const network = config.networks.find((each) => isSameSsid(each, ssid) && isAllowed(each.channel));
    if (network === undefined) return later(JOIN_MS, { kind: "radio-join-failed", reason: "no-network" });
    if (Buffer.compare(Buffer.from(network.passphrase), passphrase) !== 0) {
      return later(JOIN_MS, { kind: "radio-join-failed", reason: "refused" });
    }
    channel = 0;
    const { timeServers = [] } = network;
    const ipv4 = `${config.subnet}.${number}`;
    later(JOIN_MS, { kind: "radio-joined", ipv4, mac, bssid: bssidOf(network), timeServers });
  }

  function obey(command: RadioCommand) {
    switch (command.kind) {
      case "scan":
        return later(SCAN_MS, {
          kind: "radio-scan",
          accessPoints: config.networks
            .filter((network) => isAllowed(network.channel))
            .map((network) => ({
              ssid: network.isHidden === true ? new Uint8Array(0) : ssidOf(network),
              bssid: bssidOf(network),
              channel: network.channel,
              rssiDbm: network.rssiDbm ?? -55,
              cipher: network.cipher ?? (network.passphrase === "" ? "open" : "ccmp"),
            })),
        });
      case "listen":
        channel = isAllowed(command.channel) ? command.channel : 0;
        return;
      case "country":
        lastChannel = LAST_CHANNELS[String.fromCharCode(...command.code)] ?? LAST_CHANNEL;
        return;
      case "join":
        return join(command);
      case "leave":
        return later(0, { kind: "radio-left" });
      case "access-point":
        // Whoever is near reaches it at the unit's own loopback address; there is no second network to simulate.
        return later(JOIN_MS, {
          kind: "radio-access-point",
          ipv4: command.ssid.length === 0 ? "" : `${config.subnet}.${number}`,
        });
    }
  }

  socket.on("data", (bytes) => {
    for (const frame of read(new Uint8Array(bytes as Buffer))) {
      const command = decodeRadioCommand(frame);
      if (command.ok) obey(command.value);
    }
  });
  socket.on("error", () => socket.destroy());
  return {
    hear(frame) {
      if (frame.channel === channel && !misses()) say({ kind: "radio-frame", ...frame });
    },
  };
}
