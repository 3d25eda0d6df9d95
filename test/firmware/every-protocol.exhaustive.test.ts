/**
 * A product that switched on every older protocol and the portal: its bundle is the largest there is, and while it listens, all
 * decoders stand in the arena. The unit keeps running whatever an attacker sends, and joins by one of the protocols
 * once the attacker stops.
 */
import { mkdtempSync, readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fromUtf8, utf8 } from "#base/utf8.ts";
import { BROADCAST, createAir } from "#boards/sim/host/air/model.ts";
import { createRandomSource } from "#boards/sim/host/air/random-source.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { openSimStation } from "#boards/sim/host/station.ts";
import { createReporter } from "#cli/reporter.ts";
import { factory } from "#cli/story/factory.ts";
import { readFlashConfig } from "#factory/config.ts";
import { messageFor } from "#phone/message.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import type { Frame } from "#wire/air/frame.ts";
import { lineFrameReader } from "#wire/lines/line-frame.ts";
import { decodeRadioCommand, encodeRadioReport, type RadioCommand, type RadioReport } from "#wire/lines/radio-line.ts";
import { createFiller } from "../wire/air/fillers.ts";

const HOME = { ssid: utf8("Café 🔑"), passphrase: utf8("correct horse") } as const;
const BSSID = Uint8Array.of(0xa0, 0xb1, 0xc2, 0xd3, 0xe4, 0xf5);
const STRANGE = Uint8Array.of(0xa0, 9, 9, 9, 9, 9);
const PHONE = Uint8Array.of(2, 0, 0, 0, 0, 1);
const LEGACY = ["esptouch-v1", "esptouch-v2", "airkiss", "ti-smartconfig", "tuya-ez"] as const;

/** A radio whose scan shows one network, and which hears what the test says. */
async function startRadio() {
  let unit: Socket | undefined;
  let take: (command: RadioCommand) => void = () => undefined;
  const nextOf = <Kind extends RadioCommand["kind"]>(kind: Kind) =>
    new Promise<RadioCommand & { kind: Kind }>((resolve) => {
      take = (command) => void (command.kind === kind && resolve(command as RadioCommand & { kind: Kind }));
    });
  const report = (said: RadioReport) => {
    return new Promise<void>(
      (done) => void (unit === undefined ? done() : unit.write(encodeRadioReport(said), () => done())),
    );
  };
  const server = createServer((socket) => {
    unit = socket;
    socket.on("error", () => undefined);
    const read = lineFrameReader();
    socket.on("data", (bytes) => {
      for (const frame of read(new Uint8Array(bytes as Buffer))) {
        const command = decodeRadioCommand(frame);
        if (!command.ok) continue;
        take(command.value);
        if (command.value.kind !== "scan") continue;
        const seen = { ssid: HOME.ssid, bssid: BSSID, channel: 6, rssiDbm: -50, cipher: "ccmp" } as const;
        void report({ kind: "radio-scan", accessPoints: [seen] });
      }
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    address: `127.0.0.1:${(server.address() as { port: number }).port}`,
    hear: (frame: Frame) => report({ kind: "radio-frame", ...frame }),
    listening: () => nextOf("listen"),
    joins: () => nextOf("join"),
    close: () => server.close(),
  };
}

/** What the unit overhears of a phone that sends by AirKiss, a twentieth of it lost. */
function* phoneFrames(fromUs: number): Generator<Frame> {
  const message = messageFor("airkiss", { ...HOME, bssid: BSSID }, nodePrimitives);
  if (!message.ok) throw new Error(message.fault);
  const random = createRandomSource(1);
  const air = createAir({ bssid: BSSID, channel: 6, cipher: "ccmp", firstBeaconUs: fromUs }, random);
  for (const { atMs, length } of message.value.schedule.packets) {
    const heard: Frame[] = [];
    air.advance(fromUs + 1000 * atMs, (frame) => void (random.next() < 0.05 || heard.push(frame)));
    yield* heard;
    air.send(fromUs + 1000 * atMs, { sa: PHONE, da: BROADCAST, byteLength: length });
  }
}

test("qemu-mps2 stays up, and is heard once the flood is over", async () => {
  const output = mkdtempSync(join(tmpdir(), "latchkey-every-"));
  const radio = await startRadio();
  const board = readBoard("qemu-mps2");
  const config = {
    ...{ ...readFlashConfig("flash.config.json"), board: board.name, output, keys: join(output, "keys") },
    onboarding: { legacy: [...LEGACY], softAp: true },
  };
  const flashPath = join(output, "flash.bin");
  const station = openSimStation(board, flashPath, radio.address);
  const world = { config, board, station, radio: radio.address, broadcast: undefined };
  const tell = createReporter(() => undefined, false);
  try {
    await factory({ ...world, tell, phoneMemory: join(output, "phone.json") });
    const before = readFileSync(`${flashPath}.log`, "utf8").length;
    // Asked before it starts: a unit that is quick may listen before this goes on.
    const listening = radio.listening();
    await station.power(true);
    await listening;
    const joining = radio.joins();
    const filler = createFiller(STRANGE, 1);
    let us = 0;
    for (const sent of [filler.flood(100), filler.orders(100), filler.markerless(1)]) {
      for (const frame of sent) {
        await radio.hear(frame);
        us = frame.us;
      }
    }
    let isJoining = false;
    void joining.then(() => {
      isJoining = true;
    });
    for (const frame of phoneFrames(us + 500_000)) {
      if (isJoining) break;
      await radio.hear(frame);
    }
    const { ssid, passphrase } = await joining;
    expect([fromUtf8(ssid), fromUtf8(passphrase)]).toEqual([fromUtf8(HOME.ssid), fromUtf8(HOME.passphrase)]);
    const said = readFileSync(`${flashPath}.log`, "utf8").slice(before);
    expect(said.match(/^latchkey: boot native .*/gm)).toEqual([expect.stringMatching(/ power$/)]);
  } finally {
    await station.power(false);
    radio.close();
  }
});
