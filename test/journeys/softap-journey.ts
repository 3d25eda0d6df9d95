/**
 * SoftAP from end to end: a unit that the line made hears nobody, opens its access point, and a person's browser brings it
 * onto the network through the page; the join is provisional until the card's holder opens a session.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { toHex } from "#base/bytes.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { openSimStation } from "#boards/sim/host/station.ts";
import { startReady } from "#cli/program.ts";
import { createReporter } from "#cli/reporter.ts";
import { factory } from "#cli/story/factory.ts";
import { latchkey } from "#cli/story/world.ts";
import { readFlashConfig } from "#factory/config.ts";
import { remember } from "#phone/memory.ts";
import { SILENCE_MS, until } from "../progress.ts";
import { openBrowser } from "../web/browser.ts";

const HOME = { ssid: "Café 🔑", passphrase: "correct horse" } as const;

/** Where on the subnet something speaks HTTP: each start of a unit's radio line is a station of its own, and gets a new address. */
async function answering(subnet: string, port: number): Promise<string | undefined> {
  for (let host = 1; host <= 8; host++) {
    const at = `http://${subnet}.${host}:${port}`;
    const page = await fetch(at, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
    if (page !== undefined) return at;
  }
  return undefined;
}

/** @param subnet First three numbers of loopback addresses that nobody else uses. */
export async function softApJourney(boardName: string, subnet: string): Promise<void> {
  const output = mkdtempSync(join(tmpdir(), "latchkey-softap-"));
  const networks = [{ ...HOME, bssid: "a0b1c2d3e4f5", channel: 6 }];
  const air = await startReady("boards/sim/host/air/main.ts", [
    "--json",
    JSON.stringify({ networks, address: `${subnet}.255`, subnet, seed: 1, loss: { rate: 0.1 } }),
  ]);
  const board = readBoard(boardName);
  const config = {
    ...{ ...readFlashConfig("flash.config.json"), board: boardName, output, keys: join(output, "keys") },
    onboarding: { legacy: [], softAp: true },
  };
  const radio = `127.0.0.1:${air.ready.radioPort}`;
  const station = openSimStation(board, join(output, "flash.bin"), radio);
  const tell = createReporter(() => undefined, false);
  const phoneMemory = join(output, "phone.json");
  try {
    const { unit } = await factory({ tell, config, board, radio, station, phoneMemory, broadcast: undefined });
    await station.power(true);
    const url = await until("the unit's access point", () => answering(subnet, board.network.portalPort ?? 80));
    const browser = await openBrowser();
    try {
      const page = await browser.newPage();
      // Where a phone looks first when it joins an unknown network.
      await page.goto(`${url}/hotspot-detect.html`);
      await page.selectOption("select", { label: HOME.ssid });
      await page.fill('input[name="passphrase"]', HOME.passphrase);
      await page.click("button");
      await page.waitForSelector("text=Put your phone back", { timeout: SILENCE_MS });
    } finally {
      await browser.close();
    }
    // No multicast leaves the emulated board: the phone is told the address, as a hello or mDNS would have told it.
    const port = board.network.tcpPort;
    const meet = async () => {
      const at = await until("the unit on the network", () => answering(subnet, port));
      remember(phoneMemory, toHex(unit.id), { host: new URL(at).hostname, port, lastCounter: 0 });
    };
    const call = (...what: readonly string[]) =>
      latchkey(
        ...["phone", "call", ...what, "--json", "--memory", phoneMemory],
        ...["--label", unit.labelPng, "--card", unit.cardPng],
      );
    const answers = async () => ((await call("setLamp", "on=true")).code === 0 ? true : undefined);
    // Not every emulator shows its pins, so the unit is asked for its own.
    const lamp = async () => (await call("lamp")).json?.value;
    await meet();
    await until("the holder's first call", answers);
    expect(await lamp()).toBe(true);
    // The holder's session has made it lasting: after a power cut the unit comes back by itself.
    await station.power(false);
    await station.power(true);
    await meet();
    await until("the unit's answer after the power cut", async () => ((await lamp()) === false ? true : undefined));
    await until("a call after the power cut", answers);
    expect(await lamp()).toBe(true);
  } finally {
    await station.power(false);
    await air.child.stop();
  }
}
