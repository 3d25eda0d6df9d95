/** The image asks for the time on a network of its own: of a server that DHCP names (option 42), then of the maker's, found by DNS. */
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, expect } from "vitest";
import { buildScript } from "#factory/bundle/bundle.ts";
import { sntpAnswer } from "#testing/time-server.ts";
import { testOnNativeBoards } from "../tier.ts";
import { joinEverybody } from "../tls/linked-board.ts";
import { startLan } from "./lan.ts";
import { type Bench, benchUnit, lineOf } from "./made-unit.ts";

const BUILT_S = 1_790_000_000;
const SAID_S = 1_803_902_400;
const TOLD = [10, 9, 0, 7] as const;
const MAKERS = [192, 0, 2, 123] as const;

let bench: Bench | undefined;
let air: Server | undefined;
let lan: Awaited<ReturnType<typeof startLan>> | undefined;
afterEach(async () => {
  await bench?.station.power(false);
  air?.close();
  lan?.close();
});

/** A program of the unit: the machine alone, over the board's port. */
const SCRIPT = (board: string) => `
import { port } from "./boards/${board}/port.ts";
import { createSntp } from "./src/device/sntp.ts";
import { utf8 } from "./src/base/utf8.ts";
const say = (text) => port.console.write(utf8(text + "\\n"));
const machine = createSntp({ crypto: port.crypto, servers: ["time.test"], buildS: ${BUILT_S} });
let state = machine.initial;
function show(event) {
  const step = machine.step(state, { ...event, nowMs: port.clock.milliseconds() });
  state = step.state;
  for (const effect of step.effects) {
    if (effect.kind === "udp-listen") port.udp.listen(effect.port, effect.group);
    if (effect.kind === "udp-send") port.udp.send(effect.host, effect.port, effect.bytes, effect.from);
    if (effect.kind === "log") say(effect.text);
    if (effect.kind === "emit") say("guessed " + Math.floor(effect.event.unixS));
  }
  port.clock.wakeAt(step.wakeAtMs === undefined ? Infinity : step.wakeAtMs);
}
port.onEvent((event) => {
  show(event);
  if (event.kind !== "radio-joined") return;
  say("told " + event.timeServers.join(" "));
  show({ kind: "online", ipv4: event.ipv4 });
});
show({ kind: "start", facts: { unreadable: new Set() } });
port.radio.join(utf8("Home"), utf8(""));
`;

testOnNativeBoards(
  "%s learns the time from a server that DHCP names, and the maker's where that one is closed",
  async (board) => {
    const asked: string[] = [];
    lan = await startLan({
      timeServers: [TOLD],
      hosts: { "time.test": MAKERS },
      answer(to, port, request) {
        if (port !== 123) return undefined;
        asked.push(to);
        return sntpAnswer(request, to === TOLD.join(".") ? "DENY" : SAID_S);
      },
    });
    air = createServer((radio: Socket) => {
      radio.on("error", () => undefined);
      joinEverybody(radio, "10.9.0.2");
    });
    await new Promise<void>((resolve) => air?.listen(0, "127.0.0.1", resolve));
    const { port } = air.address() as { port: number };
    const { bytes } = await buildScript(SCRIPT(board));
    bench = await benchUnit(board, bytes, `127.0.0.1:${port}`, ["--network", `${lan.port}`]);
    const told = lineOf(bench.station, /^told (.*)$/);
    const denied = lineOf(bench.station, /^time: (.*)$/);
    const [, guessed] = await lineOf(bench.station, /^guessed (\d+)$/);
    expect((await told)[1]).toBe("10.9.0.7");
    expect((await denied)[1]).toBe("10.9.0.7 sends clients away (DENY)");
    expect(asked).toEqual(["10.9.0.7", "192.0.2.123"]);
    expect(Math.abs(Number(guessed) - SAID_S)).toBeLessThanOrEqual(3);
  },
);
