/** The interface of a store of one schema, for SQLite and PostgreSQL alike, and the text of its errors. */
import type { Kysely, Transaction } from "kysely";

export interface SqlStore<Schema> {
  readonly db: Kysely<Schema>;
  /** Runs the work in one transaction; when this resolves, a power cut loses nothing of it. */
  write(work: (tx: Transaction<Schema>) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

type SqlDialect = "sqlite" | "postgres";

/** Creates the tables of a schema that are missing; adds columns, each with a default, so that an older store opens. */
export type CreateTables<Schema> = (db: Kysely<Schema>, dialect: SqlDialect) => Promise<void>;

/** The store can't be used. The message is one line that says what to do. */
export class StoreTrouble extends Error {
  override name = "StoreTrouble";
}

/**
 * Turns what a driver threw into one line for the operator.
 * @param where  Never includes a password.
 * @param redact Leaves out of a driver's own words what is secret.
 */
export function storeTrouble(
  error: unknown,
  where: string,
  redact: (text: string) => string = (text) => text,
): StoreTrouble {
  if (error instanceof StoreTrouble) return error;
  const { code, message } = error as { code?: string; message?: string };
  const text = `${code ?? ""} ${message ?? ""}`;
  if (/BUSY|locked/i.test(text))
    return new StoreTrouble(`store ${where} is in use by another process; stop that one first`);
  if (/SQLITE_FULL|ENOSPC|disk is full|53100|No space/i.test(text)) {
    return new StoreTrouble(
      `no space left for store ${where}; free some, then start again: what was acknowledged is kept`,
    );
  }
  if (/CORRUPT|NOTADB|malformed|not a database/i.test(text)) {
    return new StoreTrouble(
      `store ${where} is damaged; put back a backup, or move the file away to begin an empty one`,
    );
  }
  if (/READONLY|EACCES|CANTOPEN|EPERM|unable to open/i.test(text)) {
    return new StoreTrouble(`store ${where} can't be opened for writing; check its folder's permissions`);
  }
  if (
    /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|28P01|28000|3D000|57P0|terminated unexpectedly/.test(
      text,
    )
  ) {
    return new StoreTrouble(
      `PostgreSQL at ${where} can't be used (${code ?? "no answer"}); check that it runs, user and database`,
    );
  }
  return new StoreTrouble(`store ${where}: ${redact(message ?? String(error))}`);
}
