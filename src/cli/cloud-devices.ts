/** `latchkey cloud devices`, `latchkey cloud name`, `latchkey cloud keys`: who is in the fleet, and what is trusted there. */
import { type Command, Option } from "commander";
import {
  DEVICE_STATES,
  type DevicePage,
  type DeviceSummary,
  type DeviceView,
  type KeyView,
} from "#cloud/http/interface.ts";
import { readNames, withWholeNames } from "#factory/bundle/names.ts";
import { type CloudPlace, clientOf, withCloudPlace } from "./cloud-place.ts";
import { sayTrouble } from "./say-trouble.ts";

interface Place extends CloudPlace {
  json?: boolean;
}

interface DevicesOptions extends Place {
  search?: string;
  product?: string;
  fleet?: string;
  release?: number;
  state?: string;
  after?: string;
  limit: number;
}

const print = (text: string) => void process.stdout.write(`${text}\n`);

/** A query of what was given. */
export function queryOf(fields: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(fields).filter((field): field is [string, string | number] => field[1] !== undefined);
  return new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
}

/** When something was, to the minute. */
export const momentText = (ms: number) =>
  ms === 0 ? "never heard" : `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;

/** A unit by its ID, and its name where it has one. */
export const deviceText = ({ id, name }: Pick<DeviceSummary, "id" | "name">) => (name === "" ? id : `${id} "${name}"`);

function lineOf(device: DeviceSummary): string {
  const { product, fleet, sequence, online, heardMs, attempt } = device;
  const update =
    attempt === undefined
      ? ""
      : `  release ${attempt.sequence} ${attempt.state}${attempt.fault === "" ? "" : `: ${attempt.fault}`}`;
  return `${deviceText(device)}  ${product} ${sequence}  ${fleet}  ${online ? "online" : momentText(heardMs)}${update}`;
}

async function listDevices(options: DevicesOptions): Promise<void> {
  const { search, product, fleet, release, state, after, limit } = options;
  const query = queryOf({ search, product, fleet, sequence: release, state, after, limit });
  const page = await clientOf(options).get<DevicePage>(`/v1/devices?${query}`);
  if (options.json) return print(JSON.stringify(page));
  for (const device of page.devices) print(lineOf(device));
  print(`${page.total} ${page.total === 1 ? "unit" : "units"}`);
  if (page.next !== undefined) print(`there are more; go on with: --after ${page.next}`);
}

async function listKeys(options: Place): Promise<void> {
  const keys = await clientOf(options).get<readonly KeyView[]>("/v1/keys");
  if (options.json) return print(JSON.stringify(keys));
  if (keys.length === 0) print("this cloud has no keys of a product; start it with --keys FOLDER");
  for (const { product, role, name, seenMs, isHere } of keys) {
    print(`${product}  ${role} ${name}  known since ${momentText(seenMs)}${isHere ? "  private half is here" : ""}`);
  }
}

/** The last failure of a unit's app, with the sources' names where the list beside the release is given. */
async function showCrash(device: string, { names, ...options }: Place & { readonly names?: string }): Promise<void> {
  const known = names === undefined ? new Map<string, string>() : readNames(names);
  const { crash } = await clientOf(options).get<DeviceView>(`/v1/devices/${encodeURIComponent(device)}`);
  if (crash === undefined) {
    const nothing = `${device} told of no failure of its app: it had none, or its owner lets nobody see it`;
    return print(options.json ? JSON.stringify({ crash: null }) : nothing);
  }
  const stack = crash.stack.split("\n").map((line) => withWholeNames(line, known));
  const message = withWholeNames(crash.message, known);
  if (options.json) return print(JSON.stringify({ crash: { ...crash, message, stack: stack.join("\n") } }));
  print(`${new Date(crash.atMs).toISOString()}  release ${crash.release}, ${crash.name}: ${message} (${crash.fault})`);
  for (const line of stack) if (line !== "") print(line);
  if (crash.lines !== "") print(`the unit's last lines:\n${crash.lines.trimEnd()}`);
  if (crash.missed > 0) print(`${crash.missed} more failures before it were not told`);
}

export function registerDevices(command: Command): void {
  const place = (verb: Command) => withCloudPlace(verb).option("--json", "print JSON", false);
  place(command.command("devices"))
    .description("list units: what they run, whether they are online, and how their newest update stands")
    .option("--search <text>", "part of an ID or a name")
    .option("--product <name>", "units of this product")
    .option("--fleet <name>", "units of this fleet")
    .option("--release <number>", "units that run this release")
    .addOption(new Option("--state <state>", "units in this state").choices(DEVICE_STATES))
    .addOption(new Option("--limit <count>", "units at once, at most 500").default(100))
    .option("--after <id>", "go on after this unit")
    .action((_: object, own: Command) => sayTrouble(() => listDevices(own.optsWithGlobals<DevicesOptions>())));
  place(command.command("name"))
    .description("give a unit a name that lists show and a search finds")
    .argument("<device>", "device ID")
    .argument("[name]", "none takes the name away")
    .action((device: string, name: string | undefined, _: object, own: Command) =>
      sayTrouble(async () => {
        const client = clientOf(own.optsWithGlobals<Place>());
        await client.post(`/v1/devices/${device}/steer`, { name: name ?? "" });
        const { name: now } = await client.get<DeviceSummary>(`/v1/devices/${device}`);
        print(now === "" ? `${device} has no name` : `${device} is called "${now}"`);
      }),
    );
  place(command.command("crash"))
    .description("show how a unit's app failed last, as far as the unit's owner lets its maker see it")
    .argument("<device>", "device ID")
    .option("--names <file>", "the .names.json beside the release that the unit ran, for the sources' names")
    .action((device: string, _: object, own: Command) =>
      sayTrouble(() => showCrash(device, own.optsWithGlobals<Place & { names?: string }>())),
    );
  place(command.command("keys"))
    .description("list the public keys of each product, and since when this cloud has known each")
    .action((_: object, own: Command) => sayTrouble(() => listKeys(own.optsWithGlobals<Place>())));
}
