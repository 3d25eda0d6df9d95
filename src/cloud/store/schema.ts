/** The cloud's tables, the same in SQLite and PostgreSQL. Times are Unix milliseconds, flags 0 or 1. */
import { type ColumnDataType, type Generated, type Kysely, sql } from "kysely";

export interface DeviceRow {
  id: string;
  public_key: Uint8Array;
  /** What staff call it, or empty. */
  name: string;
  product: string;
  hardware: number;
  fleet: string;
  lab: number;
  /** Access level of the unit's card: "noFlash", "all". */
  card: string;
  sequence: number;
  pin: number | null;
  target: number | null;
  window_from: number | null;
  window_to: number | null;
  heard_ms: number;
  online: number;
  /** Nonce time of the newest nonce that the device spent (up-clock.ts). */
  nonce_ms: number;
  /** Up time at which it was last heard. */
  heard_up_ms: number;
  /** Unix milliseconds until which it sleeps; -1 for as long as its pin stays, 0 for a device that does not sleep. */
  asleep_until_ms: number;
}

export interface AttemptRow {
  device: string;
  sequence: number;
  state: string;
  /** Name of the fault that the device gave, or empty. */
  fault: string;
  began_ms: number;
  heard_ms: number;
}

interface ReleaseRow {
  product: string;
  sequence: number;
  envelope: Uint8Array;
  withdrawn: number;
  published_ms: number;
}

/** Bytes that devices fetch, by what names them: lower-case hexadecimal of their root hash. */
interface ImageRow {
  name: string;
  bytes: Uint8Array;
}

interface RolloutRow {
  id: string;
  product: string;
  sequence: number;
  state: string;
  wave: number;
  wave_since_ms: number;
  /** Up time since which its wave has been watched. */
  wave_since_up_ms: number;
  waves: string;
  limits: string;
  forgiven_failed: number;
  forgiven_silent: number;
  because: string;
  created_ms: number;
}

/** What was done and why, append-only: the operator's acts and the engine's own. */
export interface EventRow {
  number: Generated<number>;
  at_ms: number;
  subject: string;
  what: string;
  because: string;
}

/** The last failure of a device's app, as far as its owner lets the maker see it. */
interface CrashRow {
  device: string;
  at_ms: number;
  /** As the device sent it (wire/link/app-failure.ts). */
  report: Uint8Array;
}

/** Small signed things by name: key sets, revocation lists. */
interface RecordRow {
  name: string;
  bytes: Uint8Array;
}

/** A release that a build server uploaded, as a whole file, until somebody publishes or discards it. */
interface DraftRow {
  product: string;
  sequence: number;
  file: Uint8Array;
  uploaded_ms: number;
}

export interface Schema {
  devices: DeviceRow;
  attempts: AttemptRow;
  releases: ReleaseRow;
  drafts: DraftRow;
  images: ImageRow;
  rollouts: RolloutRow;
  events: EventRow;
  crashes: CrashRow;
  records: RecordRow;
}

/** Columns that older stores lack. */
const ADDED = [
  { table: "devices", column: "nonce_ms", type: "bigint", empty: 0 },
  { table: "devices", column: "heard_up_ms", type: "bigint", empty: 0 },
  { table: "rollouts", column: "wave_since_up_ms", type: "bigint", empty: 0 },
  { table: "devices", column: "name", type: "text", empty: "" },
  { table: "devices", column: "asleep_until_ms", type: "bigint", empty: 0 },
] as const;

/** Adds what is missing, a column at a time: an upgrade that was interrupted goes on where it stopped. */
async function addColumns(db: Kysely<Schema>, dialect: "sqlite" | "postgres"): Promise<void> {
  for (const { table, column, type, empty } of ADDED) {
    const { rows } =
      dialect === "sqlite"
        ? await sql`select name from pragma_table_info(${table}) where name = ${column}`.execute(db)
        : await sql`select column_name from information_schema.columns
            where table_schema = current_schema() and table_name = ${table} and column_name = ${column}`.execute(db);
    if (rows.length > 0) continue;
    await db.schema
      .alterTable(table)
      .addColumn(column, type, (added) => added.notNull().defaultTo(empty))
      .execute();
  }
}

/** Creates what is missing. Columns are only ever added, each with a default, so an older store opens. */
export async function createTables(db: Kysely<Schema>, dialect: "sqlite" | "postgres"): Promise<void> {
  const bytes: ColumnDataType = dialect === "postgres" ? "bytea" : "blob";
  const table = (name: keyof Schema) => db.schema.createTable(name).ifNotExists();
  await table("devices")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("public_key", bytes, (column) => column.notNull())
    .addColumn("product", "text", (column) => column.notNull())
    .addColumn("hardware", "integer", (column) => column.notNull())
    .addColumn("fleet", "text", (column) => column.notNull())
    .addColumn("lab", "integer", (column) => column.notNull())
    .addColumn("card", "text", (column) => column.notNull())
    .addColumn("sequence", "bigint", (column) => column.notNull())
    .addColumn("pin", "bigint")
    .addColumn("target", "bigint")
    .addColumn("window_from", "integer")
    .addColumn("window_to", "integer")
    .addColumn("heard_ms", "bigint", (column) => column.notNull())
    .addColumn("online", "integer", (column) => column.notNull())
    .execute();
  await table("attempts")
    .addColumn("device", "text", (column) => column.notNull())
    .addColumn("sequence", "bigint", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("fault", "text", (column) => column.notNull())
    .addColumn("began_ms", "bigint", (column) => column.notNull())
    .addColumn("heard_ms", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("attempts_key", ["device", "sequence"])
    .execute();
  await table("releases")
    .addColumn("product", "text", (column) => column.notNull())
    .addColumn("sequence", "bigint", (column) => column.notNull())
    .addColumn("envelope", bytes, (column) => column.notNull())
    .addColumn("withdrawn", "integer", (column) => column.notNull())
    .addColumn("published_ms", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("releases_key", ["product", "sequence"])
    .execute();
  await table("drafts")
    .addColumn("product", "text", (column) => column.notNull())
    .addColumn("sequence", "bigint", (column) => column.notNull())
    .addColumn("file", bytes, (column) => column.notNull())
    .addColumn("uploaded_ms", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("drafts_key", ["product", "sequence"])
    .execute();
  await table("images")
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("bytes", bytes, (column) => column.notNull())
    .execute();
  await table("rollouts")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("product", "text", (column) => column.notNull())
    .addColumn("sequence", "bigint", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("wave", "integer", (column) => column.notNull())
    .addColumn("wave_since_ms", "bigint", (column) => column.notNull())
    .addColumn("waves", "text", (column) => column.notNull())
    .addColumn("limits", "text", (column) => column.notNull())
    .addColumn("forgiven_failed", "integer", (column) => column.notNull())
    .addColumn("forgiven_silent", "integer", (column) => column.notNull())
    .addColumn("because", "text", (column) => column.notNull())
    .addColumn("created_ms", "bigint", (column) => column.notNull())
    .execute();
  await table("events")
    .addColumn("number", dialect === "postgres" ? "bigserial" : "integer", (column) =>
      dialect === "postgres" ? column.primaryKey() : column.primaryKey().autoIncrement(),
    )
    .addColumn("at_ms", "bigint", (column) => column.notNull())
    .addColumn("subject", "text", (column) => column.notNull())
    .addColumn("what", "text", (column) => column.notNull())
    .addColumn("because", "text", (column) => column.notNull())
    .execute();
  await table("crashes")
    .addColumn("device", "text", (column) => column.primaryKey())
    .addColumn("at_ms", "bigint", (column) => column.notNull())
    .addColumn("report", bytes, (column) => column.notNull())
    .execute();
  await table("records")
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("bytes", bytes, (column) => column.notNull())
    .execute();
  await addColumns(db, dialect);
  if (dialect === "postgres") return;
  await sql`pragma user_version = 1`.execute(db);
}
