/** `latchkey rollout`: creates, shows and steers rollouts. */
import { type Command, Option } from "commander";
import {
  type JournalEntry,
  type Page,
  ROLLOUT_DEVICE_STATES,
  type RolloutDevice,
  type RolloutStatus,
} from "#cloud/http/interface.ts";
import { CloudTrouble } from "#cloud/http/operator-client.ts";
import type { Decision } from "#cloud/rollout/rollout-decision.ts";
import { failuresOf, progressOf, settledOf, WAVES } from "#cloud/rollout/rollout-plan.ts";
import type { Status } from "#cloud/status/status.ts";
import { readText } from "#trust/host/files.ts";
import { deviceText, momentText, queryOf } from "./cloud-devices.ts";
import { type CloudPlace, clientOf, withCloudPlace } from "./cloud-place.ts";
import { sayTrouble } from "./say-trouble.ts";
import { CLEAR_LINE, showsProgress } from "./terminal.ts";
import type { windowOf } from "./values/hours.ts";
import type { Wave } from "./values/number.ts";

interface ShowOptions extends CloudPlace {
  json?: boolean;
}

type Window = ReturnType<typeof windowOf>;

interface CreateOptions extends ShowOptions {
  waves?: readonly Wave[];
  soak?: number;
  failures?: number;
  failureRate?: number;
  silenceRate?: number;
  silence?: number;
  sample?: number;
  watch: boolean;
}

const WATCH_MS = 1_000;

const print = (text: string) => void process.stdout.write(`${text}\n`);

function barOf(share: number): string {
  const full = Math.round(share * 24);
  return `${"#".repeat(full)}${".".repeat(24 - full)}`;
}

function lineOf({ rollout, tally }: RolloutStatus): string {
  const wave = rollout.waves[rollout.wave]?.name ?? "";
  const failed = failuresOf(tally);
  return `${rollout.id}  ${rollout.state}  wave ${wave}  [${barOf(progressOf(tally))}] ${tally.confirmed}/${tally.members}  ${tally.fetching} fetching, ${tally.trial} on trial, ${failed} failed, ${tally.silent} silent${tally.superseded === 0 ? "" : `, ${tally.superseded} run a newer release`}`;
}

function show(status: RolloutStatus): void {
  print(lineOf(status));
  print(`  ${status.rollout.because}`);
  if (status.overtakenBy !== undefined) print(`  overtaken by ${status.overtakenBy}: units take that release instead`);
  if (status.waitsFor !== undefined) print(`  waiting: ${status.waitsFor}`);
  showReasons(status);
}

function showReasons({ rollout, tally, reasons }: RolloutStatus): void {
  for (const { fault, devices } of reasons) print(`  ${devices} x ${fault}`);
  if (failuresOf(tally) > 0) print(`  which units: latchkey rollout failures ${rollout.id}`);
}

interface FailuresOptions extends ShowOptions {
  state: string;
  fault?: string;
  after?: string;
  limit: number;
}

async function failures(id: string, options: FailuresOptions): Promise<void> {
  const { state, fault, after, limit } = options;
  const path = `/v1/rollouts/${encodeURIComponent(id)}/devices?${queryOf({ state, fault, after, limit })}`;
  const page = await clientOf(options).get<Page<RolloutDevice>>(path);
  if (options.json) return print(JSON.stringify(page));
  for (const device of page.devices) {
    const why = device.fault === "" ? "" : `: ${device.fault}`;
    const heard = `${device.online ? "online" : momentText(device.heardMs)}${device.isSilent ? ", silent" : ""}`;
    print(`${deviceText(device)}  ${device.fleet}  ${device.state}${why}  ${heard}`);
  }
  print(`${page.total} ${page.total === 1 ? "unit" : "units"} ${state}`);
  if (page.next !== undefined) print(`there are more; go on with: --after ${page.next}`);
}

/** Whether nothing more will happen without new devices or the operator. */
function isOver({ rollout, tally }: RolloutStatus): boolean {
  const isLastWave = rollout.wave === rollout.waves.length - 1;
  return rollout.state !== "running" || (isLastWave && settledOf(tally) >= tally.members);
}

/** Prints a line whenever something changed (on a terminal: in place) until the rollout is over. */
async function watch(place: ShowOptions, id: string): Promise<void> {
  const client = clientOf(place);
  const isInPlace = showsProgress(process.stdout);
  for (let before = ""; ; ) {
    const status = await client.get<RolloutStatus>(`/v1/rollouts/${encodeURIComponent(id)}`);
    const line = lineOf(status);
    if (line !== before) process.stdout.write(isInPlace ? CLEAR_LINE + line : `${line}\n`);
    before = line;
    if (isOver(status)) {
      if (isInPlace) process.stdout.write("\n");
      print(`  ${status.rollout.because}`);
      showReasons(status);
      if (status.rollout.state !== "running") process.exitCode = 1;
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
  }
}

async function create(product: string, sequence: number, options: CreateOptions): Promise<void> {
  const { waves } = options;
  const limits = {
    ...(options.soak === undefined ? {} : { soakMs: options.soak * 1_000 }),
    ...(options.silence === undefined ? {} : { silenceMs: options.silence * 1_000 }),
    ...(options.failures === undefined ? {} : { failures: options.failures }),
    ...(options.failureRate === undefined ? {} : { failureRate: options.failureRate / 100 }),
    ...(options.silenceRate === undefined ? {} : { silenceRate: options.silenceRate / 100 }),
    ...(options.sample === undefined ? {} : { sample: options.sample }),
  };
  const plan = { product, sequence, limits, ...(waves === undefined ? {} : { waves }) };
  const status = await clientOf(options).post<RolloutStatus>("/v1/rollouts", plan);
  if (options.json) print(JSON.stringify(status));
  else show(status);
  if (options.watch) await watch(options, status.rollout.id);
}

async function explain(device: string, options: ShowOptions): Promise<void> {
  const path = `/v1/devices/${encodeURIComponent(device)}/explain`;
  const { taken, all } = await clientOf(options).get<{ taken?: Decision; all: Decision[] }>(path);
  if (options.json) return print(JSON.stringify({ taken: taken ?? null, all }));
  print(taken === undefined ? `${device} is offered nothing.` : `${device} is offered release ${taken.sequence}.`);
  for (const decision of all) {
    print(
      `release ${decision.sequence}${decision.rollout === undefined ? "" : ` by ${decision.rollout}`}: ${decision.offer ? "yes" : "no"}`,
    );
    for (const { check, holds, says } of decision.checks) print(`  ${holds ? "holds" : "FAILS"}  ${check}: ${says}`);
  }
}

async function journal(options: ShowOptions): Promise<void> {
  const entries = await clientOf(options).get<readonly JournalEntry[]>("/v1/journal");
  if (options.json) return print(JSON.stringify(entries));
  for (const { at_ms: atMs, subject, what, because } of [...entries].reverse()) {
    print(`${new Date(atMs).toISOString()}  ${subject}: ${what}: ${because}`);
  }
}

export function register(command: Command): void {
  const place = (each: Command) => withCloudPlace(each).option("--json", "print one JSON object", false);

  place(command.command("create"))
    .description("start to deliver a published release to units, wave by wave")
    .argument("<product>")
    .argument("<sequence>", "the release's number")
    .option(
      "--waves <percents>",
      `lab and percents, rising (default: ${WAVES.map(({ name }) => name.replace(" %", "")).join(",")})`,
    )
    .option("--soak <seconds>", "minimum time that a wave is watched before the next (default: 3600)")
    .option("--failures <count>", "halt at this number of failures (default: 100)")
    .option("--failure-rate <percent>", "halt above this share of failures (default: 5)")
    .option("--silence-rate <percent>", "halt above this share of silent units (default: 20)")
    .option("--silence <seconds>", "a unit that was not heard for this long is silent (default: 3600)")
    .option("--sample <count>", "minimum number of units before the rates are judged (default: 10)")
    .option("--watch", "stay and show progress until it is over", false)
    .action((product: string, sequence: number, options: CreateOptions) =>
      sayTrouble(() => create(product, sequence, options)),
    );
  place(command.command("status"))
    .description("how rollouts stand; with an id, one of them")
    .argument("[rollout]")
    .option("--watch", "stay and show progress until it is over", false)
    .action((id: string | undefined, options: ShowOptions & { watch: boolean }) =>
      sayTrouble(async () => {
        if (id !== undefined && options.watch) return watch(options, id);
        const status = await clientOf(options).get<Status>("/v1/status");
        const rollouts =
          id === undefined ? status.rollouts : status.rollouts.filter(({ rollout }) => rollout.id === id);
        if (id !== undefined && rollouts.length === 0) throw new CloudTrouble(`there is no rollout ${id}`);
        if (options.json) return print(JSON.stringify(id === undefined ? status : rollouts[0]));
        print(`${status.devices} devices, ${status.online} online`);
        for (const { product, sequence, devices } of status.versions) print(`  ${devices} x ${product} ${sequence}`);
        if (rollouts.length === 0) print("no rollout yet; begin one: latchkey rollout create PRODUCT SEQUENCE");
        for (const each of rollouts) show(each);
      }),
    );
  place(command.command("failures"))
    .description("list the units that failed in a rollout, each with its reason")
    .argument("<rollout>")
    .addOption(
      new Option("--state <state>", "units in this state instead").choices(ROLLOUT_DEVICE_STATES).default("failed"),
    )
    .option("--fault <name>", "units that gave this reason")
    .addOption(new Option("--limit <count>", "units at once, at most 500").default(100))
    .option("--after <id>", "go on after this unit")
    .action((id: string, options: FailuresOptions) => sayTrouble(() => failures(id, options)));
  for (const [verb, what] of [
    ["halt", "stop a rollout; once this returns, no unit gets another block of it"],
    ["resume", "go on with a halted rollout; failures so far are forgiven"],
    ["cancel", "end a rollout for good"],
    ["open", "open the next wave now"],
  ] as const) {
    place(command.command(verb))
      .description(what)
      .argument("<rollout>")
      .option("--because <text>", "why, for the journal and the status page")
      .action((id: string, options: ShowOptions & { because?: string }) =>
        sayTrouble(async () => {
          const body = options.because === undefined ? {} : { because: options.because };
          const status = await clientOf(options).post<RolloutStatus>(
            `/v1/rollouts/${encodeURIComponent(id)}/${verb}`,
            body,
          );
          if (options.json) print(JSON.stringify(status));
          else show(status);
        }),
      );
  }
  place(command.command("pin"))
    .description("hold a unit at or below a release, send it to one, or give it a maintenance window")
    .argument("<device>", "device ID")
    .argument("[sequence]", "the release that it stays at or below; none removes the limit")
    .option("--target <sequence>", "go to this release, whatever wave is open")
    .option("--no-target", "follow the waves again")
    .option("--window <from-to>", "begin updates within these hours only, UTC, as 23:30-05:00")
    .option("--no-window", "at any hour again")
    .option("--lab", "every first wave takes it in")
    .option("--no-lab", "it waits for its turn as others do")
    .action(
      (
        device: string,
        pin: number | undefined,
        options: ShowOptions & { target?: number | boolean; window?: Window | boolean; lab?: boolean },
      ) =>
        sayTrouble(async () => {
          const { target, window, lab } = options;
          const steersElse = target !== undefined || window !== undefined || lab !== undefined;
          const body = {
            ...(pin === undefined ? (steersElse ? {} : { pin: null }) : { pin }),
            ...(target === undefined ? {} : { target: target === false ? null : target }),
            ...(window === undefined ? {} : { window: typeof window === "object" ? window : null }),
            ...(lab === undefined ? {} : { lab }),
          };
          await clientOf(options).post(`/v1/devices/${encodeURIComponent(device)}/steer`, body);
          await explain(device, options);
        }),
    );
  place(command.command("explain"))
    .description("explain which release a unit should have, with every check that was made")
    .argument("<device>", "device ID")
    .action((device: string, options: ShowOptions) => sayTrouble(() => explain(device, options)));
  place(command.command("journal"))
    .description("show what was done and why, and what units' apps threw: the last 200 entries, newest last")
    .action((options: ShowOptions) => sayTrouble(() => journal(options)));
  place(command.command("enrol"))
    .description("make units known to the cloud: a JSON file of { id, publicKey, product, hardware, fleet, lab, card }")
    .argument("<file>", "JSON array; - reads standard input")
    .action((file: string, options: ShowOptions) =>
      sayTrouble(async () => {
        const { enrolled } = await clientOf(options).post<{ enrolled: number }>("/v1/devices", unitsOf(file));
        print(`${enrolled} units are enrolled`);
      }),
    );
}

function unitsOf(file: string): object {
  const text = readText(file);
  try {
    return JSON.parse(text) as object;
  } catch {
    throw new CloudTrouble(`${file} is no JSON file of units`);
  }
}
