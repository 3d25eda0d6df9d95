/** The country of flash.config.json, from the file to the unit's radio: a simulated unit made by the real line. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type AirConfig, parseAirConfig } from "#boards/sim/host/air/config.ts";
import { createRandomSource } from "#boards/sim/host/air/random-source.ts";
import { openUnitLine, type UnitLine } from "#boards/sim/host/air/unit-line.ts";
import { countryFault, countryOnBoard, isCountry } from "#factory/country.ts";
import { lineFrameReader } from "#wire/lines/line-frame.ts";
import { decodeRadioReport, encodeRadioCommand, type RadioCommand, type RadioReport } from "#wire/lines/radio-line.ts";
import { makeTestUnit, type TestUnit } from "../boards/sim/made-unit.ts";
import { openNotingRadio } from "../noting-radio.ts";
import { until } from "../progress.ts";

let unit: TestUnit | undefined;
let end: () => void = () => undefined;
afterEach(async () => {
  await unit?.station.power(false);
  unit = undefined;
  end();
});

const CODE = Uint8Array.of(68, 69);

test("the line gives a unit its country, and the unit names it to its radio at each start, before anything else", async () => {
  const { commands, address, close } = await openNotingRadio();
  end = close;
  unit = await makeTestUnit(address, { country: "DE" });
  for (const starts of ["the start at the line", "a start after the power was off"]) {
    await until(starts, () => (commands.length > 1 && commands.at(-1)?.kind === "scan" ? true : undefined));
    expect(commands.slice(-2)).toEqual([{ kind: "country", code: CODE }, { kind: "scan" }]);
    await unit.station.power(false);
    commands.length = 0;
    await unit.station.power(true);
  }
});

test("a unit without a country leaves its radio as it is", async () => {
  const { commands, address, close } = await openNotingRadio();
  end = close;
  unit = await makeTestUnit(address);
  await until("a unit that scans", () => (commands.some(({ kind }) => kind === "scan") ? true : undefined));
  expect(commands.filter(({ kind }) => kind === "country")).toEqual([]);
});

/** One end of a radio line of the simulated air, with what its radio reports. */
async function openAirLine(config: AirConfig) {
  const reports: RadioReport[] = [];
  let air: UnitLine | undefined;
  const server = createServer((socket) => {
    air = openUnitLine(socket, config, 1, createRandomSource(1));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const read = lineFrameReader();
  socket.on("data", (bytes) => {
    for (const frame of read(new Uint8Array(bytes as Buffer))) {
      const report = decodeRadioReport(frame);
      if (report.ok) reports.push(report.value);
    }
  });
  end = () => {
    socket.destroy();
    server.close();
  };
  const next = async (command: RadioCommand) => {
    reports.length = 0;
    socket.write(encodeRadioCommand(command));
    return until("an answer of the air", () => reports[0]);
  };
  const tell = (command: RadioCommand) => void socket.write(encodeRadioCommand(command));
  return { next, tell, hear: (frame: Parameters<UnitLine["hear"]>[0]) => air?.hear(frame), reports };
}

const FAR = Uint8Array.of(70);
const CHANNELS = JSON.stringify({
  networks: [
    { ssid: "H", passphrase: "", bssid: "a0b1c2d3e4f5", channel: 6 },
    { ssid: "F", passphrase: "", bssid: "a0b1c2d3e4f6", channel: 13 },
  ],
  loss: { rate: 0 },
});
const frameOn = (channel: number) => {
  const bssid = Uint8Array.of(1, 2, 3, 4, 5, 6);
  return { us: 1, channel, bssid, sa: bssid, da: bssid, seq: 1, bodyBytes: 100, retry: false, ds: "from" as const };
};

test.each([
  ["US", ["H"], "radio-join-failed", []],
  ["DE", ["H", "F"], "radio-joined", [13]],
])(
  "the simulated radio keeps the rules of %s: what it finds, joins and hears on channel 13",
  async (code, found, joined, heard) => {
    const { next, tell, hear, reports } = await openAirLine(parseAirConfig(CHANNELS));
    tell({ kind: "country", code: Uint8Array.from(code, (letter) => letter.charCodeAt(0)) });
    const scan = await next({ kind: "scan" });
    const names = scan.kind === "radio-scan" ? scan.accessPoints.map(({ ssid }) => String.fromCharCode(...ssid)) : [];
    expect(names).toEqual(found);
    expect((await next({ kind: "join", ssid: FAR, passphrase: new Uint8Array(0) })).kind).toBe(joined);
    tell({ kind: "listen", channel: 13 });
    // The answer to a later command says that the line was read up to there.
    await next({ kind: "scan" });
    reports.length = 0;
    hear(frameOn(13));
    tell({ kind: "scan" });
    await until("the next scan", () => reports.find(({ kind }) => kind === "radio-scan"));
    expect(reports.flatMap((each) => (each.kind === "radio-frame" ? [each.channel] : []))).toEqual(heard);
  },
);

test("all 249 codes of ISO 3166-1 are countries, and what is none is told in one line with what to write", () => {
  const letters = Array.from({ length: 26 }, (_, index) => String.fromCharCode(65 + index));
  const codes = letters.flatMap((first) => letters.map((second) => first + second)).filter(isCountry);
  expect(codes.length).toBe(249);
  expect(countryFault("UK")).toBe(
    '"UK" is not a country (expected two capital letters of ISO 3166-1, as DE); write GB',
  );
  expect(countryFault("de")).toContain("write DE");
  expect(countryFault("EU")).toContain("leave it out for a product of several countries");
});

test("a board whose radio does not know the country's rules is refused, and others take any", () => {
  const board = { name: "toy", countries: "DE US" };
  expect(countryOnBoard("DE", board)).toBeUndefined();
  expect(countryOnBoard(undefined, board)).toBeUndefined();
  expect(countryOnBoard("ZA", { name: "sim" })).toBeUndefined();
  expect(countryOnBoard("ZA", board)).toBe(
    "country: ZA is none whose rules the radio of toy knows (DE US); without the key it keeps the most careful ones",
  );
});
