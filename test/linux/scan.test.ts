/** What the radio process tells the unit of a scan, from wpa_supplicant's answer (ctrl_iface, SCAN_RESULTS). */
import { expect, test } from "vitest";
import { fromHex, toHex } from "#base/bytes.ts";
import { decodeRadioReport } from "#wire/lines/radio-line.ts";
import { radioCheck } from "./radio-check.ts";

const SCANNED = 0x82;

const textOf = (lines: readonly string[]) =>
  ["bssid / frequency / signal level / flags / ssid", ...lines, ""].join("\n");

/** What the unit is told of each scan, of 2.4 and 5 GHz in turn, and where a join would then look for Lamplight. */
function scansOf(...scans: readonly (readonly string[])[]) {
  return radioCheck("scan", Buffer.from(scans.map(textOf).join("\f"))).map((said) => {
    const [told = "", ...mhz] = said.split(" ").filter(Boolean);
    const report = decodeRadioReport({ type: SCANNED, payload: fromHex(told) as Uint8Array });
    if (!report.ok || report.value.kind !== "radio-scan") throw new Error("no scan");
    const found = report.value.accessPoints.map(({ ssid, bssid, ...more }) => ({
      ssid: toHex(ssid),
      bssid: toHex(bssid),
      ...more,
    }));
    return { found, mhz };
  });
}

const scanOf = (...lines: readonly string[]) => scansOf(lines)[0]?.found ?? [];

const line = (flags: string, ssid: string, mhz = 2437) => `02:00:00:00:00:07\t${mhz}\t-40\t${flags}\t${ssid}`;

test.each([
  ["[ESS]", "open"],
  ["[WEP][ESS]", "wep"],
  ["[WPA2-PSK-CCMP][ESS]", "ccmp"],
  ["[WPA2-PSK+SAE-CCMP][SAE-H2E][ESS]", "ccmp"],
  ["[WPA-PSK-TKIP][ESS]", "tkip"],
  ["[WPA-PSK-TKIP][WPA2-PSK-CCMP][ESS]", "mixed"],
  ["[WPA2-PSK-CCMP+TKIP][ESS]", "mixed"],
  ["[WPA2-SAE-GCMP][ESS]", "gcmp"],
  ["[WPA2-SAE-GCMP-256][ESS]", "gcmp"],
  ["[WPA2-SAE-CCMP-256][ESS]", "gcmp"],
  ["[WPA2-SAE-CCMP+GCMP-256][ESS]", "ccmp"],
] as const)("%s is %s", (flags, cipher) => {
  expect(scanOf(line(flags, "x"))[0]?.cipher).toBe(cipher);
});

test("names of every kind come through, white space at their ends included", () => {
  const names = scanOf(
    line("[ESS]", " a b "),
    line("[ESS]", '\\x00\\xff\\t\\"\\\\\\n\\xc3\\xa4\\x7f '),
    line("[ESS]", ""),
    line("[ESS]", "The quick brown fox, thirty-two!"),
  ).map(({ ssid }) => ssid);
  const wanted = [
    toHex(Buffer.from(" a b ")),
    "00ff09225c0ac3a47f20",
    "",
    toHex(Buffer.from("The quick brown fox, thirty-two!")),
  ];
  expect([...names].sort()).toEqual(wanted.sort());
});

test("channels of both bands are told, others and broken lines left out", () => {
  const found = scanOf(
    line("[ESS]", "a", 2412),
    line("[ESS]", "b", 2484),
    line("[ESS]", "c", 5180),
    line("[ESS]", "d", 5825),
    line("[ESS]", "e", 58320),
    "02:00:00:00:00:07\t2437\t-40",
    "x",
  );
  expect(new Set(found.map(({ channel }) => channel))).toEqual(new Set([1, 14, 36, 165]));
});

test("a scan of one band keeps what the last scan of the other found, and a join looks where the name was", () => {
  const at = (n: number, mhz: number, ssid: string) => `02:00:00:00:00:0${n}\t${mhz}\t-40\t[ESS]\t${ssid}`;
  const scans = scansOf(
    [at(1, 2437, "Lamplight"), at(2, 2412, "Other")],
    [at(3, 5180, "Lamplight")],
    [at(1, 2462, "Lamplight")],
    [],
  );
  expect(scans.map(({ found }) => found.map(({ channel }) => channel).sort((a, b) => a - b))).toEqual([
    [1, 6],
    [1, 6, 36],
    [11, 36],
    [11],
  ]);
  expect(scans.map(({ mhz }) => [...mhz].sort())).toEqual([["2437"], ["2437", "5180"], ["2462", "5180"], ["2462"]]);
});
