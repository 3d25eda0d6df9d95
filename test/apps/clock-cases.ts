/** A schedule by the network's time, over a real SNTP server: no cloud, no phone that tells the time, and a power cut. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { expect, test } from "vitest";
import { toHex } from "#base/bytes.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { buildCheckedBundle } from "#cli/checked-bundle.ts";
import { call } from "#phone/call.ts";
import { describeUnit } from "#phone/describe.ts";
import { sntpAnswer } from "#testing/time-server.ts";
import { startAttackedUnit } from "../attacks/attacked-unit.ts";
import { until } from "../progress.ts";

/** 2027-03-01, five seconds before noon, UTC. */
const BEFORE_NOON_S = 1_803_902_395;

/** A server on this machine; it says that it is five seconds before noon, a day later each time. */
async function startTimeServer() {
  const socket = createSocket("udp4");
  const requests: Uint8Array[] = [];
  socket.on("message", (request, peer) => {
    const bytes = sntpAnswer(request, BEFORE_NOON_S + 86_400 * requests.length);
    requests.push(new Uint8Array(request));
    socket.send(bytes, peer.port, peer.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { at: `127.0.0.1:${socket.address().port}`, requests, close: () => socket.close() };
}

/** @param isTold Whether the network's DHCP names the server; the maker's configuration does where not. */
export function clockCases(board: string, isTold: boolean): void {
  const named = isTold ? "that DHCP names" : "that the maker named";
  test(`${board}: a schedule runs by a server ${named}, without cloud and phone, after a power cut`, async () => {
    const server = await startTimeServer();
    const product = { app: "test/apps/clock-app.ts", board, onboarding: { legacy: [], softAp: false } };
    const { bytes: bundle } = await buildCheckedBundle(
      { ...product, time: { servers: isTold ? [] : [server.at] } },
      readBoard(board),
      { release: "test", atS: 1_790_000_000 },
    );
    const unit = await startAttackedUnit(board, { bundle, ...(isTold && { timeServers: [server.at] }) });
    const session = () =>
      until("a session", async () => {
        const opened = await unit.session();
        return opened.ok ? opened.value : undefined;
      });
    const rings = (count: number) =>
      until(`ring ${count}`, async () => {
        const owner = await session();
        const said = await call(owner, "rings");
        await owner.close();
        return said.ok && said.value === count ? said.value : undefined;
      });
    try {
      const owner = await session();
      expect(await owner.request({ op: "zone", rule: "UTC0" })).toMatchObject({ ok: true });
      await owner.close();
      await rings(1);
      await unit.board.power(false);
      await unit.board.power(true);
      await rings(2);
      const again = await session();
      expect(await call(again, "grade")).toEqual({ ok: true, value: "hint" });
      // To whoever asks for rights the unit says what it said before.
      expect(await describeUnit(again)).toMatchObject({ ok: true, value: { timeGrade: "floor" } });
      await again.close();
      expect(server.requests.length).toBeLessThanOrEqual(4);
      expect(new Set(server.requests.map((request) => toHex(request.subarray(40)))).size).toBe(server.requests.length);
    } finally {
      await unit.stop();
      server.close();
    }
  });
}
