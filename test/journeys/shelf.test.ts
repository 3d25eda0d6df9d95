/**
 * A unit that lay on a shelf for ten years. Meanwhile its maker replaced the authorities, all three roots, the release key
 * and the timestamp key, and the unit has no clock. It joins, and learns everything by itself where its cloud still answers;
 * otherwise it says what its owner can do, and that works.
 */
import { writeFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { freePort } from "#base/host/free-port.ts";
import { latchkey } from "#cli/story/world.ts";
import { operatorClient } from "#cloud/http/operator-client.ts";
import type { RolloutStatus } from "#cloud/status/status.ts";
import { encodeReleaseFile } from "#trust/host/release-file.ts";
import { until } from "../progress.ts";
import { exhaustiveTest } from "../tier.ts";
import { certify } from "../tls/authority.ts";
import {
  BROKER,
  good,
  HOME,
  keySetFiles,
  NOW_S,
  SERVER_NAME,
  type Shelf,
  shelvedUnit,
  validFor,
} from "./shelved-unit.ts";

let shelf: Shelf | undefined;
afterEach(async () => {
  await shelf?.stop();
  shelf = undefined;
});

/** Server certificates of today: over long after the unit was made, and not valid yet when it was. */
const TODAY = validFor(NOW_S - 86_400, NOW_S + 90 * 86_400);

/** Every key that a unit holds something against is replaced; the release key is worthless from then on. */
async function rotateEverything({ config: { keys } }: Shelf): Promise<void> {
  for (const root of ["1", "2", "3"]) await good("keys", "rotate", "root", "--root-number", root, "--keys", keys);
  await good("keys", "rotate", "release", "--revoke", "--keys", keys);
  await good("keys", "rotate", "timestamp", "--revoke", "--keys", keys);
}

async function onboard({ phone, air }: Shelf): Promise<void> {
  const { ssid, passphrase } = HOME;
  await good(
    "phone",
    "onboard",
    "--timeout",
    "600",
    ...phone,
    "--ssid",
    ssid,
    "--passphrase",
    passphrase,
    "--broadcast",
    air.address,
  );
}

/** Publishes a release to a cloud that knows the unit, and waits until the unit runs it. */
async function updateFrom(at: Shelf, sequence: number): Promise<void> {
  const operator = operatorClient({ data: at.file("cloud") });
  const { file } = await at.release(sequence);
  await operator.post("/v1/releases", encodeReleaseFile(file));
  const waves = [{ name: "100 %", share: 10_000 }];
  const plan = { product: at.config.product, sequence, limits: {}, waves };
  const { rollout } = await operator.post<RolloutStatus>("/v1/rollouts", plan);
  await until(`release ${sequence} on the unit`, async () => {
    const { tally } = await operator.get<RolloutStatus>(`/v1/rollouts/${rollout.id}`);
    return tally.confirmed === 1 ? true : undefined;
  });
}

exhaustiveTest(
  "it joins, climbs the chain of roots and updates where its cloud answers with the spare authority",
  async () => {
    shelf = await shelvedUnit();
    await rotateEverything(shelf);
    await shelf.cloud(certify({ name: SERVER_NAME, ...TODAY }, shelf.authorities[1]));
    await operatorClient({ data: shelf.file("cloud") }).post("/v1/devices", shelf.enrolment());
    const said = await shelf.start();
    await onboard(shelf);
    await until("the newest key set", () => (said.includes("update: key set 6 in use") ? true : undefined));
    await updateFrom(shelf, 2);
    expect(await good("phone", "cloud", ...shelf.phone)).toMatchObject({ link: "up", keySet: 6 });
  },
);

exhaustiveTest(
  "where its authorities are gone it says so, and the owner moves it to where the cloud is now",
  async () => {
    shelf = await shelvedUnit();
    await rotateEverything(shelf);
    const authority = certify({ name: "Authority of today", isAuthority: true });
    const server = certify({ name: "new.lamp.example", ...TODAY }, authority);
    writeFileSync(shelf.file("today.pem"), authority.certificatePem);
    await shelf.start();
    await onboard(shelf);
    // Nobody is there any more.
    await until("the refused link", async () => {
      const told = await good("phone", "cloud", ...(shelf as Shelf).phone);
      return told.link === "LINK_REFUSED" && /latchkey phone cloud ADDRESS$/.test(String(told.advice))
        ? true
        : undefined;
    });
    // Somebody answers whom the unit can't know.
    const stranger = await shelf.cloud(server);
    await until("the unknown authority", async () => {
      const told = await good("phone", "cloud", ...(shelf as Shelf).phone);
      return told.link === "LINK_TLS_ISSUER" && /present authority file/.test(String(told.advice)) ? true : undefined;
    });
    expect(await good("phone", "describe", ...shelf.phone)).toMatchObject({
      cloud: { link: "LINK_TLS_ISSUER", keySet: 1 },
    });
    stranger.child.kill("SIGTERM");
    await stranger.ended;
    const ports = { mqttPort: await freePort(), httpPort: await freePort() };
    await shelf.cloud(server, ports);
    await operatorClient({ data: shelf.file("cloud") }).post("/v1/devices", shelf.enrolment());
    const address = `127.0.0.1:${ports.mqttPort}:${ports.httpPort}:${BROKER}`;
    const authorityFile = ["--cloud-ca", shelf.file("today.pem"), "--cloud-server", "new.lamp.example"];
    expect(await good("phone", "cloud", address, ...shelf.phone, ...authorityFile)).toMatchObject({
      ...{ cloud: address, tls: true, link: "up" },
    });
    await updateFrom(shelf, 2);
    expect(await good("phone", "cloud", ...shelf.phone)).toMatchObject({ cloud: address, link: "up", keySet: 6 });
  },
);

test("where there is no cloud at all, its owner's phone brings the key sets and the release", async () => {
  shelf = await shelvedUnit();
  await rotateEverything(shelf);
  await shelf.start();
  await onboard(shelf);
  const { path } = await shelf.release(2);
  const files = keySetFiles(shelf.config.keys);
  // The newest alone proves nothing to a unit that has only the first roots.
  const alone = await latchkey("phone", "key-set", shelf.file("keys/keyset.cose"), ...shelf.phone);
  expect([alone.code, alone.errors]).toEqual([
    1,
    expect.stringMatching(/uses key set 1 and does not accept 6.*keyset-NUMBER\.cose/),
  ]);
  expect(await good("phone", "key-set", ...files, ...shelf.phone)).toEqual({ before: 1, keySet: 6 });
  await good("phone", "deliver", path, ...shelf.phone);
  expect(await good("phone", "key-set", ...files, ...shelf.phone)).toEqual({ before: 6, keySet: 6 });
  await good("phone", "call", "setLamp", "on=true", ...shelf.phone);
});
