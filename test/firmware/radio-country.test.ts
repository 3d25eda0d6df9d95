/** The country that firmware names to its radio, on the serial line to it. */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import { lineFrameReader } from "#wire/lines/line-frame.ts";
import { decodeRadioCommand, type RadioCommand } from "#wire/lines/radio-line.ts";
import { until } from "../progress.ts";
import { type Bench, benchUnit } from "./made-unit.ts";

let bench: Bench | undefined;
afterEach(() => bench?.station.power(false));

const SCRIPT = `native.radio.country(new Uint8Array([85,83]));\f
native.radio.country(new Uint8Array([85,83,65]));\f
native.radio.scan()`;

test("two letters go to the radio as they are, and anything else does not", async () => {
  const commands: RadioCommand[] = [];
  const server = createServer((socket) => {
    const read = lineFrameReader();
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes) => {
      for (const frame of read(new Uint8Array(bytes as Buffer))) {
        const command = decodeRadioCommand(frame);
        if (command.ok) commands.push(command.value);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    bench = await benchUnit("qemu-mps2", SCRIPT, `127.0.0.1:${(server.address() as AddressInfo).port}`);
    await until("a scan", () => (commands.some(({ kind }) => kind === "scan") ? true : undefined));
    expect(commands).toEqual([{ kind: "country", code: Uint8Array.of(85, 83) }, { kind: "scan" }]);
  } finally {
    server.close();
  }
});
