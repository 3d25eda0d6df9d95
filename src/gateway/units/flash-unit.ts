/** Installs a signed release on a unit: hands it over and serves its blocks until the unit has them. */
import { ok, type Result, refuse } from "#base/faults.ts";
import { addressTowards, serveStreams } from "#phone/serve-streams.ts";
import type { ReleaseFile } from "#trust/host/release-file.ts";
import type { Trouble } from "./unit-connection.ts";
import type { GatewayUnit } from "./units.ts";

/** Blocks are served for as long as the unit fetches some, and this much longer. */
const QUIET_MS = 300_000;
const LOOK_MS = 5_000;

type Started = { readonly ok: true } | { readonly ok: false; readonly fault: Trouble };

/**
 * @returns Once the unit took the release and fetches its blocks; or why it did not. What becomes of it shows in the unit's
 *   description.
 */
export async function flashUnit(unit: GatewayUnit, file: ReleaseFile): Promise<Started> {
  const { host, port } = unit.place;
  if (file.signed === undefined) return refuse("RELEASE_SIGNATURE");
  const server = await serveStreams(file.streams);
  const from: Result<string> = await addressTowards(host, port).then(
    (address) => ok(`${address}:${server.port}`),
    async () => refuse("SESSION_UNREACHABLE"),
  );
  const answer = from.ok
    ? await unit.connection.request({ op: "carry", signed: file.signed, from: from.value }, false)
    : from;
  if (!answer.ok) {
    await server.stop();
    return answer;
  }
  const timer = setInterval(() => {
    if (server.quietMs() < QUIET_MS) return;
    clearInterval(timer);
    void server.stop();
  }, LOOK_MS);
  timer.unref();
  return { ok: true };
}
