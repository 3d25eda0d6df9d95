/** A release brought by hand: the real carrier and update machines, the phone's real server, sockets between them. */
import { afterEach, expect, test } from "vitest";
import type { Machine } from "#device/machine.ts";
import { createCarrier } from "#device/ota/carrier.ts";
import { createOta } from "#device/ota/ota.ts";
import { openSettings, performOp } from "#device/settings.ts";
import { type StreamServer, serveStreams } from "#phone/serve-streams.ts";
import { readJournal } from "#wire/flash/journal.ts";
import { readPeer } from "#wire/sessions/peer.ts";
import { GEOMETRIES, type Geometry } from "../../powercut/flash-model.ts";
import { imageSets } from "../../powercut/images.ts";
import { crypto, factoryFlash, type Served, serve, TIMES } from "../../powercut/maker.ts";
import { modelOf } from "../../powercut/world.ts";
import { runOnSockets, type SocketRunner } from "../socket-runner.ts";

const NOR = GEOMETRIES[0] as Geometry;
const SETS = imageSets(21_000, 30_000);
const stops: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** Two machines that are shown each other's events, as the runner of a board does. */
function both(a: Machine<unknown>, b: Machine<unknown>): Machine<unknown> {
  return {
    name: "both",
    initial: { a: a.initial, b: b.initial, wakes: [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY] },
    step(state, event) {
      const held = state as { a: unknown; b: unknown };
      const [first, second] = [a.step(held.a, event), b.step(held.b, event)];
      const wakeAtMs = Math.min(
        first.wakeAtMs ?? Number.POSITIVE_INFINITY,
        second.wakeAtMs ?? Number.POSITIVE_INFINITY,
      );
      const next = { state: { a: first.state, b: second.state }, effects: [...first.effects, ...second.effects] };
      return Number.isFinite(wakeAtMs) ? { ...next, wakeAtMs } : next;
    },
  };
}

function startUnit(): { unit: SocketRunner; phase: () => string | undefined } {
  const { bytes, regions } = factoryFlash(NOR, SETS);
  const flash = modelOf(NOR, bytes);
  const settings = openSettings(flash, regions.settings);
  const ota = createOta({ crypto, flash, regions, system: { isTrial: false, resetReason: "power" }, times: TIMES });
  const unit = runOnSockets(both(createCarrier() as Machine<unknown>, ota as Machine<unknown>), settings, (effect) => {
    if (effect.kind === "store") settings.put(effect.name, effect.value);
    else if (effect.kind === "flash-erase" || effect.kind === "flash-write")
      expect(performOp(flash, effect)).toBe(true);
  });
  stops.push(() => unit.stop());
  const phase = () =>
    readJournal({ ...regions.journal, sectorBytes: 4096, writeBytes: 1 }, flash.read).state.job?.phase;
  return { unit, phase };
}

async function startPhone(served: Served): Promise<StreamServer> {
  const server = await serveStreams([...served.streams.values()]);
  stops.push(() => server.stop());
  return server;
}

test("is fetched from the phone alone, checked, and put on trial", async () => {
  const served = serve(SETS[1], undefined);
  const phone = await startPhone(served);
  const { unit, phase } = startUnit();
  unit.show({ kind: "carried-release", signed: served.signed, from: `127.0.0.1:${phone.port}`, isOwners: true });
  await expect.poll(phase).toBe("armed");
  expect(phone.servedBytes()).toBeGreaterThan(20_000);
});

test("goes on where it was when the phone comes again", async () => {
  const served = serve(SETS[1], undefined);
  const { unit, phase } = startUnit();
  unit.show({ kind: "carried-release", signed: served.signed, from: "127.0.0.1:1", isOwners: true });
  await expect.poll(phase).toBe("fetching");
  const phone = await startPhone(served);
  unit.show({ kind: "carried-release", signed: served.signed, from: `127.0.0.1:${phone.port}`, isOwners: true });
  await expect.poll(phase).toBe("armed");
});

test("whose blocks were changed on the way is not installed", async () => {
  const served = serve(SETS[1], undefined);
  const streams = [...served.streams].map(([, bytes]) => bytes.slice());
  const phone = await serveStreams(streams);
  stops.push(() => phone.stop());
  for (const bytes of streams) bytes[7] = (bytes[7] as number) ^ 1;
  const { unit, phase } = startUnit();
  unit.show({ kind: "carried-release", signed: served.signed, from: `127.0.0.1:${phone.port}`, isOwners: true });
  await expect.poll(() => unit.log.join()).toMatch(/LEAVES_HASH|BLOCK_HASH/);
  expect(phase()).toBe("fetching");
});

test("knows whom it can reach: an address and a port, and nothing that only looks like them", () => {
  expect(readPeer("10.0.0.2:65535")).toEqual({ host: "10.0.0.2", port: 65_535 });
  for (const text of ["10.0.0.2:0", "10.0.0.2:65536", "10.0.0.256:80", "10.0.0.2", "10.0.0.2:80 ", "host:80", ""]) {
    expect([text, readPeer(text)]).toEqual([text, undefined]);
  }
});
