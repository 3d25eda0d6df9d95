/** A unit of any board that runs the real bundle and is on its network from the start, with a link that a test sets up. */

import { mkdtempSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withFaultNames } from "#base/faults.ts";
import { drawSubnet } from "#base/host/loopback-subnet.ts";
import { utf8 } from "#base/utf8.ts";
import { buildNative, type Maker, throwawayMaker } from "#boards/qemu-mps2/host/bare-unit.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { openSimStation, type SimStation } from "#boards/sim/host/station.ts";
import { encodeCbor } from "#codec/cbor.ts";
import { buildBundle } from "#factory/bundle/bundle.ts";
import { type FlashImage, firstImages } from "#factory/images.ts";
import { nodePrimitives as crypto } from "#trust/host/node-primitives.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { lineFrameReader } from "#wire/lines/line-frame.ts";
import { decodeRadioCommand, encodeRadioReport, type RadioReport } from "#wire/lines/radio-line.ts";
import { COMPONENT } from "#wire/releases/release.ts";
import { BROKER, SEED } from "../device/link/peers.ts";
import { whileProgressing } from "../progress.ts";

export interface LinkWish {
  readonly mqttPort: number;
  readonly httpPort: number;
  /** The broker's name. */
  readonly broker?: string;
  /** Server's name and DER of the authorities; a link in the clear when absent. */
  readonly pinned?: readonly [serverName: string, authorities: Uint8Array];
  /** Unix seconds. */
  readonly builtS?: number;
  readonly tls?: boolean;
  /** Whose product it is; somebody's whose keys are thrown away when absent. */
  readonly maker?: Maker;
  /** What else it remembers. */
  readonly more?: ReadonlyMap<string, Uint8Array>;
  readonly appOrigins?: readonly string[];
  /** Another bundle than that of the lamp. */
  readonly bundle?: Uint8Array;
  /** IPv4:PORT of servers of the time that the network's DHCP names. The simulated board alone hears of them. */
  readonly timeServers?: readonly string[];
  /** Further arguments for the unit's process. */
  readonly args?: readonly string[];
}

export interface LinkedBoard {
  /** Its address on its network. */
  readonly ipv4: string;
  readonly station: SimStation;
  /** Every line of the unit's log so far. */
  readonly said: readonly string[];
  /** Resolves with the first line after this moment that matches. */
  next(pattern: RegExp): Promise<RegExpExecArray>;
  /** Takes the unit off its network for a moment: it tries again at once. */
  rejoin(): void;
  /** Switches it off and, where wanted, on again. */
  power(on: boolean): Promise<void>;
  close(): Promise<void>;
}

const MAC = Uint8Array.of(2, 0, 0, 0, 0, 7);
let made = 0;
let drawn: Promise<string | undefined> | undefined;
/** A subnet of this process's own, so that units of tests that run at once have addresses of their own. */
async function subnet(): Promise<string> {
  drawn ??= drawSubnet();
  return (await drawn) ?? "127.0.0";
}

/** A radio whose access point takes everybody. */
export function joinEverybody(radio: Socket, ipv4: string, timeServers: readonly string[] = []): void {
  const read = lineFrameReader();
  const joined: RadioReport = { kind: "radio-joined", ipv4, mac: MAC, bssid: MAC, timeServers };
  radio.on("data", (bytes) => {
    for (const frame of read(new Uint8Array(bytes as Buffer))) {
      const command = decodeRadioCommand(frame);
      if (!command.ok) continue;
      if (command.value.kind === "join") radio.write(encodeRadioReport(joined));
      if (command.value.kind === "scan") radio.write(encodeRadioReport({ kind: "radio-scan", accessPoints: [] }));
    }
  });
}

async function startAir(ipv4: string, timeServers: readonly string[] = []) {
  const radios = new Set<Socket>();
  const server = createServer((radio) => {
    radios.add(radio);
    radio.on("error", () => undefined);
    radio.on("close", () => radios.delete(radio));
    joinEverybody(radio, ipv4, timeServers);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    drop: () => {
      for (const radio of radios) radio.write(encodeRadioReport({ kind: "radio-left" }));
    },
    close: () => server.close(),
  };
}

/** What lies in the flash of such a unit. */
export async function linkedImages(name: string, wish: LinkWish): Promise<readonly FlashImage[]> {
  const board = readBoard(name);
  const maker = wish.maker ?? throwawayMaker();
  const { builtS = 1_790_000_000 } = wish;
  const product = { app: "test/apps/lamp.ts", board: name, onboarding: { legacy: [], softAp: false } };
  const appOrigins = wish.appOrigins ?? [];
  const bundle = wish.bundle ?? (await buildBundle({ ...product, appOrigins }, { release: "test", atS: builtS })).bytes;
  const native = name === "sim" ? undefined : await buildNative(name, { tls: wish.tls ?? true });
  const images = new Map([[COMPONENT.js as number, bundle]]);
  if (native !== undefined) images.set(COMPONENT.native, native);
  const first = { signed: maker.sign(1, images), sequence: 1, epoch: 0, bundle, native };
  const values = new Map<string, Uint8Array>([
    [PROVISIONED.product, utf8(maker.product)],
    [PROVISIONED.roots, encodeCbor(maker.roots)],
    [PROVISIONED.keySet, maker.keySet],
    [PROVISIONED.fleet, utf8("lamp")],
    [PROVISIONED.hardware, Uint8Array.of(1, 0)],
    [PROVISIONED.cloud, encodeCbor(["127.0.0.1", wish.mqttPort, wish.httpPort, wish.broker ?? BROKER])],
    [OWN.key, SEED],
    [OWN.wifi, Uint8Array.of(4, ...utf8("Home"), 0)],
    [OWN.provisioned, encodeCbor([])],
    ...(wish.more ?? []),
  ]);
  if (wish.pinned !== undefined) values.set(PROVISIONED.cloudTls, encodeCbor([...wish.pinned]));
  return firstImages(board.flash, { ...first, entropySeed: crypto.random(32) }, values);
}

/** Makes one and switches it on. */
export async function startLinkedBoard(name: string, wish: LinkWish): Promise<LinkedBoard> {
  const board = readBoard(name);
  const ipv4 = `${await subnet()}.${1 + (made++ % 250)}`;
  const air = await startAir(ipv4, wish.timeServers);
  const flashPath = join(mkdtempSync(join(tmpdir(), "latchkey-linked-")), "flash.bin");
  const station = openSimStation(board, flashPath, `127.0.0.1:${air.port}`, wish.args);
  await station.flash(await linkedImages(name, wish));
  const said: string[] = [];
  const waiting = new Set<(line: string) => void>();
  async function power(on: boolean): Promise<void> {
    await station.power(on);
    station.unit()?.onLine((unnamed) => {
      const line = withFaultNames(unnamed);
      said.push(line);
      for (const each of waiting) each(line);
    });
  }
  await power(true);
  return {
    ipv4,
    station,
    said,
    power,
    next: (pattern) => {
      let stop = () => {};
      return whileProgressing<RegExpExecArray>(
        (progress) =>
          new Promise((resolve) => {
            const see = (line: string) => {
              progress();
              const found = pattern.exec(line);
              if (found !== null) resolve(found);
            };
            waiting.add(see);
            stop = () => waiting.delete(see);
          }),
        () => `${name}: no line ${pattern}: ${said.join(" | ")} ${station.unit()?.errors()}`,
      ).finally(() => stop());
    },
    rejoin: air.drop,
    async close() {
      await station.power(false);
      air.close();
    },
  };
}
