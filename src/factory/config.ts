/** `flash.config.json`: the configuration of a factory line. All of it is checked before anything is written. */
import { existsSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { z } from "zod";
import { placeInJson, placeOfJsonFault } from "#codec/host/json-place.ts";
import { readText } from "#trust/host/files.ts";
import { countryFault, isCountry } from "./country.ts";

const NAME = { message: "is not a name (expected 1 to 32 lower-case letters, digits and hyphens)" };
const port = z.int().min(1).max(65535);

const flashConfigSchema = z
  .strictObject({
    $schema: z.string().optional().describe("The JSON Schema for an editor's completion"),
    product: z
      .string()
      .regex(/^[a-z0-9-]{1,32}$/, NAME)
      .describe("The product's name: lower-case letters, digits and hyphens"),
    fleet: z
      .string()
      .regex(/^[a-z0-9-]{1,32}$/, NAME)
      .describe("The fleet that units join: part of their MQTT topics"),
    app: z
      .string()
      .min(1)
      .describe(
        "The app's entry file, which exports `app` from defineDevice; relative paths are from this file's folder",
      ),
    board: z.string().min(1).describe("A folder of boards/"),
    hardwareRevision: z.int().min(0).max(65535).default(1),
    maker: z
      .string()
      .regex(/^[A-Z0-9.-]{1,24}$/, {
        message:
          "is not a maker's domain (expected 1 to 24 upper-case letters, digits, dots and hyphens, as LAMPS.EXAMPLE)",
      })
      .describe("The maker's domain, upper case: links on label and card begin with HTTPS://GO.<maker>/"),
    cards: z.enum(["noFlash", "all"]).default("noFlash").describe("What an owner's card may do"),
    ownerGrantYears: z
      .int()
      .min(20)
      .max(30)
      .optional()
      .describe("How long an owner's grant holds; for ever when absent"),
    onboarding: z
      .strictObject({
        legacy: z
          .array(z.enum(["esptouch-v1", "esptouch-v2", "airkiss", "ti-smartconfig", "tuya-ez"]))
          .default([])
          .describe("Older protocols that are switched on; a join by one of them is provisional"),
        softAp: z.boolean().default(false).describe("The unit's own access point with a portal page"),
        improv: z
          .boolean()
          .optional()
          .describe(
            "Improv over serial: a program at the unit's console may give it a network while it has none; such a join is provisional",
          ),
        aesKeyFile: z
          .string()
          .min(1)
          .optional()
          .describe(
            "File (mode 600) with the AES-128 key that the maker's phone app shares with its units, 32 hexadecimal digits: for esptouch-v2, airkiss and ti-smartconfig",
          ),
      })
      .default({ legacy: [], softAp: false }),
    appOrigins: z
      .array(
        z.string().regex(/^[a-z][a-z0-9+.-]{0,31}:\/\/[a-z0-9.-]{1,253}(:[0-9]{1,5})?$/, {
          message: "is not an origin: scheme, host and port alone, in lower case, as https://app.lamp.example",
        }),
      )
      .max(8)
      .default([])
      .describe(
        "Origins of the pages that may speak with units on their network: the maker's own app in a browser. Signed into each release; none when absent",
      ),
    time: z
      .strictObject({
        servers: z
          .array(
            z.string().regex(/^[A-Za-z0-9.-]{1,100}(:[0-9]{1,5})?$/, {
              message: "is not a server: a name or an IPv4 address, as time.lamp.example or 192.0.2.1:123",
            }),
          )
          .max(4)
          .default([])
          .describe(
            "SNTP servers that units ask for the time while neither cloud nor phone has signed it, after those that DHCP names (option 42). Apps and logs use it; rights are never decided by it",
          ),
      })
      .default({ servers: [] }),
    fetch: z
      .strictObject({
        ca: z
          .string()
          .min(1)
          .describe(
            "PEM file of one to three authorities (P-256): apps may then `fetch` from servers that these vouch for, on boards with TLS",
          ),
      })
      .optional()
      .describe("The HTTPS client for apps; without it a bundle has none"),
    country: z
      .string()
      .refine(isCountry, { error: ({ input }) => countryFault(String(input)) })
      .optional()
      .describe(
        "Where units are sold, by ISO 3166-1, as DE: the radio then keeps that country's rules. Without it the most careful ones, and a product for several countries does without",
      ),
    lines: z
      .boolean()
      .default(false)
      .describe(
        "Whether errors of the app name the line of the failing statement (`phone crash --names`, `cloud crash --names`), for some bytes of code a statement",
      ),
    cloud: z
      .strictObject({
        host: z.string().min(1),
        mqttPort: port,
        httpPort: port,
        broker: z.string().min(1).max(32),
        ca: z
          .string()
          .min(1)
          .optional()
          .describe(
            "PEM file of one to three authorities (P-256): both ports then speak TLS; in the clear when absent",
          ),
        serverName: z
          .string()
          .regex(/^[A-Za-z0-9.-]{1,120}$/, { message: "is not a DNS name, as cloud.lamp.example" })
          .optional()
          .describe("The DNS name in the servers' certificate, where it is not the host"),
      })
      .refine(({ ca, serverName }) => ca !== undefined || serverName === undefined, {
        path: ["ca"],
        message: "is missing: a serverName is proved by a certificate of the authority in ca",
      })
      .optional()
      .describe("Where units look for updates; a unit without a cloud works all the same"),
    labels: z
      .strictObject({
        widthMm: z.number().min(20).max(100).default(50),
        heightMm: z.number().min(15).max(100).default(25),
        dpi: z.int().min(203).max(1200).default(300),
      })
      .default({ widthMm: 50, heightMm: 25, dpi: 300 }),
    keys: z.string().min(1).default("out/keys").describe("Folder of the maker's key files (mode 600)"),
    output: z.string().min(1).default("out").describe("Folder for units, labels and the registry"),
  })
  .meta({ title: "flash.config.json", description: "What a Latchkey factory line makes" });

export type FlashConfig = z.infer<typeof flashConfigSchema>;

/** Thrown for a wrong file: one line that names the key. Nothing has been flashed then. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/**
 * Checks a configuration's text.
 * @param source What to call it in an error.
 */
export function parseFlashConfig(text: string, source: string): FlashConfig {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const { line, column } = placeOfJsonFault(text, error as Error);
    throw new ConfigError(`${source}:${line}:${column}: this is not JSON: ${jsonFault(error as Error)}`);
  }
  const parsed = flashConfigSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue === undefined) throw new ConfigError(`${source}: it is wrong`);
  const unknownKeys = issue.code === "unrecognized_keys" ? issue.keys : [];
  const path = [...issue.path, ...unknownKeys.slice(0, 1)];
  const { line, column } = placeInJson(text, path);
  throw new ConfigError(`${source}:${line}:${column}: ${path.join(".") || "(the whole file)"}: ${said(issue, value)}`);
}

/** What JSON.parse says, without the position, which the place tells, and the piece of text. */
const jsonFault = ({ message }: Error) =>
  message
    .replace(/,? (in JSON )?at position .*$/s, "")
    .replace(/, ".*$/s, "")
    .replace(/^./, (first) => first.toLowerCase());

const KINDS: Readonly<Record<string, string>> = {
  array: "a list",
  boolean: "true or false",
  int: "a whole number",
  number: "a number",
  object: "an object in braces",
  string: "a text",
};
const articled = (kind: string) => KINDS[kind] ?? kind;

/** What a person reads about one fault: what was found, and what is expected. */
function said(issue: z.core.$ZodIssue, whole: unknown): string {
  const found = issue.path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown>)?.[key], whole);
  const shown = JSON.stringify(found) ?? "nothing";
  switch (issue.code) {
    case "unrecognized_keys":
      return "there is no such key; an editor that knows the file's $schema completes them";
    case "invalid_type":
      return found === undefined
        ? `is missing (expected ${articled(issue.expected)})`
        : `${shown} (expected ${articled(issue.expected)})`;
    case "invalid_value":
      return `${shown} (expected one of ${issue.values.map(String).join(", ")})`;
    case "too_small":
      return issue.origin === "string" ? "is empty" : `${shown} (expected at least ${issue.minimum})`;
    case "too_big":
      return `${shown} (expected at most ${issue.maximum}${issue.origin === "string" ? " characters" : issue.origin === "array" ? " of them" : ""})`;
    default:
      return issue.code === "invalid_format" ? `${shown} ${issue.message}` : issue.message;
  }
}

/** Reads and checks a configuration file. Relative paths in it are meant from its own folder. Throws ConfigError. */
export function readFlashConfig(path: string): FlashConfig {
  if (!existsSync(path))
    throw new ConfigError(
      `there is no ${path}; go to your device's folder, name the file by --config, or start a device: latchkey new FOLDER`,
    );
  return fromFolder(parseFlashConfig(readText(path), path), dirname(path));
}

function fromFolder(config: FlashConfig, folder: string): FlashConfig {
  const place = (path: string) => (isAbsolute(path) ? path : join(folder, path));
  const { onboarding, cloud, fetch } = config;
  const { aesKeyFile } = onboarding;
  return {
    ...config,
    app: place(config.app),
    keys: place(config.keys),
    output: place(config.output),
    onboarding: { ...onboarding, ...(aesKeyFile !== undefined && { aesKeyFile: place(aesKeyFile) }) },
    ...(fetch !== undefined && { fetch: { ca: place(fetch.ca) } }),
    ...(cloud !== undefined && { cloud: { ...cloud, ...(cloud.ca !== undefined && { ca: place(cloud.ca) }) } }),
  };
}

/** The JSON Schema that editors complete from; kept beside this file and checked by a test. */
export function flashConfigJsonSchema(): object {
  return z.toJSONSchema(flashConfigSchema, { io: "input", target: "draft-7" });
}
