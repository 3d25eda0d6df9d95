/** The line's registry of the units it made: SQLite in a file. It holds no secret: no card, no key, no air key. */
import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import Database from "libsql";

export interface UnitRow {
  readonly id: string;
  readonly product: string;
  readonly board: string;
  readonly hardwareRevision: number;
  readonly fleet: string;
  /** What its owner's card may do. */
  readonly cards: "noFlash" | "all";
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The owner's grant's token ID: what a revocation names. */
  readonly grantCti: Uint8Array;
  readonly release: string;
  /** Unix seconds. */
  readonly madeAtS: number;
  /** How the device key lay in its flash when it was made, as the unit said. Absent where it said nothing, as on chips that can't seal it. */
  readonly deviceKey?: string;
}

export interface Registry {
  /** Adds a unit. Throws RegistryError when the ID is there already. */
  add(unit: UnitRow): void;
  find(id: string): UnitRow | undefined;
  /** Notes the grant that takes the place of a unit's earlier one. */
  regrant(id: string, grantCti: Uint8Array): void;
  /** All units, in the order in which they were made. */
  list(): readonly UnitRow[];
  count(): number;
  close(): void;
}

/** The registry can't be used; the message is one line that says what to do. */
class RegistryError extends Error {
  override name = "RegistryError";
}

const SCHEMA = `CREATE TABLE IF NOT EXISTS units (
  id TEXT PRIMARY KEY, product TEXT NOT NULL, board TEXT NOT NULL, publicKey BLOB NOT NULL,
  grantCti BLOB NOT NULL, release TEXT NOT NULL, madeAtS INTEGER NOT NULL,
  hardwareRevision INTEGER NOT NULL DEFAULT 1, fleet TEXT NOT NULL DEFAULT '', cards TEXT NOT NULL DEFAULT 'noFlash',
  deviceKey TEXT) STRICT`;

/** Columns that registries of older lines lack, with what their units were made as. */
const ADDED = [
  "hardwareRevision INTEGER NOT NULL DEFAULT 1",
  "fleet TEXT NOT NULL DEFAULT ''",
  "cards TEXT NOT NULL DEFAULT 'noFlash'",
  "deviceKey TEXT",
];

function bringUpToDate(database: Database.Database): void {
  database.exec(SCHEMA);
  const there = database.prepare("SELECT name FROM pragma_table_info('units')").all() as { name: string }[];
  for (const column of ADDED) {
    const [name] = column.split(" ");
    if (!there.some((each) => each.name === name)) database.exec(`ALTER TABLE units ADD COLUMN ${column}`);
  }
}

/** Says in one line what is wrong with a registry and what to do. */
function trouble(path: string, error: unknown): RegistryError {
  const { code = "", message = "" } = error as { code?: string; message?: string };
  const text = `${code} ${message}`;
  if (/NOTADB|CORRUPT|malformed|not a database/i.test(text)) {
    return new RegistryError(
      `the registry ${path} is damaged (truncated or not SQLite); put a backup back, or move it away to begin a new one`,
    );
  }
  if (/FULL|ENOSPC|disk is full/i.test(text))
    return new RegistryError(`no space left for the registry ${path}; free some and try again`);
  if (/BUSY|locked/i.test(text))
    return new RegistryError(`the registry ${path} is in use by another line; wait or stop that one`);
  if (/CONSTRAINT/i.test(text))
    return new RegistryError(`the registry ${path} has this unit already; it was made before`);
  return new RegistryError(`the registry ${path} can't be used (${text.trim()}); check its folder's permissions`);
}

/** A row as it comes from the library, whose bytes are a Buffer or an ArrayBuffer. */
function rowOf(row: unknown): UnitRow | undefined {
  if (row === undefined) return undefined;
  const { publicKey, grantCti, deviceKey, ...rest } = row as UnitRow & { readonly deviceKey: string | null };
  const key = deviceKey === null ? {} : { deviceKey };
  return { ...rest, ...key, publicKey: new Uint8Array(publicKey), grantCti: new Uint8Array(grantCti) };
}

/** Opens the registry, making it when it isn't there. Throws RegistryError. */
export function openRegistry(path: string): Registry {
  let database: Database.Database;
  try {
    mkdirSync(dirname(path), { recursive: true });
    // SQLite takes a file of zero bytes for a new database; one that has shrunk to nothing has lost its units.
    if (existsSync(path) && statSync(path).size === 0) throw Object.assign(new Error("malformed"), { code: "CORRUPT" });
    database = new Database(path);
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = FULL");
    const [check] = database.prepare("PRAGMA quick_check").all() as { quick_check: string }[];
    if (check?.quick_check !== "ok") throw Object.assign(new Error("malformed"), { code: "CORRUPT" });
    bringUpToDate(database);
  } catch (error) {
    throw trouble(path, error);
  }
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw trouble(path, error);
    }
  };
  return {
    add: (unit) =>
      guarded(() => {
        const { publicKey, grantCti, deviceKey = null } = unit;
        database
          .prepare(
            `INSERT INTO units VALUES (@id, @product, @board, @publicKey, @grantCti, @release, @madeAtS,
              @hardwareRevision, @fleet, @cards, @deviceKey)`,
          )
          .run({ ...unit, deviceKey, publicKey: Buffer.from(publicKey), grantCti: Buffer.from(grantCti) });
      }),
    find: (id) => guarded(() => rowOf(database.prepare("SELECT * FROM units WHERE id = ?").get([id]))),
    regrant: (id, grantCti) =>
      guarded(() => {
        database.prepare("UPDATE units SET grantCti = ? WHERE id = ?").run([Buffer.from(grantCti), id]);
      }),
    list: () =>
      guarded(() => database.prepare("SELECT * FROM units ORDER BY rowid").all().map(rowOf) as readonly UnitRow[]),
    count: () => guarded(() => (database.prepare("SELECT count(*) AS n FROM units").get([]) as { n: number }).n),
    close() {
      // Leaves one file that can be copied whole.
      database.pragma("wal_checkpoint(TRUNCATE)");
      database.close();
    },
  };
}
