/** Chapter 2: the owner opens the box; phone, air and unit are three processes. */
import { toHex } from "#base/bytes.ts";
import { HOME, latchkeyOk, type UnitWorld } from "./world.ts";

export async function unboxing(world: UnitWorld): Promise<void> {
  const { tell, unit, phoneMemory, broadcast } = world;
  tell.chapter("2  Unboxing: two codes, and it is on Wi-Fi");
  const onboarded = await tell.step(
    "broadcast by ESP-TOUCH v2",
    () =>
      latchkeyOk(
        ...["phone", "onboard", "--json", "--timeout", "600", "--protocol", "esptouch-v2", "--memory", phoneMemory],
        ...["--label", unit.labelPng, "--card", unit.cardPng],
        ...["--ssid", HOME.ssid, "--passphrase", HOME.passphrase],
        ...(broadcast === undefined ? [] : ["--broadcast", broadcast]),
      ),
    ({ host, port }) => `at ${host}:${port}, hello proved`,
  );
  tell.note("unit", `${onboarded.host}:${onboarded.port}, ${toHex(unit.id)}`);
  tell.note("broadcast to proved hello", `${(Number(onboarded.elapsedMs) / 1000).toFixed(2)} s`);
}
