import { type Command, Option } from "commander";
import { AIR_PROTOCOLS, callFunction, onboardUnit, type PhoneOptions } from "./phone-actions.ts";
import { sayTrouble } from "./say-trouble.ts";

/** Options by which every phone verb knows the unit and remembers it. */
function withUnit(command: Command): Command {
  return command
    .requiredOption("--label <png|link>", "picture of the device label, or its link")
    .option("--card <png|link|text>", "picture of the owner's card, its link, or its characters")
    .option("--memory <file>", "what this phone remembers", "out/phone.json")
    .option("--json", "print one JSON object");
}

export function register(command: Command): void {
  withUnit(command.command("onboard"))
    .description("bring a unit onto Wi-Fi by broadcasting, until it says its signed hello")
    .requiredOption("--ssid <name>", "the network's name")
    .option("--passphrase <text>", "its passphrase; an open network has none", "")
    .addOption(new Option("--protocol <name>", "how to say it").choices(AIR_PROTOCOLS).default("air"))
    .option("--broadcast [address]", "send to a real network (255.255.255.255), not to this machine's own loopback")
    .option("--timeout <seconds>", "give up after", Number, 60)
    .action((options: PhoneOptions & Parameters<typeof onboardUnit>[0]) => sayTrouble(() => onboardUnit(options)));
  withUnit(command.command("call"))
    .description("call a function of the unit's app, or read a variable")
    .argument("<name>", "function or variable")
    .argument("[arguments...]", "name=value each; true, false and numbers are taken as such")
    .option("--key <file>", "a guest's key file, in place of the card")
    .option("--chain <file>", "the chain that goes with it")
    .action((name: string, args: string[], options: PhoneOptions) =>
      sayTrouble(() => callFunction(name, args, options)),
    );
}
