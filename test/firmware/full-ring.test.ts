/** What comes over a serial line while the runtime is busy fills the line's ring; from then on the line is held up, until it is read. */
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, expect } from "vitest";
import { encodeRadioReport } from "#wire/lines/radio-line.ts";
import { testOnNativeBoards } from "../tier.ts";
import { type Bench, benchUnit, lineOf } from "./made-unit.ts";

/** Far more than a ring takes (firmware/chips/serial.h). */
const CONSOLE_BYTES = 10_000;
const SCANS = 600;

let bench: Bench | undefined;
let air: Server | undefined;
afterEach(async () => {
  await bench?.station.power(false);
  air?.close();
});

/** Takes so long for each event that the rings are full as long as the test has more to send. Says what it has heard. */
const SCRIPT = `
const say = (text) => native.console.write(Uint8Array.from(text + "\\n", (c) => c.charCodeAt(0)));
let bytes = 0, scans = 0;
native.onEvent((event) => {
  if (event.kind === "timer") say("ready");
  if (event.kind === "console-data") bytes += event.bytes.length;
  if (event.kind === "radio-scan") scans++;
  for (const end = native.clock.milliseconds() + 20; native.clock.milliseconds() < end; );
  if (bytes === ${CONSOLE_BYTES} && scans === ${SCANS}) say("heard all");
});
native.clock.wakeAt(1);`;

testOnNativeBoards("nothing is lost, and no line stays held up, on %s", async (board) => {
  let radio: Socket | undefined;
  const server = createServer((socket) => {
    radio = socket.on("error", () => undefined);
  });
  air = server;
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  bench = await benchUnit(board, SCRIPT, `127.0.0.1:${port}`);
  await lineOf(bench.station, /^ready$/);
  const scan = encodeRadioReport({ kind: "radio-scan", accessPoints: [] });
  radio?.write(Buffer.concat(Array.from({ length: SCANS }, () => scan)));
  bench.station.unit()?.write(".".repeat(CONSOLE_BYTES));
  expect(await lineOf(bench.station, /^heard all$/)).not.toBeNull();
});
