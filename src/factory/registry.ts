/** What the line remembers of the units it made: SQLite in a file. Never a secret: no card, no key, no air key. */
import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import Database from "libsql";

export interface UnitRow {
  readonly id: string;
  readonly product: string;
  readonly board: string;
  readonly publicKey: Uint8Array;
  /** The owner's grant's token ID: what a revocation names. */
  readonly grantCti: Uint8Array;
  readonly release: string;
  /** Unix seconds. */
  readonly madeAtS: number;
}

export interface Registry {
  /** Adds a unit. Throws RegistryError when the ID is there already. */
  add(unit: UnitRow): void;
  find(id: string): UnitRow | undefined;
  count(): number;
  close(): void;
}

/** The registry can't be used; the message is one line that says what to do. */
export class RegistryError extends Error {
  override name = "RegistryError";
}

const SCHEMA = `CREATE TABLE IF NOT EXISTS units (
  id TEXT PRIMARY KEY, product TEXT NOT NULL, board TEXT NOT NULL, publicKey BLOB NOT NULL,
  grantCti BLOB NOT NULL, release TEXT NOT NULL, madeAtS INTEGER NOT NULL) STRICT`;

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
    database.exec(SCHEMA);
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
        database
          .prepare("INSERT INTO units VALUES (?, ?, ?, ?, ?, ?, ?)")
          .run([
            unit.id,
            unit.product,
            unit.board,
            Buffer.from(unit.publicKey),
            Buffer.from(unit.grantCti),
            unit.release,
            unit.madeAtS,
          ]);
      }),
    find: (id) => guarded(() => database.prepare("SELECT * FROM units WHERE id = ?").get([id]) as UnitRow | undefined),
    count: () => guarded(() => (database.prepare("SELECT count(*) AS n FROM units").get([]) as { n: number }).n),
    close() {
      // Leaves one file that can be copied whole.
      database.pragma("wal_checkpoint(TRUNCATE)");
      database.close();
    },
  };
}
