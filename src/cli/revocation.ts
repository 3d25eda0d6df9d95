/** `latchkey revocation`: gives revocations to the cloud, and shows which units have applied them. */
import type { Command } from "commander";
import type { RevocationStatus } from "#cloud/issuer/revocation-register.ts";
import { type CloudPlace, clientOf, withCloudPlace } from "./cloud-place.ts";
import { bytesOf } from "./readings.ts";
import { CliTrouble } from "./trouble.ts";

interface ShowOptions extends CloudPlace {
  readonly json?: boolean;
}

interface PublishOptions extends ShowOptions {
  readonly fleet?: string;
  readonly device?: string;
}

const print = (text: string) => void process.stdout.write(`${text}\n`);

function show({ scope, statements, devices, taken, missing }: RevocationStatus): void {
  print(`${scope.kind} ${scope.name}: ${statements} statements, taken by ${taken} of ${devices} units`);
  if (missing.length > 0) print(`  not yet: ${missing.join(" ")}${missing.length < devices - taken ? " ..." : ""}`);
}

const withPlace = (verb: Command): Command => withCloudPlace(verb).option("--json", "print JSON");

export function register(command: Command): void {
  withPlace(command.command("publish"))
    .description(
      "keep signed revocations (latchkey grant revoke --out FILE) in the cloud, for every unit at its next link",
    )
    .argument("<file>", "the delivery, as latchkey grant revoke wrote it")
    .option("--fleet <name>", "for all units of a fleet")
    .option("--device <id>", "for one unit")
    .action(async (file: string, options: PublishOptions) => {
      const { fleet, device } = options;
      if ((fleet === undefined) === (device === undefined)) throw new CliTrouble("say for whom: --fleet or --device");
      const place = fleet === undefined ? `/v1/devices/${device}` : `/v1/fleets/${fleet}`;
      const answer = await clientOf(options).post<RevocationStatus>(`${place}/revocations`, bytesOf("FILE", file));
      if (options.json) print(JSON.stringify(answer));
      else show(answer);
    });
  withPlace(command.command("status"))
    .description("show which revocations are in force, and which units have not taken them")
    .action(async (options: ShowOptions) => {
      const answer = await clientOf(options).get<readonly RevocationStatus[]>("/v1/revocations");
      if (options.json) print(JSON.stringify(answer));
      else if (answer.length === 0) print("no revocations");
      for (const each of options.json ? [] : answer) show(each);
    });
}
