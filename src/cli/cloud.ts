/** `latchkey cloud`: runs the cloud, and opens its status page. */
import { type Command, Option } from "commander";
import { type CloudOptions, startCloud } from "#cloud/cloud.ts";
import type { ViewLink } from "#cloud/http/routes-view.ts";
import { createTimeSigner, TIME_KEY_FILE } from "#cloud/issuer/time-signer.ts";
import { StoreTrouble } from "#cloud/store/store.ts";
import { readAuthority, readCloudTls } from "#trust/host/tls-files.ts";
import { registerDevices } from "./cloud-devices.ts";
import { type CloudPlace, clientOf, withCloudPlace } from "./cloud-place.ts";
import { consolePage } from "./console-page.ts";
import { sayTrouble } from "./say-trouble.ts";
import { type SecretSource, STORE_PASSWORD, secretFrom, secretHelp, withPassword } from "./values/secret.ts";
import { ValueError } from "./values/value-error.ts";

interface Options {
  data: string;
  store?: string;
  keys: string[];
  name: string;
  host: string;
  mqttPort: number;
  httpPort: number;
  broker?: string;
  brokerPasswordFile?: string;
  storePasswordFile?: string;
  tlsKey?: string;
  tlsCert?: string;
  brokerCa?: string;
  brokerHooks?: { host: string; port: number };
  blockRate?: number;
  staffIssuer?: string;
  staffAudience?: string;
  staffSecretFile?: string;
  operatorKeyOn?: boolean;
}

export function register(command: Command): void {
  command
    .option("--data <folder>", "store, operator key and running.json", "out/cloud")
    .option("--store <file|url>", "SQLite file, or postgres://user@host/database (default: cloud.db in the folder)")
    .option("--store-password-file <file>", secretHelp(STORE_PASSWORD))
    .option("--keys <folder...>", "key set and timestamp key of a product; once for each product", [])
    .option("--name <name>", "the broker's name, as units were told at the factory", "latchkey")
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .addOption(new Option("--mqtt-port <port>", "0: any free one").default(1883))
    .addOption(new Option("--http-port <port>", "0: any free one").default(8080))
    .option("--broker <url>", "use this broker instead of the embedded one: mqtt://admin@host:port, or mqtts://")
    .option("--broker-password-file <file>", secretHelp(BROKER_PASSWORD))
    .option("--broker-ca <file>", "PEM of the authority behind that broker's TLS (default: the system's own)")
    .option("--broker-hooks <address:port>", "answer here what that broker (EMQX) asks about its clients")
    .option("--tls-key <file>", "PEM, on P-256; with --tls-cert both ports speak TLS")
    .option(
      "--tls-cert <file>",
      "PEM: the server's certificate, then those between it and the authority that units know",
    )
    .option(
      "--staff-issuer <url>",
      "the gateway whose accounts staff log in with; the operator key is then switched off",
    )
    .option("--staff-audience <url>", "this cloud's address, as `latchkey gateway resource` was told it")
    .option("--staff-secret-file <file>", secretHelp(STAFF_SECRET))
    .option("--operator-key-on", "take the operator key all the same, as when the issuer is lost; the journal says so")
    .option("--block-rate <bytes>", "bytes of blocks a second, for all devices together")
    .action((options: Options) => sayTrouble(() => run(options)));
  withCloudPlace(command.command("open"))
    .description("print a link that opens the read-only status page, once, within five minutes")
    .action((_: object, own: Command) => sayTrouble(() => openPage(own.optsWithGlobals<CloudPlace>())));
  registerDevices(command);
}

async function openPage(place: CloudPlace): Promise<void> {
  const client = clientOf(place);
  const { path } = await client.post<ViewLink>("/v1/view-links", {});
  process.stdout.write(`${new URL(path, client.url).href}\n`);
}

/** How long the process may take to end by itself once everything is closed, or when it could not start. */
const ENDING_MS = 500;

const STAFF_SECRET = {
  fileOption: "--staff-secret-file",
  variable: "LATCHKEY_STAFF_SECRET",
  what: "secret that `latchkey gateway resource` showed",
};
const BROKER_PASSWORD = {
  fileOption: "--broker-password-file",
  variable: "LATCHKEY_BROKER_PASSWORD",
  what: "broker's password",
};

/** Who issues staff's tokens, where somebody does. @throws ValueError where a part is missing */
async function staffOf(options: Options): Promise<Pick<CloudOptions, "staff">> {
  const { staffIssuer, staffAudience, staffSecretFile, operatorKeyOn } = options;
  const secret = await secretFrom(STAFF_SECRET, undefined, staffSecretFile);
  if (staffIssuer === undefined && staffAudience === undefined && secret === undefined) {
    if (operatorKeyOn !== true) return {};
    throw new ValueError("--operator-key-on: the operator key is on anyway; leave it out, or give --staff-issuer");
  }
  if (staffIssuer === undefined || staffAudience === undefined || secret === undefined) {
    throw new ValueError("give --staff-issuer, --staff-audience and --staff-secret-file, or none of them");
  }
  const [issuer, audience] = [staffIssuer, staffAudience].map((url) => url.replace(/\/$/, "")) as [string, string];
  return { staff: { issuer, audience, secret, isKeyOn: operatorKeyOn === true } };
}

/** A URL with the password that was given apart from it. */
async function completed(option: string, url: string | undefined, source: SecretSource, file: string | undefined) {
  const password = await secretFrom(source, undefined, file);
  if (url !== undefined) return withPassword(option, url, password, source);
  if (password === undefined) return undefined;
  throw new ValueError(`${file === undefined ? source.variable : source.fileOption} is for ${option}; give that too`);
}

async function run(options: Options): Promise<void> {
  const { data, store, keys, name, host, mqttPort, httpPort, broker, brokerCa, tlsKey, tlsCert, blockRate } = options;
  const { brokerHooks } = options;
  if (brokerHooks !== undefined && broker === undefined) {
    throw new StoreTrouble("--broker-hooks is for a broker that isn't ours; give --broker too, or leave both away");
  }
  if (brokerCa !== undefined && broker === undefined) {
    throw new StoreTrouble("--broker-ca is for a broker that isn't ours; give --broker too, or leave both away");
  }
  if ((tlsKey === undefined) !== (tlsCert === undefined)) throw new StoreTrouble("give both --tls-key and --tls-cert");
  let onEnd: (error?: unknown) => void = () => undefined;
  const end = new Promise<unknown>((resolve) => {
    onEnd = resolve;
  });
  const [storeUrl, brokerUrl] = [
    await completed("--store", store, STORE_PASSWORD, options.storePasswordFile),
    await completed("--broker", broker, BROKER_PASSWORD, options.brokerPasswordFile),
  ];
  const plan: CloudOptions = {
    ...{ data, keys, name, host, mqttPort, httpPort },
    ...(storeUrl === undefined ? {} : { store: storeUrl }),
    ...(brokerUrl === undefined ? {} : { broker: brokerUrl }),
    ...(tlsKey === undefined || tlsCert === undefined ? {} : { tls: readCloudTls(tlsKey, tlsCert) }),
    ...(brokerHooks === undefined ? {} : { brokerHooks }),
    ...(brokerCa === undefined ? {} : { brokerCa: readAuthority("--broker-ca", brokerCa) }),
    ...(blockRate === undefined ? {} : { bytesPerS: blockRate }),
    ...(await staffOf(options)),
    console: consolePage(),
    onFatal: (error) => onEnd(error),
  };
  const cloud = await startCloud(plan).catch((error: NodeJS.ErrnoException & { port?: number; address?: string }) => {
    setTimeout(() => process.exit(), ENDING_MS).unref();
    if (error.code === "EADDRINUSE") {
      throw new StoreTrouble(
        `port ${error.port} is in use; stop what uses it, or choose another with --mqtt-port, --http-port or --broker-hooks`,
      );
    }
    if (error.code === "EACCES" && error.port !== undefined) {
      throw new StoreTrouble(
        `port ${error.port} is not for this user; choose one above 1023 with --mqtt-port, --http-port or --broker-hooks`,
      );
    }
    if (error.code === "EADDRNOTAVAIL")
      throw new StoreTrouble(
        `${error.address ?? host} is no address of this machine; choose another --host or --broker-hooks`,
      );
    throw error;
  });
  for (const product of createTimeSigner(keys).timeless) {
    process.stderr.write(
      `latchkey: units of ${product} cannot learn the time from this cloud: there is no ${TIME_KEY_FILE} beside its other keys. Copy it there and start the cloud again\n`,
    );
  }
  process.stdout.write(
    `${JSON.stringify({ ready: true, http: cloud.httpPort, mqtt: cloud.mqttPort ?? null, console: cloud.consoleUrl, name, data, pid: process.pid })}\n`,
  );
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => onEnd());
  const error = await end;
  await cloud.close();
  // All parts have ended or had their time; what is still open is somebody else's end of a connection.
  setTimeout(() => process.exit(), ENDING_MS).unref();
  if (error !== undefined) throw error;
}
