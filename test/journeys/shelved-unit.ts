/** A unit that was made ten years ago and never switched on since, and its maker, who has changed everything meanwhile. */
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "#base/bytes.ts";
import { withFaultNames } from "#base/faults.ts";
import { freePort } from "#base/host/free-port.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { openSimStation, type SimStation } from "#boards/sim/host/station.ts";
import { type EmulatedAir, startAir } from "#cli/emulated-air.ts";
import { enrolmentOf } from "#cli/factory/enrolment.ts";
import { firstFlash } from "#cli/factory/first-flash.ts";
import { makerKeys, newMakerKeys } from "#cli/maker-keys.ts";
import { latchkey } from "#cli/story/world.ts";
import { buildRelease, signReleaseFile } from "#cloud/releases/release-build.ts";
import { buildBundle } from "#factory/bundle/bundle.ts";
import { type FlashConfig, readFlashConfig } from "#factory/config.ts";
import { type MadeUnit, makeUnit } from "#factory/line.ts";
import { openRegistry, type UnitRow } from "#factory/registry.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { type ReleaseFile, writeReleaseFile } from "#trust/host/release-file.ts";
import { COMPONENT } from "#wire/releases/release.ts";
import { type CloudProcess, startCloudProcess } from "../cloud/broker/linked-unit.ts";
import { type Certified, certify } from "../tls/authority.ts";

const YEAR_S = 365 * 86_400;
export const NOW_S = Math.floor(Date.now() / 1000);
/** When the unit was made, and its bundle built. */
const MADE_S = NOW_S - 10 * YEAR_S;
export const SERVER_NAME = "cloud.lamp.example";
export const BROKER = "lamp-cloud";
export const HOME = { ssid: "Attic", passphrase: "under the roof" } as const;

export const validFor = (fromS: number, toS: number) => ({ notBeforeS: fromS, notAfterS: toS });

export interface Shelf {
  readonly folder: string;
  readonly config: FlashConfig;
  readonly made: MadeUnit;
  readonly id: string;
  readonly mqttPort: number;
  readonly httpPort: number;
  readonly air: EmulatedAir;
  /** The factory's authority, and the spare that was pinned beside it. */
  readonly authorities: readonly [Certified, Certified];
  file(name: string): string;
  /** What a cloud is told of the unit. */
  enrolment(): readonly object[];
  /** Options of the owner's phone. */
  readonly phone: readonly string[];
  /** Switches the unit on; what it says from then on. */
  start(): Promise<readonly string[]>;
  /** Holds the unit's button for so long. */
  press(heldMs: number): void;
  /** A cloud whose server certificate somebody vouches for, on the factory's ports or others, with the maker's keys from their folder or another. */
  cloud(
    server: Certified,
    ports?: { readonly mqttPort: number; readonly httpPort: number },
    keys?: string,
  ): Promise<CloudProcess>;
  /** Makes one more unit now, with the maker's present keys, and gives it power. @returns What opens a session with it. */
  another(): Promise<{ readonly made: MadeUnit; readonly phone: readonly string[] }>;
  /** Signs a release with the present release key. */
  release(sequence: number): Promise<{ readonly path: string; readonly file: ReleaseFile }>;
  stop(): Promise<void>;
}

/** Runs the command line; throws with what it said when it fails. */
export async function good(...words: string[]): Promise<Readonly<Record<string, unknown>>> {
  const told = await latchkey(...words);
  if (told.code !== 0) throw new Error(`latchkey ${words.join(" ")}: ${told.errors}`);
  return told.json ?? {};
}

/** The key folder's files with which a unit climbs from any set to the newest. */
export function keySetFiles(keys: string): string[] {
  return readdirSync(keys)
    .filter((name) => /^keyset(-\d+)?\.cose$/.test(name))
    .map((name) => join(keys, name));
}

export async function shelvedUnit(): Promise<Shelf> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-shelf-"));
  const file = (name: string) => join(folder, name);
  const put = (name: string, text: string) => {
    writeFileSync(file(name), text, { mode: 0o600 });
    return file(name);
  };
  const validThen = validFor(MADE_S - YEAR_S, MADE_S + 3 * YEAR_S);
  const authorities = [
    certify({ name: "First authority", isAuthority: true, ...validThen }),
    certify({ name: "Spare authority", isAuthority: true, ...validThen }),
  ] as const;
  const [mqttPort, httpPort] = [await freePort(), await freePort()];
  const config: FlashConfig = {
    ...readFlashConfig("flash.config.json"),
    cards: "all",
    keys: file("keys"),
    output: file("out"),
    cloud: {
      ...{ host: "127.0.0.1", mqttPort, httpPort, broker: BROKER, serverName: SERVER_NAME },
      ca: put("then.pem", authorities.map(({ certificatePem }) => certificatePem).join("")),
    },
  };
  mkdirSync(config.output);
  newMakerKeys(config.keys, config.product);
  const air = await startAir(HOME);
  const board = readBoard("sim");
  const flashPath = file("unit.flash");
  const station = openSimStation(board, flashPath, air.radio);
  const sign = async (sequence: number, atS: number): Promise<ReleaseFile> => {
    const bundle = await buildBundle({ ...config, board: "sim" }, { release: String(sequence), atS });
    const plan = {
      ...{ product: config.product, sequence, hardware: [config.hardwareRevision], consent: "auto" as const, epoch: 0 },
      ...{ notAfterS: undefined, images: new Map([[COMPONENT.js, bundle.bytes]]), bases: [] },
    };
    return signReleaseFile(buildRelease(plan), readKeyFile(join(config.keys, "release.key"), "release").seed);
  };
  const registryPath = join(config.output, "registry.db");
  const make = async (on: SimStation, atS: number) => {
    const keys = makerKeys(config);
    const registry = openRegistry(registryPath);
    return makeUnit({
      ...{ config, keys, station: on, registry, crypto: nodePrimitives, release: "1", nowS: atS },
      images: firstFlash(config, board, await sign(1, atS), keys, "release 1"),
      step: (_, work) => work(),
    }).finally(() => registry.close());
  };
  const made = await make(station, MADE_S);
  const registry = openRegistry(registryPath);
  const row = registry.find(toHex(made.id)) as UnitRow;
  registry.close();
  await station.power(false);
  const others: SimStation[] = [];
  const clouds: CloudProcess[] = [];
  let said: string[] = [];
  return {
    enrolment: () => [enrolmentOf(row)],
    ...{ folder, config, made, id: toHex(made.id), mqttPort, httpPort, air, authorities, file },
    phone: ["--json", "--memory", file("phone.json"), "--label", made.labelPng, "--card", made.cardPng],
    async start() {
      said = [];
      await station.power(true);
      station.unit()?.onLine((line) => said.push(withFaultNames(line)));
      return said;
    },
    press: (heldMs) => station.unit()?.send({ heldMs }),
    async cloud(server, ports = { mqttPort, httpPort }, keys = config.keys) {
      const name = `server-${clouds.length}`;
      const cloud = await startCloudProcess([
        ...["--data", file("cloud"), "--keys", keys, "--name", BROKER],
        ...["--mqtt-port", String(ports.mqttPort), "--http-port", String(ports.httpPort)],
        ...["--tls-key", put(`${name}.key`, server.keyPem), "--tls-cert", put(`${name}.pem`, server.certificatePem)],
      ]);
      clouds.push(cloud);
      return cloud;
    },
    async another() {
      const other = openSimStation(board, file(`unit-${others.length}.flash`), air.radio);
      others.push(other);
      const unit = await make(other, NOW_S);
      await other.power(true);
      const codes = ["--label", unit.labelPng, "--card", unit.cardPng];
      return { made: unit, phone: ["--json", "--memory", file("phone.json"), ...codes] };
    },
    async release(sequence) {
      const signed = await sign(sequence, NOW_S);
      const path = file(`${config.product}-${sequence}.release`);
      writeReleaseFile(path, signed);
      return { path, file: signed };
    },
    async stop() {
      for (const each of [station, ...others]) await each.power(false);
      for (const { child, ended } of clouds) {
        child.kill("SIGTERM");
        await ended;
      }
      await air.child.stop();
    },
  };
}
