/** A PostgreSQL server of a test's own, on loopback, from the newest version that Debian installed. */

import { execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { freePort } from "#base/host/free-port.ts";
import { until } from "../../progress.ts";

export interface PostgresServer {
  /** postgres://… of a database. */
  url(database?: string): string;
  /** One statement in the database "postgres". */
  query(text: string): Promise<void>;
  /** Path of one of PostgreSQL's programs. */
  program(name: string): string;
  /** Ends the server at once, as a crash does, and starts it again at the same place. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

function programs(): string {
  const versions = readdirSync("/usr/lib/postgresql").sort((a, b) => Number(b) - Number(a));
  return `/usr/lib/postgresql/${versions[0]}/bin`;
}

export async function startPostgres(): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-postgres-"));
  chmodSync(folder, 0o755);
  const port = await freePort();
  const data = join(folder, "pg");
  mkdirSync(data);
  // PostgreSQL refuses to run as root.
  const owner = process.getuid?.() === 0 ? Number(execFileSync("id", ["-u", "postgres"]).toString()) : undefined;
  if (owner !== undefined) chownSync(data, owner, owner);
  const as = owner === undefined ? {} : { uid: owner, gid: owner };
  const program = (name: string) => join(programs(), name);
  execFileSync(program("initdb"), ["-D", data, "-U", "cloud", "-A", "trust", "--no-sync"], {
    ...as,
    stdio: "ignore",
    cwd: "/",
  });
  const settings = ["listen_addresses=127.0.0.1", `unix_socket_directories=${data}`];
  const args = ["-D", data, "-p", String(port), ...settings.flatMap((each) => ["-c", each])];
  const start = () => {
    const process = spawn(program("postgres"), args, { ...as, stdio: "ignore", cwd: "/" });
    return { process, ended: new Promise<void>((resolve) => process.once("close", () => resolve())) };
  };
  let server = start();
  const url = (database = "postgres") => `postgres://cloud:secret@127.0.0.1:${port}/${database}`;
  const query = async (text: string) => {
    const client = new pg.Client({ connectionString: url() });
    await client.connect();
    try {
      await client.query(text);
    } finally {
      await client.end();
    }
  };
  const answers = () =>
    until("PostgreSQL's answer", () =>
      query("select 1").then(
        () => true,
        () => undefined,
      ),
    );
  await answers();
  return {
    url,
    query,
    program,
    async restart() {
      server.process.kill("SIGQUIT");
      await server.ended;
      server = start();
      await answers();
    },
    async stop() {
      server.process.kill("SIGQUIT");
      await server.ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
