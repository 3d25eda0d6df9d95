/** The gateway's tables, the same in SQLite and PostgreSQL. Times are Unix milliseconds unless the name says seconds. */
import { type ColumnDataType, type Generated, type Kysely, sql } from "kysely";
import { type Durability, openSqlStore } from "#base/host/store/open-sql-store.ts";
import type { SqlStore } from "#base/host/store/sql-store.ts";

/** A person who may log in. */
export interface AccountRow {
  name: string;
  role: string;
  /** argon2id in PHC form; empty until the person accepted the invitation. */
  password: string;
  /** Base32 secret of the time-based one-time codes; empty where there is none. */
  totp: string;
  /** The time step of the last code that was accepted: none is accepted twice. */
  totp_step: number;
  /** JSON: registered passkeys. */
  passkeys: string;
  /** JSON: SHA-256 of the recovery codes that are left, in hexadecimal digits. */
  recovery: string;
  disabled: number;
  /** SHA-256 of the invitation's code, in hexadecimal digits; empty once it was used. */
  invite: string;
  invite_until_ms: number;
  created_ms: number;
}

/** A unit whose owner delegated a chain to this gateway. */
export interface UnitRow {
  id: string;
  name: string;
  chain: Uint8Array;
  host: string;
  port: number;
  /** JSON of the cloud's address, or empty. */
  cloud: string;
  /** What the unit told of its cloud's TLS, in hexadecimal digits, or empty. */
  cloud_tls: string;
  added_ms: number;
}

/** Something of the authorization server: a token, code, grant, browser session or client, by the hash of its value. */
export interface ArtifactRow {
  kind: string;
  /** SHA-256 of the value, in hexadecimal digits: what is in the store opens nothing. */
  hash: string;
  payload: string;
  grant_id: string;
  account: string;
  /** SHA-256 of a browser session's uid or of a device grant's user code; empty where there is none. */
  second: string;
  expires_s: number;
}

export interface HookRow {
  id: string;
  account: string;
  event: string;
  url: string;
  /** Device ID, or empty for all. */
  device: string;
  /** With which deliveries are signed. */
  secret: string;
  created_ms: number;
}

/** How often a token's word was used that has a rate or a number of uses. */
interface UsesRow {
  /** SHA-256 of owner and word, in hexadecimal digits. */
  key: string;
  /** Hash of the artifact that the uses belong to: a login, an exchanged token or a program. */
  owner: string;
  uses: number;
  /** JSON: Unix milliseconds of the last ones. */
  times: string;
}

/** Who did what, when, to which unit; append-only, each entry over the hash of the one before. */
interface JournalRow {
  number: Generated<number>;
  at_ms: number;
  who: string;
  what: string;
  device: string;
  outcome: string;
  hash: string;
}

interface Schema {
  accounts: AccountRow;
  units: UnitRow;
  artifacts: ArtifactRow;
  hooks: HookRow;
  uses: UsesRow;
  journal: JournalRow;
  records: { name: string; bytes: Uint8Array };
}

export type GatewayStore = SqlStore<Schema>;

const TEXTS = {
  accounts: ["role", "password", "totp", "passkeys", "recovery", "invite"],
  units: ["name", "host", "cloud", "cloud_tls"],
  artifacts: ["payload", "grant_id", "account", "second"],
  hooks: ["account", "event", "url", "device", "secret"],
  uses: ["owner", "times"],
  journal: ["who", "what", "device", "outcome", "hash"],
} as const;
const NUMBERS = {
  accounts: ["totp_step", "disabled", "invite_until_ms", "created_ms"],
  units: ["port", "added_ms"],
  artifacts: ["expires_s"],
  hooks: ["created_ms"],
  uses: ["uses"],
  journal: ["at_ms"],
} as const;
const KEYS = { accounts: ["name"], units: ["id"], artifacts: ["kind", "hash"], hooks: ["id"], uses: ["key"] } as const;

async function createTables(db: Kysely<Schema>, dialect: "sqlite" | "postgres"): Promise<void> {
  const bytes: ColumnDataType = dialect === "postgres" ? "bytea" : "blob";
  for (const name of ["accounts", "units", "artifacts", "hooks", "uses", "journal"] as const) {
    let table = db.schema.createTable(name).ifNotExists();
    if (name === "journal") {
      table = table.addColumn("number", dialect === "postgres" ? "bigserial" : "integer", (column) =>
        dialect === "postgres" ? column.primaryKey() : column.primaryKey().autoIncrement(),
      );
    } else {
      for (const key of KEYS[name]) table = table.addColumn(key, "text", (column) => column.notNull());
      table = table.addPrimaryKeyConstraint(`${name}_key`, KEYS[name] as unknown as never[]);
    }
    for (const column of TEXTS[name]) table = table.addColumn(column, "text", (each) => each.notNull());
    for (const column of NUMBERS[name]) table = table.addColumn(column, "bigint", (each) => each.notNull());
    if (name === "units") table = table.addColumn("chain", bytes, (column) => column.notNull());
    await table.execute();
  }
  await db.schema
    .createTable("records")
    .ifNotExists()
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("bytes", bytes, (column) => column.notNull())
    .execute();
  for (const column of ["grant_id", "account", "second"] as const) {
    await db.schema.createIndex(`artifacts_${column}`).ifNotExists().on("artifacts").column(column).execute();
  }
  if (dialect === "sqlite") await sql`pragma user_version = 1`.execute(db);
}

/** @throws StoreTrouble */
export function openGatewayStore(where: string, durability?: Durability): Promise<GatewayStore> {
  return openSqlStore<Schema>(where, createTables, durability);
}
