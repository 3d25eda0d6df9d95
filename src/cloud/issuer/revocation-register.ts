/**
 * The revocation statements that the cloud forwards, by audience, and which units have acknowledged them. The cloud
 * can't sign any itself, and units verify each one (PROTOCOL 4.7).
 */
import { equal, toHex, viewOf } from "#base/bytes.ts";
import type { Device, Fleet } from "#cloud/fleet.ts";
import type { Store } from "#cloud/store/store.ts";
import type { WriteQueue } from "#cloud/store/write-queue.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import {
  DELIVERY_MAX,
  type Delivered,
  deliveryTagOf,
  encodeDelivery,
  type Revocation,
  readDelivery,
  readRevocation,
  splitCtis,
} from "#wire/grants/revocation.ts";

/** Revocations that can't be taken. The message is one line that says what to do. */
export class RevocationTrouble extends Error {
  override name = "RevocationTrouble";
}

export interface RevocationScope {
  readonly kind: "fleet" | "device";
  readonly name: string;
}

export interface RevocationStatus {
  readonly scope: RevocationScope;
  readonly statements: number;
  /** Units that it is for, and those that have taken all that is for them. */
  readonly devices: number;
  readonly taken: number;
  /** Some of those that have not, by ID. */
  readonly missing: readonly string[];
}

export interface RevocationRegister {
  /**
   * Keeps statements for a fleet or a unit; durable when this resolves. An older statement
   * whose content a newer one repeats is dropped. A
   * statement is refused whose sequence is not above the last of its key that a unit here was handed: it would have no effect.
   * @throws RevocationTrouble
   */
  add(scope: RevocationScope, delivery: Uint8Array, nowMs: number): Promise<void>;
  /** All that a unit should know, or undefined when that is nothing. */
  deliveryFor(device: Pick<Device, "id" | "fleet">): Uint8Array | undefined;
  /** Takes down what a unit says that it took; false: nothing new. */
  took(device: Device, tag: number): boolean;
  hasTaken(device: Pick<Device, "id" | "fleet">): boolean;
  status(): readonly RevocationStatus[];
}

/** A unit takes packets of 4,352 bytes. */
const DELIVERY_BYTES_MAX = 4_096;
const MISSING_TOLD = 20;

interface Kept extends Delivered {
  readonly content: Revocation;
  readonly kid: Uint8Array | undefined;
}

const sameBytes = (a: Uint8Array | undefined, b: Uint8Array | undefined) =>
  a === undefined || b === undefined ? a === b : equal(a, b);

/** Whether a newer statement of the same key says all that an older one did. */
function replaces(newer: Kept, older: Kept): boolean {
  if (!sameBytes(newer.kid, older.kid) || !sameBytes(newer.chain, older.chain)) return false;
  const [is, was] = [newer.content, older.content];
  if (JSON.stringify(is.audience) !== JSON.stringify(was.audience)) return false;
  // A unit raises a floor by one at a time, so each step stays.
  if (is.floor !== was.floor || is.sequence <= was.sequence) return false;
  const named = new Set(splitCtis(is.revoked).map(toHex));
  return splitCtis(was.revoked).every((cti) => named.has(toHex(cti)));
}

function keptOf(delivery: Uint8Array): readonly Kept[] {
  const delivered = readDelivery(delivery);
  if (!delivered.ok || delivered.value.length === 0) {
    throw new RevocationTrouble("not a revocation; make one with: latchkey grant revoke --out FILE");
  }
  return delivered.value.map((each) => {
    const read = readRevocation(each.statement);
    if (!read.ok) throw new RevocationTrouble(`a statement can't be read (${read.fault}); make it again`);
    return { ...each, content: read.value.content, kid: read.value.signed.kid };
  });
}

const keyOf = ({ kind, name }: RevocationScope) => `revocation/${kind}/${name}`;
const TAKEN = "revoked/";

export async function openRevocationRegister(
  store: Store,
  queue: WriteQueue,
  fleet: Fleet,
): Promise<RevocationRegister> {
  const lists = new Map<string, { readonly scope: RevocationScope; readonly kept: readonly Kept[] }>();
  const taken = new Map<string, number>();
  for (const { name, bytes } of await store.db.selectFrom("records").selectAll().execute()) {
    const [place, kind, of = ""] = name.split("/");
    if (name.startsWith(TAKEN)) taken.set(kind ?? "", viewOf(Uint8Array.from(bytes)).getUint32(0));
    else if (place === "revocation" && (kind === "fleet" || kind === "device")) {
      lists.set(name, { scope: { kind, name: of }, kept: keptOf(Uint8Array.from(bytes)) });
    }
  }

  const keep = (name: string, bytes: Uint8Array) =>
    queue.also(async (tx) => {
      const row = { name, bytes: Buffer.from(bytes) };
      await tx
        .insertInto("records")
        .values(row)
        .onConflict((conflict) => conflict.column("name").doUpdateSet({ bytes: row.bytes }))
        .execute();
    });

  const keptFor = (scope: RevocationScope) => lists.get(keyOf(scope))?.kept ?? [];
  const joined = (fleetName: string, id: string, changed?: RevocationScope, list: readonly Kept[] = []) => {
    const of = (scope: RevocationScope) =>
      changed !== undefined && keyOf(changed) === keyOf(scope) ? list : keptFor(scope);
    const all = [...of({ kind: "fleet", name: fleetName }), ...of({ kind: "device", name: id })];
    return all.sort((a, b) => a.content.sequence - b.content.sequence);
  };

  const self: RevocationRegister = {
    async add(scope, delivery, nowMs) {
      const before = keptFor(scope);
      const fresh = keptOf(delivery).filter((each) => !before.some((old) => equal(old.statement, each.statement)));
      const foreign = fresh.find(({ content: { audience } }) =>
        audience.kind === "device"
          ? scope.kind !== "device" || toHex(audience.id) !== scope.name
          : audience.kind === "fleet" && scope.kind === "fleet" && audience.name !== scope.name,
      );
      if (foreign !== undefined) {
        throw new RevocationTrouble(`a statement is for others than ${scope.kind} ${scope.name}; they would refuse it`);
      }
      for (const [at, each] of fresh.entries()) {
        const last = lastBefore(scope, each, fresh.slice(0, at));
        if (last !== undefined && each.content.sequence <= last) {
          throw new RevocationTrouble(
            `units would pass this statement over: its sequence is ${each.content.sequence}, and ${last} of the same key was published before. Sign it again with --sequence ${last + 1}`,
          );
        }
      }
      const all = [...before, ...fresh];
      const kept = all.filter((old) => !all.some((each) => replaces(each, old)));
      // With what some units have of their own it must still be one delivery.
      const ids = scope.kind === "device" ? [scope.name] : ["", ...devicesWithOwn(scope.name)];
      for (const id of ids) {
        const fleetName = scope.kind === "fleet" ? scope.name : (fleet.get(id)?.fleet ?? "");
        const each = joined(fleetName, id, scope, kept);
        if (each.length > DELIVERY_MAX || encodeDelivery(each).length > DELIVERY_BYTES_MAX) {
          throw new RevocationTrouble(
            `units take ${DELIVERY_MAX} statements and ${DELIVERY_BYTES_MAX} bytes; sign one newer statement that names all cti of the older ones`,
          );
        }
      }
      lists.set(keyOf(scope), { scope, kept });
      keep(keyOf(scope), encodeDelivery(kept));
      const because = `${fresh.length} new, ${kept.length} in force`;
      queue.event({ at_ms: nowMs, subject: `${scope.kind} ${scope.name}`, what: "revoked", because });
      await queue.commit();
    },
    deliveryFor({ fleet: name, id }) {
      const all = joined(name, id);
      return all.length === 0 ? undefined : encodeDelivery(all);
    },
    took(device, tag) {
      if (taken.get(device.id) === tag) return false;
      taken.set(device.id, tag);
      const bytes = new Uint8Array(4);
      viewOf(bytes).setUint32(0, tag);
      keep(`${TAKEN}${device.id}`, bytes);
      return true;
    },
    hasTaken(device) {
      const delivery = self.deliveryFor(device);
      return delivery === undefined || taken.get(device.id) === deliveryTagOf(nodePrimitives.sha256, delivery);
    },
    status() {
      return [...lists.values()].map(({ scope, kept }) => {
        const members = [...fleet.all()].filter(
          (each) => (scope.kind === "fleet" ? each.fleet : each.id) === scope.name,
        );
        const missing = members.filter((each) => !self.hasTaken(each)).map(({ id }) => id);
        const [devices, statements] = [members.length, kept.length];
        return { scope, statements, devices, taken: devices - missing.length, missing: missing.slice(0, MISSING_TOLD) };
      });
    },
  };

  /** The highest sequence of the same key that some unit of this scope has been handed, or is about to be. */
  function lastBefore(scope: RevocationScope, { kid, chain }: Kept, more: readonly Kept[]): number | undefined {
    const others: readonly RevocationScope[] =
      scope.kind === "fleet"
        ? devicesWithOwn(scope.name).map((name) => ({ kind: "device", name }))
        : [{ kind: "fleet", name: fleet.get(scope.name)?.fleet ?? "" }];
    const sequences = [...more, ...[scope, ...others].flatMap(keptFor)]
      .filter((each) => sameBytes(each.kid, kid) && sameBytes(each.chain, chain))
      .map(({ content }) => content.sequence);
    return sequences.length === 0 ? undefined : Math.max(...sequences);
  }

  function devicesWithOwn(fleetName: string): readonly string[] {
    const own = [...lists.values()].filter(({ scope }) => scope.kind === "device").map(({ scope }) => scope.name);
    return own.filter((id) => fleet.get(id)?.fleet === fleetName);
  }

  return self;
}
