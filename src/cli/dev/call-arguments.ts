/** Calls a function with arguments as JSON carries them: bytes are hexadecimal digits there. */
import { fromHex } from "#base/bytes.ts";
import type { Result } from "#base/faults.ts";
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
  return replyOf(await link.call(name, Object.fromEntries(values)));
}

/** Changes a setting, whose value comes as JSON carries it. */
export async function changeSetting(
  link: DevLink,
  description: Description | null,
  name: string,
  value: Value,
): Promise<DevReply> {
  const setting = description?.settings[name];
  if (setting === undefined) throw new CliTrouble(`${name} is no setting of this app`);
  return replyOf(await link.set(name, cborOf(name, value, setting.value)));
}

function replyOf(answer: Result<Cbor>): DevReply {
  if (answer.ok) return { answer: plainOf(answer.value) as Value };
  if (answer.fault === "SESSION_UNREACHABLE") return { error: "the unit is not on the network, or not ready yet" };
  return { error: `the unit refuses this call (${answer.fault})` };
}
