/**
 * The store in PostgreSQL. One process owns it, by an advisory lock on a session of its own. A server that restarts is
 * waited for: the lock is taken again, and a transaction whose end nobody heard is looked for before it is repeated.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { isPlainUrl, redactUrl, redactUrlIn } from "#base/redact-url.ts";
import { type CreateTables, type SqlStore, StoreTrouble, storeTrouble } from "./sql-store.ts";

const POSTGRES_LOCK = 0x6c61_7463; // "latc": any fixed number does, it only has to be ours
/** The table that keeps the mark below; every schema has it. */
interface WithRecords {
  records: { name: string; bytes: Uint8Array };
}

/** A server that is away for longer ends the process that uses it: units go on without it. */
const AWAY_MAX_MS = 300_000;
const RETRY_MS = 500;
/** A process that was killed keeps its lock until the server has noticed. */
const LOCK_WAIT_MS = 5_000;
/** The last transaction's mark, so that it can be told whether a commit was carried out whose answer was lost. */
const MARK = "last-write";

/** Connection lost or refused, server shutting down or starting (PostgreSQL, appendix A: classes 08 and 57P). */
function isAway(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  if (/^(08...|57P0[123]|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT)$/.test(code ?? "")) return true;
  return /Connection terminated|is not queryable|connection timeout|timeout exceeded when trying to connect/i.test(
    message ?? "",
  );
}

/** @throws StoreTrouble when it is in use by another process, out of reach or can't be used. */
export async function openPostgres<Schema extends WithRecords>(
  given: string,
  createTables: CreateTables<Schema>,
): Promise<SqlStore<Schema>> {
  // A driver that looks at the scheme looks for it in lower case.
  const url = given.replace(/^[^:]+/, (scheme) => scheme.toLowerCase());
  const where = redactUrl(url);
  if (!isPlainUrl(url)) {
    throw new StoreTrouble(
      `store ${where}: its URL can't be read (expected postgres://user@host/database, with %2F, %3F, %23, %40 and %3A for / ? # @ : in user and password)`,
    );
  }
  const trouble = (error: unknown) => storeTrouble(error, where, (text) => redactUrlIn(text, url));
  const types = {
    // bigint as number: our largest are milliseconds, far below 2^53.
    getTypeParser: ((oid: number, format?: "text") =>
      oid === 20 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
  };
  const pool = new pg.Pool({ connectionString: url, types, max: 4, connectionTimeoutMillis: 5_000 });
  // A connection that breaks while idle is replaced at the next query, which then tells of it.
  pool.on("error", () => undefined);
  // One that breaks between two queries of a transaction would end the process otherwise.
  pool.on("connect", (client) => client.on("error", () => undefined));
  let keeper: pg.PoolClient | undefined;
  let isClosed = false;

  /** The mark that the last transaction left, as far as we know; what another process writes has another one. */
  let lastMark: string | undefined;
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  // Kysely can't see through a type parameter that it has this table.
  const records = db as unknown as Kysely<WithRecords>;
  const markNow = async () => {
    const row = await records.selectFrom("records").select("bytes").where("name", "=", MARK).executeTakeFirst();
    return row === undefined ? "" : Buffer.from(row.bytes).toString("hex");
  };

  /**
   * Makes sure that the lock is ours. After it was lost, another process may have owned the store: what we remember of it
   * would be old then, so nothing is written any more.
   * @param mark That of a transaction whose end nobody heard.
   */
  const hold = async (mark = ""): Promise<void> => {
    if (keeper !== undefined) return;
    const client = await pool.connect();
    client.on("error", () => {
      if (keeper === client) keeper = undefined;
      if (!isClosed) client.release(true);
    });
    const endMs = performance.now() + LOCK_WAIT_MS;
    for (;;) {
      const { rows } = await client.query("select pg_try_advisory_lock($1) as got", [POSTGRES_LOCK]);
      if ((rows[0] as { got: boolean }).got) break;
      if (performance.now() > endMs) {
        client.release(true);
        throw new StoreTrouble(`store ${where} is in use by another process; stop that one first`);
      }
      await sleep(RETRY_MS);
    }
    keeper = client;
    if (lastMark === undefined) return;
    const found = await markNow();
    if (found !== lastMark && found !== mark) {
      throw new StoreTrouble(`another process wrote to store ${where} while its server was away; start again`);
    }
  };

  try {
    await hold();
    await createTables(db, "postgres");
    lastMark = await markNow();
    return {
      db,
      async write(work) {
        const bytes = randomBytes(16);
        const mark = bytes.toString("hex");
        const endMs = performance.now() + AWAY_MAX_MS;
        for (let attempt = 0; ; attempt++) {
          try {
            await hold(mark);
            if (attempt > 0 && (await markNow()) === mark) {
              lastMark = mark;
              return;
            }
            await db.transaction().execute(async (tx) => {
              await work(tx);
              await (tx as unknown as Kysely<WithRecords>)
                .insertInto("records")
                .values({ name: MARK, bytes })
                .onConflict((conflict) => conflict.column("name").doUpdateSet({ bytes }))
                .execute();
            });
            lastMark = mark;
            return;
          } catch (error) {
            if (isClosed || !isAway(error) || performance.now() > endMs) throw trouble(error);
            await sleep(RETRY_MS);
          }
        }
      },
      close: async () => {
        isClosed = true;
        const held = keeper;
        keeper = undefined;
        // The end of the session ends the lock too, but a moment later.
        await held?.query("select pg_advisory_unlock($1)", [POSTGRES_LOCK]).catch(() => undefined);
        held?.release(true);
        await db.destroy();
      },
    };
  } catch (error) {
    isClosed = true;
    // The pool ends only when every connection was given back.
    keeper?.release(true);
    await pool.end().catch(() => undefined);
    throw trouble(error);
  }
}
