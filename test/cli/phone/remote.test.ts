/**
 * The messages when a unit can't be reached through the relay. Reaching it is tested in
 * test/cloud/broker/remote-callers.test.ts.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { toHex } from "#base/bytes.ts";
import { openUnitSession } from "#cli/phone/unit.ts";
import { remember } from "#phone/memory.ts";
import { cardLink, labelLink, linkText } from "#wire/grants/card.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-phone-remote-"));
const memory = join(folder, "phone.json");
const id = new Uint8Array(12).fill(1);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const away = (more: object = {}) =>
  openUnitSession({
    label: labelLink("EXAMPLE.COM", id),
    card: linkText(cardLink("EXAMPLE.COM", id, new Uint8Array(16))),
    ...{ memory, remote: true, ...more },
  });
const home = { host: "127.0.0.1", port: 1, lastCounter: 0 };
const cloud = { host: "127.0.0.1", mqttPort: 1, httpPort: 1, broker: "latchkey" };

it("a phone that was never home with the unit is sent home", async () => {
  await expect(away()).rejects.toThrow(
    /doesn't know where the unit's cloud is; at home, run once: latchkey phone learn/,
  );
  remember(memory, toHex(id), { ...home, cloud });
  await expect(away()).rejects.toThrow(
    /doesn't know your grant, which the unit's cloud requires; at home, run once: latchkey phone learn/,
  );
});

it("a unit without a cloud, a cloud that isn't there and an address that is none are told apart", async () => {
  remember(memory, toHex(id), { ...home, cloud: null });
  await expect(away()).rejects.toThrow("this unit has no cloud; it is reached at home only");
  remember(memory, toHex(id), { ...home, cloud, grant: "00" });
  await expect(away()).rejects.toThrow(/the unit's cloud can't be reached \(SESSION_UNREACHABLE\)/);
  for (const address of ["example.com", "example.com:99999:80:x", "example.com:1883:0:x"]) {
    await expect(away({ cloud: address })).rejects.toThrow(/--cloud wants HOST:MQTTPORT:HTTPPORT:NAME/);
  }
});
