/**
 * The factory line: makes one unit, step by step, and stops at the first deviation. Nothing is written
 * to the registry before the print has been read back and the unit has shown that it remembers what it was given.
 */
import { equal, toHex } from "#base/bytes.ts";
import { faultOf } from "#base/faults.ts";
import type { Primitives } from "#trust/primitives.ts";
import { appKeyOf } from "./app-key.ts";
import { cloudTlsOf } from "./authorities.ts";
import type { FlashConfig } from "./config.ts";
import { type Identity, type MakerKeys, makeIdentity } from "./identity.ts";
import { LineError } from "./line-error.ts";
import { type Printed, printSheets } from "./print.ts";
import type { Registry } from "./registry.ts";
import type { Station } from "./station.ts";

interface LineInput {
  readonly config: FlashConfig;
  readonly keys: MakerKeys;
  readonly station: Station;
  readonly registry: Registry;
  readonly crypto: Primitives;
  /** What goes where in flash, the first release's images and journal. */
  readonly images: readonly { readonly address: number; readonly bytes: Uint8Array }[];
  /** Names the release in the registry. */
  readonly release: string;
  readonly nowS: number;
  /** Runs one step; shows its name, time and outcome. */
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
}

export interface MadeUnit extends Printed {
  readonly id: Uint8Array;
  /** How the device key lies in its flash, as the unit says; undefined where it says nothing of it. */
  readonly deviceKey: string | undefined;
}

/** Makes one unit and leaves it with power, listening for Wi-Fi. Throws LineError. */
export async function makeUnit(input: LineInput): Promise<MadeUnit> {
  const { config, station, registry, crypto, step } = input;
  // A file that is wrong is refused before the flash is touched.
  cloudTlsOf(config);
  appKeyOf(config);
  await step("flash", () => station.flash(input.images));
  await step("power on", () => station.power(true));
  const publicKey = await step("unit makes its key", async () => {
    const identity = await station.ask({ kind: "identify" });
    if (identity.kind !== "identity") throw new LineError("the unit doesn't say who it is; flash it again");
    return identity.publicKey;
  });
  const identity = makeIdentity(crypto, config, input.keys, publicKey, input.nowS);
  await step("owner's grant", () => provision(station, identity));
  const printed = await step("label and card", () => printSheets(config, identity));
  await step("unit remembers", () => checkUnit(station, crypto, identity));
  const deviceKey = station.deviceKey?.();
  if (station.listening !== undefined) await step("listens for Wi-Fi", () => station.listening?.() as Promise<void>);
  await step("registry", async () =>
    registry.add({
      id: toHex(identity.id),
      product: config.product,
      board: config.board,
      hardwareRevision: config.hardwareRevision,
      fleet: config.fleet,
      cards: config.cards,
      publicKey,
      grantCti: identity.grantCti,
      release: input.release,
      madeAtS: input.nowS,
      ...(deviceKey !== undefined && { deviceKey }),
    }),
  );
  return { id: identity.id, deviceKey, ...printed };
}

async function provision(station: Station, identity: Identity): Promise<void> {
  const done = await station.ask({ kind: "provision", values: identity.values });
  if (done.kind !== "done" || done.fault !== 0) {
    const fault = done.kind === "done" ? (faultOf(done.fault) ?? done.fault) : done.kind;
    throw new LineError(`the unit doesn't take its identity (${fault}); erase and flash it again`);
  }
}

/** Asks the unit, started anew since, for digests of what it was given. */
async function checkUnit(station: Station, crypto: Primitives, identity: Identity): Promise<void> {
  const state = await station.ask({ kind: "check" });
  if (state.kind !== "state") throw new LineError("the unit doesn't tell what it remembers; flash it again");
  for (const [name, value] of identity.values) {
    const digest = state.digests.get(name);
    if (digest === undefined || !equal(digest, crypto.sha512(value).slice(0, digest.length))) {
      throw new LineError(`the unit doesn't remember its ${name}; its flash may be worn: take another unit`);
    }
  }
}
