/** Looks for units on this phone's networks: `latchkey phone find`. */
import { toHex } from "#base/bytes.ts";
import { timeoutMsOf } from "#cli/values/duration.ts";
import { discover } from "#phone/discover.ts";

/** Says who answered. Nobody has proved anything by that: a session does. */
export async function findUnits(options: { readonly wait: string; readonly json?: boolean }): Promise<void> {
  const found = await discover({ waitMs: timeoutMsOf("--wait", options.wait) });
  const units = found.map(({ deviceId, host, port }) => ({ deviceId: toHex(deviceId), host, port }));
  if (options.json) return void process.stdout.write(`${JSON.stringify({ units })}\n`);
  for (const { deviceId, host, port } of units)
    process.stdout.write(`${deviceId} says that it is at ${host}:${port}\n`);
  if (units.length === 0) process.stdout.write("no unit answers on this phone's networks\n");
}
