/** `latchkey revocation`: gives revocations to the cloud, and shows which units have applied them. */
import type { Command } from "commander";
import { operatorClient } from "#cloud/http/operator-client.ts";
import type { RevocationStatus } from "#cloud/issuer/revocation-register.ts";
import { bytesOf } from "./readings.ts";
import { CliTrouble } from "./trouble.ts";

interface CloudPlace {
  readonly data: string;
  readonly url?: string;
  readonly operatorKey?: string;
  readonly json?: boolean;
}

interface PublishOptions extends CloudPlace {
  readonly fleet?: string;
  readonly device?: string;
}

function clientOf({ data, url, operatorKey }: CloudPlace) {
  return operatorClient({
    data,
    ...(url === undefined ? {} : { url }),
    ...(operatorKey === undefined ? {} : { keyFile: operatorKey }),
  });
}

const print = (text: string) => void process.stdout.write(`${text}\n`);

function show({ scope, statements, devices, taken, missing }: RevocationStatus): void {
  print(`${scope.kind} ${scope.name}: ${statements} statements, taken by ${taken} of ${devices} units`);
  if (missing.length > 0) print(`  not yet: ${missing.join(" ")}${missing.length < devices - taken ? " ..." : ""}`);
}

function withPlace(command: Command): Command {
  return command
    .option("--data <folder>", "data folder of the cloud on this machine", "out/cloud")
    .option("--url <url>", "a cloud elsewhere")
    .option("--operator-key <file>", "its operator key")
    .option("--json", "print JSON");
}

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
    .action(async (options: CloudPlace) => {
      const answer = await clientOf(options).get<readonly RevocationStatus[]>("/v1/revocations");
      if (options.json) print(JSON.stringify(answer));
      else if (answer.length === 0) print("no revocations");
      for (const each of options.json ? [] : answer) show(each);
    });
}
