/** The units whose owners delegated a chain to this gateway: kept in the store, each with its one session. */
import { equal, fromHex, toHex } from "#base/bytes.ts";
import { ok } from "#base/faults.ts";
import type { GatewayStore, UnitRow } from "#gateway/store/schema.ts";
import { describeApp, describeUnit, readUnitDescription, type UnitDescription } from "#phone/describe.ts";
import { learn } from "#phone/learn.ts";
import type { Session } from "#phone/session.ts";
import type { Description } from "#wire/describe.ts";
import { readChain } from "#wire/grants/grant.ts";
import { RIGHT, rightsFor } from "#wire/grants/scope.ts";
import type { CloudAddress } from "#wire/link/cloud-address.ts";
import { type Answer, createUnitConnection, type UnitConnection } from "./unit-connection.ts";
import { openWay, type UnitPlace } from "./unit-routes.ts";

export interface GatewayUnit {
  readonly id: string;
  /** What people call it here. */
  readonly name: string;
  readonly connection: UnitConnection;
  /** What it said of itself last; undefined before it was reached. */
  readonly description: UnitDescription | undefined;
  /** What its app takes and gives; undefined before it was reached, and for a unit that doesn't say. */
  readonly app: Description | undefined;
  /** Whether every link of the chain has the right to install releases. */
  readonly mayFlash: boolean;
  readonly place: UnitPlace;
  /** What the unit offers, asked again where it isn't known yet. */
  described(): Promise<Answer<UnitDescription>>;
  /** What the unit says of itself at this moment. */
  look(): Promise<Answer<UnitDescription>>;
}

/** A chain that can't be used; one line that says what to do. */
export class UnitTrouble extends Error {
  override name = "UnitTrouble";
}

/** What an owner delegated to this gateway, by the chain. */
interface Delegation {
  readonly id: string;
  readonly name: string;
  readonly addedMs: number;
  /** Public key of whoever delegated it. */
  readonly by: Uint8Array;
  readonly cti: Uint8Array;
  /** The earliest end of its links; undefined where none ends. */
  readonly expiresAtS: number | undefined;
  readonly mayFlash: boolean;
  /** Whether it is for a key that this gateway had before. */
  readonly isStale: boolean;
}

/** What an owner's phone tells of a unit. */
interface NewUnit extends Partial<Pick<UnitPlace, "cloud" | "cloudTls">> {
  readonly id: string;
  readonly name: string;
  readonly chain: Uint8Array;
  readonly host: string;
  readonly port: number;
}

export interface Units {
  list(): readonly GatewayUnit[];
  find(id: string): GatewayUnit | undefined;
  /** All chains that owners delegated, those for an earlier key of this gateway too. */
  delegations(): readonly Delegation[];
  /** Takes a chain that ends in this gateway's key; a newer one replaces the one before. @throws UnitTrouble */
  add(unit: NewUnit): Promise<GatewayUnit>;
  rename(id: string, name: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** Is told when a unit was added or removed. */
  onChange(listener: () => void): void;
  close(): Promise<void>;
}

interface UnitsParts {
  readonly store: GatewayStore;
  readonly holderSeed: Uint8Array;
  readonly publicKey: Uint8Array;
  /** Takes one line about a unit that can't be used. */
  log?(line: string): void;
  /** Opens a session; another one than the usual where units are elsewhere than on a network. */
  readonly open?: typeof openWay;
}

/** @throws UnitTrouble for what no unit would take from this gateway. */
function checkChain(chain: Uint8Array, id: string, publicKey: Uint8Array): { readonly mayFlash: boolean } {
  const links = readChain(chain);
  if (!links.ok)
    throw new UnitTrouble(`not a chain (${links.fault}); make one with: latchkey phone share --to-gateway`);
  const last = links.value.at(-1);
  if (last === undefined || !equal(last.claims.holder, publicKey)) {
    throw new UnitTrouble(
      "this chain is for another key than this gateway's; make one with: latchkey phone share --to-gateway",
    );
  }
  if (links.value.length < 2) throw new UnitTrouble("a gateway takes no grant of an owner, only a delegated key");
  const other = links.value.find(
    ({ claims: { audience } }) => audience?.kind === "device" && toHex(audience.id) !== id,
  );
  if (other !== undefined) throw new UnitTrouble(`this chain is for another unit than ${id}`);
  return { mayFlash: links.value.every(({ claims }) => (rightsFor(claims.scope, "*") & RIGHT.flash) !== 0) };
}

function delegationOf({ id, name, chain, added_ms }: UnitRow, publicKey: Uint8Array): readonly Delegation[] {
  const links = readChain(chain);
  const [last, before] = links.ok ? [links.value.at(-1), links.value.at(-2)] : [];
  if (!links.ok || last === undefined || before === undefined) return [];
  const ends = links.value.flatMap(({ claims: { expiresAtS } }) => expiresAtS ?? []);
  return [
    {
      ...{ id, name, addedMs: added_ms, by: before.claims.holder, cti: last.claims.cti },
      expiresAtS: ends.length === 0 ? undefined : Math.min(...ends),
      mayFlash: links.value.every(({ claims }) => (rightsFor(claims.scope, "*") & RIGHT.flash) !== 0),
      isStale: !equal(last.claims.holder, publicKey),
    },
  ];
}

export async function openUnits(parts: UnitsParts): Promise<Units> {
  const { store, holderSeed, publicKey, open = openWay, log } = parts;
  /** Units whose owners delegate anew, since the gateway has another key now. */
  const stale = new Map<string, UnitRow>();
  const units = new Map<string, GatewayUnit & { row: UnitRow }>();
  const listeners: (() => void)[] = [];

  const put = (row: UnitRow) => {
    const { id: _, ...rest } = row;
    return store.write(async (tx) => {
      await tx
        .insertInto("units")
        .values(row)
        .onConflict((conflict) => conflict.column("id").doUpdateSet(rest))
        .execute();
    });
  };

  function hold(row: UnitRow): GatewayUnit & { row: UnitRow } {
    const { mayFlash } = checkChain(row.chain, row.id, publicKey);
    const deviceId = fromHex(row.id) as Uint8Array;
    let description: UnitDescription | undefined;
    let app: Description | undefined;
    /** After each handshake: a unit that got a release offers other names. */
    const notice = async (session: Session) => {
      const told = await describeUnit(session);
      if (told.ok) description = told.value;
      const described = await describeApp(session);
      if (described.ok) app = described.value;
      if (!told.ok || unit.row.cloud !== "") return;
      const learned = await learn(session);
      const { cloud, cloudTls } = learned.ok ? learned.value : {};
      if (cloud === undefined) return;
      const known = { cloud: JSON.stringify(cloud), cloud_tls: cloudTls === undefined ? "" : toHex(cloudTls) };
      unit.row = { ...unit.row, ...known };
      await put(unit.row);
    };
    const connection = createUnitConnection(async () => {
      const opened = await open(unit.place, { deviceId, chain: row.chain, holderSeed });
      if (!opened.ok) return opened;
      if (opened.value.foundAt !== undefined) {
        unit.row = { ...unit.row, ...opened.value.foundAt };
        await put(unit.row);
      }
      await notice(opened.value.session);
      return ok(opened.value.session);
    });
    const unit = {
      id: row.id,
      row,
      mayFlash,
      connection,
      get name() {
        return unit.row.name;
      },
      get description() {
        return description;
      },
      get app() {
        return app;
      },
      get place(): UnitPlace {
        const { host, port, cloud, cloud_tls } = unit.row;
        return {
          host,
          port,
          cloudTls: cloud_tls,
          cloud: cloud === "" ? undefined : (JSON.parse(cloud) as CloudAddress),
        };
      },
      async described(): Promise<Answer<UnitDescription>> {
        if (description !== undefined) return ok(description);
        const answer = await connection.request({ op: "events", after: Number.MAX_SAFE_INTEGER }, true);
        if (description !== undefined) return ok(description);
        return answer.ok ? { ok: false, fault: "SESSION_ANSWER" } : answer;
      },
      async look(): Promise<Answer<UnitDescription>> {
        const answer = await connection.request({ op: "describe" }, true);
        if (!answer.ok) return answer;
        const told = readUnitDescription(answer.value);
        if (told.ok) description = told.value;
        return told;
      },
    };
    units.set(row.id, unit);
    return unit;
  }

  for (const row of await store.db.selectFrom("units").selectAll().execute()) {
    try {
      hold(row);
    } catch (error) {
      if (!(error instanceof UnitTrouble)) throw error;
      stale.set(row.id, row);
      log?.(`unit ${row.name} (${row.id}) is not reached: ${error.message}`);
    }
  }
  const known = (id: string) => {
    const unit = units.get(id);
    if (unit === undefined) throw new UnitTrouble(`there is no unit ${id} here`);
    return unit;
  };
  const changed = () => {
    for (const listener of listeners) listener();
  };

  return {
    list: () => [...units.values()],
    find: (id) => units.get(id),
    delegations: () =>
      [...units.values()]
        .flatMap(({ row }) => delegationOf(row, publicKey))
        .concat([...stale.values()].flatMap((row) => delegationOf(row, publicKey))),
    async add({ id, name, chain, host, port, cloud, cloudTls }) {
      checkChain(chain, id, publicKey);
      const before = units.get(id);
      const told = cloud === undefined ? undefined : { cloud: JSON.stringify(cloud), cloud_tls: cloudTls ?? "" };
      const kept = { cloud: before?.row.cloud ?? "", cloud_tls: before?.row.cloud_tls ?? "" };
      const row = { id, name, chain, host, port, ...(told ?? kept), added_ms: Date.now() };
      await put(row);
      await before?.connection.close();
      stale.delete(id);
      const unit = hold(row);
      changed();
      return unit;
    },
    async rename(id, name) {
      const unit = known(id);
      unit.row = { ...unit.row, name };
      await put(unit.row);
      changed();
    },
    async remove(id) {
      const unit = stale.has(id) ? undefined : known(id);
      units.delete(id);
      await store.write(async (tx) => {
        await tx.deleteFrom("units").where("id", "=", id).execute();
      });
      stale.delete(id);
      await unit?.connection.close();
      changed();
    },
    onChange: (listener) => void listeners.push(listener),
    async close() {
      await Promise.all([...units.values()].map(({ connection }) => connection.close()));
    },
  };
}
