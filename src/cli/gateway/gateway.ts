/** `latchkey gateway`: runs a gateway, and what the person on its host does there. */
import { type Command, Option } from "commander";
import { StoreTrouble } from "#base/host/store/sql-store.ts";
import { consolePage } from "#cli/console-page.ts";
import { sayTrouble } from "#cli/say-trouble.ts";
import { STORE_PASSWORD, secretFrom, secretHelp, withPassword } from "#cli/values/secret.ts";
import { ValueError } from "#cli/values/value-error.ts";
import { ROLES } from "#gateway/oauth/rights.ts";
import { readCloudTls } from "#trust/host/tls-files.ts";
import {
  acceptInvitation,
  addAccount,
  changeAccount,
  type HostOptions,
  invite,
  inviteAccount,
  listAccounts,
  registerCloud,
  registerProgram,
  removeAccount,
  removeUnit,
  showJournal,
} from "./on-host.ts";

const MAKER_SECRET = {
  fileOption: "--maker-client-secret-file",
  variable: "LATCHKEY_MAKER_CLIENT_SECRET",
  what: "client's secret at the maker's provider",
};
const MQTT_PASSWORD = {
  fileOption: "--mqtt-password-file",
  variable: "LATCHKEY_MQTT_PASSWORD",
  what: "broker's password",
};

interface RunOptions {
  readonly data: string;
  readonly store?: string;
  readonly storePasswordFile?: string;
  readonly host: string;
  readonly httpPort: number;
  readonly url?: string;
  readonly tlsKey?: string;
  readonly tlsCert?: string;
  readonly particleCompat?: boolean;
  readonly privateWebhooks?: boolean;
  readonly makerIssuer?: string;
  readonly makerClient?: string;
  readonly makerClientSecretFile?: string;
  readonly mqtt?: string;
  readonly mqttPasswordFile?: string;
  readonly mqttDiscovery: "device" | "component";
}

/** A verb for the gateway that runs on a data folder. */
function onHost(command: Command): Command {
  return command
    .option("--data <folder>", "the running gateway's folder", "out/gateway")
    .option("--json", "print one JSON object");
}

export function register(command: Command): void {
  command
    .option("--data <folder>", "key, store, bootstrap key and running.json", "out/gateway")
    .option("--store <file|url>", "SQLite file, or postgres://user@host/database (default: gateway.db in the folder)")
    .option("--store-password-file <file>", secretHelp(STORE_PASSWORD))
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .addOption(new Option("--http-port <port>", "0: any free one").default(8090))
    .option("--url <url>", "the gateway's address as programs write it, behind a proxy (default: http://HOST:PORT)")
    .option("--tls-key <file>", "PEM; with --tls-cert the port speaks TLS")
    .option("--tls-cert <file>", "PEM: the server's certificate, then those between it and its authority")
    .option("--particle-compat", "serve programs of the Spark era: the password grant, and tokens in queries and forms")
    .option("--maker-issuer <url>", "the maker's own OpenID Connect provider, as another way for people to log in")
    .option("--maker-client <id>", "the gateway's client ID there; its redirect address is URL/maker-callback")
    .option("--maker-client-secret-file <file>", secretHelp(MAKER_SECRET))
    .option("--private-webhooks", "let webhooks reach this machine and its network, and not only public addresses")
    .option("--mqtt <url>", "the owner's broker, where Home Assistant finds the units: mqtt://user@host, or mqtts://")
    .option("--mqtt-password-file <file>", secretHelp(MQTT_PASSWORD))
    .addOption(
      new Option("--mqtt-discovery <form>", "component: for a Home Assistant before 2024.11")
        .choices(["device", "component"])
        .default("device"),
    )
    .action((options: RunOptions) => sayTrouble(() => run(options)));
  onHost(command.command("invite"))
    .description("make a link by which an owner's phone brings a unit, once, within an hour: phone share --to-gateway")
    .option("--out <file>", "write it to a file that only this user can read")
    .action((_: object, own: Command) =>
      sayTrouble(() => invite(own.optsWithGlobals<HostOptions & { out?: string }>())),
    );
  const account = command.command("account").description("the people who may log in");
  const passwordFile = "--password-file <file>";
  const passwordHelp = secretHelp({ variable: "LATCHKEY_PASSWORD", what: "password" });
  onHost(account.command("add"))
    .description("make an account with a password, and show its second factor and recovery codes once")
    .argument("<name>", "for example ann@example.com")
    .addOption(new Option("--role <role>", "what the person may do").choices(ROLES).default("support"))
    .option(passwordFile, passwordHelp)
    .option("--maker-login", "without a password: the person logs in through --maker-issuer, by this e-mail address")
    .action((name: string, _: object, own: Command) => sayTrouble(() => addAccount(name, own.optsWithGlobals())));
  onHost(account.command("invite"))
    .description("make a code by which somebody makes their own account, within a week")
    .argument("<name>", "for example ann@example.com")
    .addOption(new Option("--role <role>", "what the person may do").choices(ROLES).default("support"))
    .action((name: string, _: object, own: Command) => sayTrouble(() => inviteAccount(name, own.optsWithGlobals())));
  onHost(account.command("accept"))
    .description("accept an invitation: set the password, and see the second factor and recovery codes once")
    .argument("<code>", "the code of the invitation")
    .option(passwordFile, passwordHelp)
    .action((code: string, _: object, own: Command) => sayTrouble(() => acceptInvitation(code, own.optsWithGlobals())));
  onHost(account.command("list"))
    .description("show the accounts")
    .action((_: object, own: Command) => sayTrouble(() => listAccounts(own.optsWithGlobals())));
  onHost(account.command("change"))
    .description("change a role, or disable an account: its tokens end at once")
    .argument("<name>", "the account's name")
    .addOption(new Option("--role <role>", "what the person may do").choices(ROLES))
    .option("--disable", "nobody logs in with it, and its tokens end")
    .option("--enable", "the opposite")
    .action((name: string, _: object, own: Command) => sayTrouble(() => changeAccount(name, own.optsWithGlobals())));
  onHost(account.command("remove"))
    .description("remove an account and end its tokens")
    .argument("<name>", "the account's name")
    .action((name: string, _: object, own: Command) => sayTrouble(() => removeAccount(name, own.optsWithGlobals())));
  onHost(command.command("client"))
    .description("register a program that acts in its own name, as a build server does; its secret is shown once")
    .argument("<name>", "its client ID")
    .addOption(new Option("--role <role>", "what it may do").choices(ROLES).default("support"))
    .option(
      "--scope <scopes>",
      "all, noFlash or use:NAME, each with @DEVICE for one unit and limits as /0800-1800@mon-fri, /rate=10:1m, /uses=5 or /lan",
      "noFlash",
    )
    .action((name: string, _: object, own: Command) => sayTrouble(() => registerProgram(name, own.optsWithGlobals())));
  onHost(command.command("resource"))
    .description(
      "let a maker's cloud take this gateway's accounts; its secret is shown once, for cloud --staff-secret-file",
    )
    .argument("<address>", "the cloud's address, as its staff write it")
    .action((address: string, _: object, own: Command) =>
      sayTrouble(() => registerCloud(address, own.optsWithGlobals())),
    );
  onHost(command.command("remove"))
    .description("forget a unit and its chain; its owner revokes the key with: phone revoke")
    .argument("<device>", "the unit's ID")
    .action((device: string, _: object, own: Command) => sayTrouble(() => removeUnit(device, own.optsWithGlobals())));
  onHost(command.command("journal"))
    .description("show who did what, the newest first")
    .action((_: object, own: Command) => sayTrouble(() => showJournal(own.optsWithGlobals())));
}

/** How long the process may take to end by itself once everything is closed. */
const ENDING_MS = 500;

async function makerLoginOf({ makerIssuer, makerClient, makerClientSecretFile }: RunOptions) {
  const clientSecret = await secretFrom(MAKER_SECRET, undefined, makerClientSecretFile);
  if (makerIssuer === undefined && makerClient === undefined && clientSecret === undefined) return undefined;
  if (makerIssuer === undefined || makerClient === undefined || clientSecret === undefined) {
    throw new ValueError("give all of --maker-issuer, --maker-client and --maker-client-secret-file");
  }
  return { issuer: makerIssuer, clientId: makerClient, clientSecret };
}

async function run(options: RunOptions): Promise<void> {
  const { data, host, httpPort, url, tlsKey, tlsCert, particleCompat } = options;
  if ((tlsKey === undefined) !== (tlsCert === undefined)) throw new ValueError("give both --tls-key and --tls-cert");
  const password = await secretFrom(STORE_PASSWORD, undefined, options.storePasswordFile);
  if (password !== undefined && options.store === undefined)
    throw new ValueError("the store's password is for --store; give that too");
  const store =
    options.store === undefined ? undefined : withPassword("--store", options.store, password, STORE_PASSWORD);
  const mqttPassword = await secretFrom(MQTT_PASSWORD, undefined, options.mqttPasswordFile);
  if (mqttPassword !== undefined && options.mqtt === undefined) {
    throw new ValueError("the broker's password is for --mqtt; give that too");
  }
  const mqtt = options.mqtt && withPassword("--mqtt", options.mqtt, mqttPassword, MQTT_PASSWORD);
  const makerLogin = await makerLoginOf(options);
  // The authorization server takes a second to load, which no other verb should wait for.
  const { startGateway } = await import("#gateway/gateway.ts");
  let onEnd: (error?: unknown) => void = () => undefined;
  const end = new Promise<unknown>((resolve) => {
    onEnd = resolve;
  });
  const gateway = await startGateway({
    ...{ data, host, port: httpPort, isCompat: particleCompat === true },
    mayHookPrivately: options.privateWebhooks === true,
    ...(makerLogin && { makerLogin }),
    ...(store === undefined ? {} : { store }),
    ...(mqtt && { home: { url: mqtt, form: options.mqttDiscovery } }),
    ...(url === undefined ? {} : { url }),
    ...(tlsKey === undefined || tlsCert === undefined ? {} : { tls: readCloudTls(tlsKey, tlsCert) }),
    console: consolePage(),
    log: (line) => void process.stderr.write(`latchkey: ${line}\n`),
    onFatal: (error) => onEnd(error),
  }).catch((error: NodeJS.ErrnoException & { port?: number }) => {
    setTimeout(() => process.exit(), ENDING_MS).unref();
    if (error.code === "EADDRINUSE") {
      throw new StoreTrouble(`port ${error.port} is in use; stop what uses it, or choose another with --http-port`);
    }
    throw error;
  });
  process.stdout.write(
    `${JSON.stringify({ ready: true, url: gateway.url, http: gateway.port, console: gateway.consoleUrl, data, pid: process.pid })}\n`,
  );
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => onEnd());
  const error = await end;
  await gateway.close();
  setTimeout(() => process.exit(), ENDING_MS).unref();
  if (error !== undefined) throw error;
}
