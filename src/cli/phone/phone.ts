/** `latchkey phone`: the table of the phone's verbs, with their options. */
import { Argument, type Command, Option } from "commander";
import { withLimits } from "#cli/limits.ts";
import { sayTrouble } from "#cli/say-trouble.ts";
import { secretHelp } from "#cli/values/secret.ts";
import { ValueError } from "#cli/values/value-error.ts";
import { SENT_PROTOCOLS } from "#phone/message.ts";
import { DIAGNOSTICS, type Diagnostics } from "#wire/sessions/unit-log.ts";
import { askForUpdate, callFunction, revokeShare } from "./actions.ts";
import { type CloudMove, unitCloud } from "./cloud.ts";
import { fillCodes } from "./codes.ts";
import { PASSPHRASE } from "./credentials.ts";
import { deliverRelease } from "./deliver.ts";
import { describe, readVariable } from "./describe.ts";
import { diagnostics } from "./diagnostics.ts";
import { findUnits } from "./find.ts";
import { history } from "./history.ts";
import { bringKeySets } from "./key-set.ts";
import { listKeys } from "./keys.ts";
import { readLog } from "./log.ts";
import { readCrash, readLogs } from "./logs.ts";
import { type OnboardOptions, onboardUnit } from "./onboard.ts";
import { adoptCard, passUnitOn, revokeAll } from "./owner.ts";
import { placeUnit } from "./place.ts";
import { settings } from "./settings.ts";
import { type ShareOptions, shareUnit } from "./share.ts";
import { type SubscribeOptions, subscribe } from "./subscribe.ts";
import { answerTime, requestTime, vouchTime } from "./time.ts";
import { learnUnit, type PhoneOptions } from "./unit.ts";
import { zoneUnit } from "./zone.ts";

/** Options by which every phone verb knows the unit and remembers it. */
function withUnit(command: Command): Command {
  return withMemory(command.option("--label <picture|link>", "picture of the device label, or its link"))
    .option("--codes <picture>", "one photo that shows both codes, in place of --label and --card")
    .hook("preAction", (_, action) => fillCodes(action, true));
}

function withMemory(command: Command): Command {
  return command
    .option(
      "--card <picture|link|text>",
      "picture of the owner's card, or a file with its link or characters; the link or the characters themselves, which an argument shows to everybody on this machine; or set LATCHKEY_CARD",
    )
    .option("--memory <file>", "what this phone remembers", "out/phone.json")
    .option("--json", "print one JSON object");
}

/** Options of a guest, who has a key and a chain that leads to it. */
function asGuest(command: Command): Command {
  return command
    .option("--key <file>", "a guest's key file, in place of the card")
    .option("--chain <file>", "the chain that goes with it")
    .option("--discharge-key <file>", "the key file of a second factor, where the chain asks for its consent");
}

/** Options of verbs that also work remotely, through the relay of the unit's cloud. */
function fromAfar(command: Command): Command {
  return withTls(
    command
      .option(
        "--remote",
        "reach the unit through its cloud's relay; this phone must have met it on the local network once",
      )
      .option("--no-wait", "end at once, with SESSION_ASLEEP, when the unit sleeps, instead of waiting until it wakes")
      .option(
        "--cloud <address>",
        "where that cloud is, HOST:MQTTPORT:HTTPPORT:NAME, when the unit never told this phone",
      ),
  );
}

/** Options by which a cloud is known under TLS. */
function withTls(command: Command): Command {
  return command
    .option(
      "--cloud-ca <file|system>",
      "the authority behind the cloud's TLS, PEM, in place of what the unit told; \"system\" for the system's own",
    )
    .option("--cloud-server <name>", "the name in the cloud's certificate, in place of what the unit told");
}

export function register(command: Command): void {
  withMemory(command.command("onboard"))
    .description(
      "bring a unit onto Wi-Fi by broadcasting, until it answers; air requires label and card, the older protocols neither",
    )
    .option(
      "--label <picture|link>",
      "picture of the device label, or its link: only this unit's signed hello then counts",
    )
    .option("--codes <picture>", "one photo that shows both codes, in place of --label and --card")
    .hook("preAction", (_, action) => fillCodes(action, false))
    .option("--ssid <name>", "the network's name")
    .option("--ssid-hex <digits>", "the network's name where it is not UTF-8, two hexadecimal digits a byte")
    .option("--passphrase <text>", "its passphrase; an open network has none")
    .option("--passphrase-file <file>", secretHelp(PASSPHRASE))
    .addOption(new Option("--protocol <name>", "how to say it").choices(SENT_PROTOCOLS).default("air"))
    .option("--broadcast [address]", "send to a real network (255.255.255.255), not to this machine's own loopback")
    .option(
      "--extra <hex>",
      "bytes for the unit's own use: up to 32 by air, also by esptouch-v2; 14 of token by tuya-ez",
    )
    .option(
      "--key <file|hex>",
      "the AES key that the maker's app shares with its units, best in a file: esptouch-v2, airkiss, ti-smartconfig",
    )
    .option("--multicast", "send to multicast groups, where an access point drops broadcast (esptouch-v1)")
    .option("--zone <name|rule>", "the time zone where the unit is; this phone's own when absent")
    .option("--timeout <seconds>", "give up after", "60")
    .action((options: OnboardOptions) => sayTrouble(() => onboardUnit(options)));
  fromAfar(asGuest(withUnit(command.command("call"))))
    .description("call a function of the unit's app, or read a variable")
    .argument("<name>", "function or variable")
    .argument("[arguments...]", "name=value each; true, false and numbers are taken as such")
    .action((name: string, args: string[], options: PhoneOptions) =>
      sayTrouble(() => callFunction(name, args, options)),
    );
  fromAfar(asGuest(withUnit(command.command("describe"))))
    .description("show what the unit's app offers, and what the unit knows of itself")
    .action((options: PhoneOptions) => sayTrouble(() => describe(options)));
  fromAfar(asGuest(withUnit(command.command("read"))))
    .description("read a variable of the unit's app")
    .argument("<variable>", "its name, as `phone describe` shows it")
    .action((name: string, options: PhoneOptions) => sayTrouble(() => readVariable(name, options)));
  fromAfar(asGuest(withUnit(command.command("history"))))
    .description("show the last values of a variable, as the unit has kept them since its start")
    .argument("<variable>", "one for which `phone describe` says how many it keeps")
    .action((name: string, options: PhoneOptions) => sayTrouble(() => history(name, options)));
  fromAfar(asGuest(withUnit(command.command("settings"))))
    .description("show the settings of the unit's app, and change those that are named; requires the config right")
    .argument("[changes...]", "name=value each, as `phone describe` shows them")
    .action((changes: string[], options: PhoneOptions) => sayTrouble(() => settings(changes, options)));
  fromAfar(asGuest(withUnit(command.command("subscribe"))))
    .description("show events of the unit's app as they happen, until Ctrl-C")
    .argument("[events...]", "their names; all of them when none is named")
    .option("--count <number>", "end after so many events")
    .option("--every <duration>", "how often the unit is asked", "1s")
    .option("--recent", "begin with those that the unit kept, the last 16 at most")
    .action((events: string[], options: SubscribeOptions) => sayTrouble(() => subscribe(events, options)));
  fromAfar(withUnit(command.command("keys")))
    .description("show who holds which key that this phone gave, and whether it is active, revoked or expired")
    .action((options: PhoneOptions) => sayTrouble(() => listKeys(options)));
  withLimits(fromAfar(withUnit(command.command("share"))))
    .description(
      "delegate a narrower key to a guest by the guest's public key; a key without any limit needs --unlimited",
    )
    .option("--to <key>", "the guest's public key, 64 hexadecimal digits")
    .option(
      "--to-gateway <file|link>",
      "the link that `latchkey gateway invite` wrote, or a file with it, in place of --to: the chain is brought there",
    )
    .option("--flash", "let the holder install releases; only a card of level all can give that")
    .option("--name <name>", "what you call whoever gets it, for `phone keys`, `phone log` and `phone revoke`")
    .option("--function <name...>", "functions, variables and events that the guest may use; all of them when absent")
    .option("--unlimited", "yes, a key for everything and for ever")
    .option("--for <id>", "a device ID, where the key is for one of several units only")
    .option("--assume-functions <name,...>", "what the app offers, to make the key while the unit cannot be reached")
    .option("--out <file>", "where the guest's chain goes; it is no secret")
    .action((options: ShareOptions) => sayTrouble(() => shareUnit(options)));
  fromAfar(withUnit(command.command("revoke")))
    .description("revoke a guest's key at the unit itself, or all that were ever given")
    .argument("[key]", "the key's name or number, as `phone keys` shows them")
    .option("--all", "end every guest at once; the card stays good")
    .option("--unlisted", "the number of a key that this phone did not give")
    .action((key: string | undefined, options: PhoneOptions & { all?: boolean; unlisted?: boolean }) =>
      sayTrouble(() => {
        if ((key === undefined) !== (options.all === true)) {
          throw new ValueError("say which key to revoke, by its name or number, or --all for every key");
        }
        return key === undefined ? revokeAll(options) : revokeShare(key, options);
      }),
    );
  withUnit(command.command("resell"))
    .description("pass the unit on: hold the unit's button for three seconds, then issue a card for the new owner")
    .requiredOption("--out <png>", "where the new card goes; from then on it is the only way in")
    .action((options: Parameters<typeof passUnitOn>[0]) => sayTrouble(() => passUnitOn(options)));
  fromAfar(asGuest(withUnit(command.command("adopt"))))
    .description("after the maker's reissue: make a new card the owner's card (--card, and its grant as --chain)")
    .option("--revocation <file>", "the revocation of the old card, where no cloud delivered it to the unit")
    .action((options: Parameters<typeof adoptCard>[0]) => sayTrouble(() => adoptCard(options)));
  fromAfar(asGuest(withUnit(command.command("log"))))
    .description("show the unit's log: requests, times, keys and decisions; requires the config right")
    .action((options: PhoneOptions) => sayTrouble(() => readLog(options)));
  fromAfar(asGuest(withUnit(command.command("logs"))))
    .description("show the last lines of the unit and its app since it started; requires the config right")
    .action((options: PhoneOptions) => sayTrouble(() => readLogs(options)));
  fromAfar(asGuest(withUnit(command.command("crash"))))
    .description("show what went wrong last in the unit's app, also before a power cut; requires the config right")
    .option("--names <file>", "the .names.json beside the release that the unit ran, for the sources' names")
    .action((options: Parameters<typeof readCrash>[0]) => sayTrouble(() => readCrash(options)));
  fromAfar(withUnit(command.command("diagnostics")))
    .description("show or choose what the unit's maker sees through the cloud when its app fails; for the owner alone")
    .addArgument(new Argument("[level]", "crashes, the first choice, has no values").choices(DIAGNOSTICS))
    .action((level: Diagnostics | undefined, options: PhoneOptions) => sayTrouble(() => diagnostics(level, options)));
  fromAfar(asGuest(withUnit(command.command("place"))))
    .description(
      "tell the unit where it is, so that guests' --near conditions can be decided; requires the config right",
    )
    .option("--lat <degrees>", "latitude, north positive")
    .option("--lon <degrees>", "longitude, east positive")
    .option("--forget", "clear the place that was set")
    .action((options: Parameters<typeof placeUnit>[0]) => sayTrouble(() => placeUnit(options)));
  fromAfar(asGuest(withUnit(command.command("time-request"))))
    .description("as a guest: print a line for the phone that gave you the key, so that it can tell the unit the time")
    .option("--out <file>", "write the line to a file as well")
    .action((options: Parameters<typeof requestTime>[0]) => sayTrouble(() => requestTime(options)));
  fromAfar(asGuest(withUnit(command.command("vouch"))))
    .description("tell the unit the time for the keys that you gave; or answer a guest's time-request from anywhere")
    .argument("[request]", "the guest's line, or a file that holds it; without it the unit itself is told")
    .option("--out <file>", "write the answer to a file as well")
    .action((request: string | undefined, options: Parameters<typeof vouchTime>[1]) =>
      sayTrouble(() => vouchTime(request, options)),
    );
  fromAfar(asGuest(withUnit(command.command("time-answer"))))
    .description("as a guest: bring the unit the answer to your time-request")
    .argument("<answer>", "the line, or a file that holds it")
    .action((answer: string, options: PhoneOptions) => sayTrouble(() => answerTime(answer, options)));
  fromAfar(withUnit(command.command("zone")))
    .description("tell the unit the time zone where it is, for keys with local hours; without a name this phone's own")
    .argument("[zone]", "a name as Europe/Berlin, or a POSIX TZ rule as CET-1CEST,M3.5.0,M10.5.0/3")
    .option("--forget", "clear the zone that was set")
    .action((zone: string | undefined, options: Parameters<typeof zoneUnit>[1]) =>
      sayTrouble(() => zoneUnit(zone, options)),
    );
  command
    .command("find")
    .description("look for units on this phone's own networks")
    .option("--wait <seconds>", "how long", "1.5")
    .option("--json", "print one JSON object")
    .action((options: Parameters<typeof findUnits>[0]) => sayTrouble(() => findUnits(options)));
  asGuest(withUnit(command.command("learn")))
    .description("ask the unit, on the local network, for what this phone needs to reach it with --remote")
    .action((options: PhoneOptions) => sayTrouble(() => learnUnit(options)));
  withTls(asGuest(withUnit(command.command("cloud"))))
    .description("show where the unit's cloud is and whether its link is up; with an address, move the unit there")
    .argument("[address]", "HOST:MQTTPORT:HTTPPORT:NAME of the cloud that it is to use from now on")
    .option("--factory", "use the cloud again that the unit was made with")
    .addOption(new Option("--timeout <seconds>", "how long to wait for the link there").default(60))
    .action((address: string | undefined, options: CloudMove) => sayTrouble(() => unitCloud(address, options)));
  asGuest(withUnit(command.command("key-set")))
    .description("bring the maker's key sets to a unit that has no cloud, or was off for too long; any key will do")
    .argument("<file...>", "keyset.cose and all keyset-NUMBER.cose of the maker, or what its cloud hands out")
    .action((paths: readonly string[], options: PhoneOptions) => sayTrouble(() => bringKeySets(paths, options)));
  asGuest(withUnit(command.command("deliver")))
    .description(
      "deliver a signed release to a unit without its cloud, and report the outcome; requires the flash right",
    )
    .argument("<file>", "the release, as `release sign` wrote it")
    .option("--timeout <seconds>", "give up after", "180")
    .action((path: string, options: Parameters<typeof deliverRelease>[1]) =>
      sayTrouble(() => deliverRelease(path, options)),
    );
  fromAfar(asGuest(withUnit(command.command("update"))))
    .description("ask the unit to install a release; requires the flash right")
    .argument("<sequence>", "number of the release")
    .action((sequence: string, options: PhoneOptions) => sayTrouble(() => askForUpdate(sequence, options)));
}
