/** Calls a function with arguments as JSON carries them: bytes are hexadecimal digits there. */
import { fromHex } from "#base/bytes.ts";
import { plainOf } from "#cli/phone/describe.ts";
import { CliTrouble } from "#cli/trouble.ts";
import type { Cbor } from "#codec/cbor.ts";
import type { DevReply } from "#web/dev/interface.ts";
import type { Value, ValueSchema } from "#web/ui/described.ts";
import type { Description } from "#wire/describe.ts";
import type { DevLink } from "./dev-link.ts";

function cborOf(name: string, value: Value, schema: ValueSchema | undefined): Cbor {
  if (schema?.type !== "bytes" || typeof value !== "string") return value as Cbor;
  const bytes = fromHex(value);
  if (bytes === undefined) throw new CliTrouble(`${name}: not bytes: ${value} (expected pairs of hexadecimal digits)`);
  return bytes;
}

export async function callArguments(
  link: DevLink,
  description: Description | null,
  name: string,
  args: Readonly<Record<string, Value>>,
): Promise<DevReply> {
  const schemas = description?.functions[name]?.args ?? {};
  const values = Object.entries(args).map(([arg, value]) => [arg, cborOf(arg, value, schemas[arg])] as const);
  const answer = await link.call(name, Object.fromEntries(values));
  if (answer.ok) return { answer: plainOf(answer.value) as Value };
  if (answer.fault === "SESSION_UNREACHABLE") return { error: "the unit is not on the network, or not ready yet" };
  return { error: `the unit refuses this call (${answer.fault})` };
}
