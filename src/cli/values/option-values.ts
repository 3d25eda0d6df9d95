/** What every option and argument of every verb means: one strict reader each, by its name or by its placeholder. */
import { isFleet } from "#wire/link/topics.ts";
import { isProduct } from "#wire/releases/release.ts";
import { futureSOf, momentSOf } from "./date.ts";
import { durationMsOf, secondsOf, timeoutMsOf } from "./duration.ts";
import { hoursOf, windowOf } from "./hours.ts";
import { deviceIdText, hexTextOf, keyNumberOf, publicKeyValue } from "./identifier.ts";
import { listOf } from "./list.ts";
import { countOf, decimalOf, percentageOf, portOf, wavesOf } from "./number.ts";
import { addressOf, hostOf, imageOf, pathOf, serialPortOf, textOf, urlOf, wordOf } from "./text.ts";
import { wrongValue } from "./value-error.ts";

/** Reads one value. @param option As the person wrote it. @throws ValueError */
type Reader = (option: string, text: string) => unknown;

/** Checks a value, and leaves its text to the verb, which reads it again with what it depends on. */
const checked =
  (read: Reader): Reader =>
  (option, text) => {
    read(option, text);
    return text;
  };

const count =
  (min: number, max: number): Reader =>
  (option, text) =>
    countOf(option, text, { min, max });

const named =
  (isName: (text: string) => boolean, what: string): Reader =>
  (option, text) =>
    isName(text) ? text : wrongValue(option, text, `${what}: 1 to 32 lower-case letters, digits and hyphens`);

const U32 = 2 ** 32 - 1;
const SAFE = Number.MAX_SAFE_INTEGER;
const product = named(isProduct, "the name of a product");
const sequence = count(0, U32);
const name = textOf(64);

/** By the name of an option, or of a verb and its option where one name means several things. */
const BY_NAME: Readonly<Record<string, Reader>> = {
  "--address": hostOf,
  "--after": deviceIdText,
  "--allow": textOf(2_000),
  "new --app": wordOf,
  "--arg": textOf(200),
  "--assume-functions": checked(listOf),
  "--because": textOf(200),
  "--block-rate": count(1, SAFE),
  "--board": wordOf,
  "--broadcast": hostOf,
  "--broker": urlOf(["mqtt", "mqtts"]),
  "--broker-hooks": addressOf,
  "--burst": (option, text) => decimalOf(option, text, { min: 1, max: 1_000_000 }),
  "--cloud": textOf(300),
  "new --cloud": hostOf,
  "--cloud-server": hostOf,
  "--consent": textOf(16),
  "--count": checked(count(1, 1_000_000)),
  "factory make --count": count(1, 999_999),
  "--cti": checked(keyNumberOf),
  "--device": deviceIdText,
  "--discharge": textOf(200),
  "--epoch": checked(count(0, SAFE)),
  "factory reissue-card --epoch": count(0, 999_999),
  "release build --epoch": count(0, SAFE),
  "--expires": checked(futureSOf),
  "release build --expires": momentSOf,
  "--extra": checked(hexTextOf),
  "--failure-rate": percentageOf,
  "--failures": count(0, U32),
  "--fault": wordOf,
  "--fleet": named(isFleet, "the name of a fleet"),
  "sim --fleet": count(1, 10_000_000),
  "--floor": checked(count(0, SAFE)),
  "--for": textOf(64),
  "phone share --for": deviceIdText,
  "--function": name,
  "--hardware": count(0, SAFE),
  "--holder": checked((option, text) => publicKeyValue(option, text)),
  "factory card read --holder": pathOf,
  "factory card type --holder": pathOf,
  "--host": hostOf,
  "--hours": checked(hoursOf),
  "--http-port": count(0, 65_535),
  "--id": deviceIdText,
  "--kid": checked(count(1, 255)),
  "keys issuer --kid": count(1, 255),
  "--lat": (option, text) => decimalOf(option, text, { min: -90, max: 90 }),
  "--level": textOf(16),
  "--limit": count(1, 500),
  "--image": pathOf,
  "--line": serialPortOf,
  "--lon": (option, text) => decimalOf(option, text, { min: -180, max: 180 }),
  "--loss": (option, text) => decimalOf(option, text, { min: 0, max: 0.99 }),
  "--maker": hostOf,
  "--minutes": checked((option, text) => decimalOf(option, text, { min: 0.1, max: 1_440 })),
  "--moon": textOf(16),
  "--mqtt": urlOf(["mqtt", "mqtts"]),
  "--mqtt-discovery": wordOf,
  "--mqtt-port": count(0, 65_535),
  "--name": name,
  "--names": pathOf,
  "--near": textOf(100),
  "--not-after": checked(futureSOf),
  "--not-before": checked(momentSOf),
  "--only": checked(listOf),
  "--parser": wordOf,
  "board check --port": serialPortOf,
  "board flash --port": serialPortOf,
  "board identify --port": serialPortOf,
  "board log --port": serialPortOf,
  "dev --port": serialPortOf,
  "factory make --port": serialPortOf,
  "--print": textOf(1_000),
  "--product": product,
  "--protocol": textOf(32),
  "--rate": textOf(40),
  "--release": count(0, U32),
  "--search": textOf(64),
  "--root-number": count(1, 3),
  "--runs": checked(count(1, SAFE)),
  "air soak --runs": count(1, SAFE),
  "--sample": count(0, U32),
  "--seed": count(0, SAFE),
  "fuzz --seed": checked(count(0, SAFE)),
  "--sequence": checked(count(0, SAFE)),
  "release build --sequence": count(0, SAFE),
  "--silence": secondsOf,
  "--silence-rate": percentageOf,
  "--soak": secondsOf,
  "--ssid": textOf(64),
  "--state": wordOf,
  "--ssid-hex": checked(hexTextOf),
  "--store": textOf(1_000),
  "--target": sequence,
  "--timeout": checked(timeoutMsOf),
  "phone cloud --timeout": (option, text) => timeoutMsOf(option, text) / 1_000,
  "--to": checked((option, text) => publicKeyValue(option, text)),
  "--role": wordOf,
  "--scope": textOf(1_000),
  code: textOf(64),
  "--staff-audience": urlOf(["http", "https"]),
  "--staff-issuer": urlOf(["http", "https"]),
  "login --issuer": urlOf(["http", "https"]),
  "release draft --issuer": urlOf(["http", "https"]),
  "--client": textOf(64),
  "--maker-client": textOf(256),
  "--maker-issuer": urlOf(["http", "https"]),
  "login address": urlOf(["http", "https"]),
  "gateway resource address": urlOf(["http", "https"]),
  "--url": urlOf(["http", "https"]),
  "--uses": checked(count(1, 2 ** 31)),
  "--wait": checked(timeoutMsOf),
  "--waves": wavesOf,
  "--window": windowOf,
  "--zone": textOf(100),
  // A passphrase may be anything, also empty for an open network; its length depends on the protocol.
  "--passphrase": (_, text) => text,
  address: textOf(300),
  answer: textOf(4_096),
  image: imageOf,
  arguments: textOf(4_096),
  changes: textOf(4_096),
  decoder: wordOf,
  device: deviceIdText,
  events: name,
  id: deviceIdText,
  key: name,
  level: wordOf,
  name,
  product,
  protocol: wordOf,
  request: textOf(4_096),
  role: wordOf,
  rollout: textOf(64),
  sequence,
  "phone update sequence": checked(count(1, U32)),
  variable: name,
  what: textOf(1_000_000),
  zone: textOf(100),
};

/** By the placeholder, as "file" of `--out <file>`: what stands for itself wherever it stands. */
const BY_PLACEHOLDER: Readonly<Record<string, Reader>> = {
  duration: checked(durationMsOf),
  file: pathOf,
  "file|link": textOf(1_000),
  "file|hex": textOf(1_000_000),
  "file|system": pathOf,
  folder: pathOf,
  picture: pathOf,
  "picture|link": textOf(4_096),
  "picture|link|text": textOf(4_096),
  png: pathOf,
  port: portOf,
  release: pathOf,
};

/**
 * The reader of an option or argument.
 * @param verb        As a person writes it: "phone call".
 * @param name        "--out", or an argument's name.
 * @param placeholder What stands for the value, as "file".
 */
export function readerOf(verb: string, name: string, placeholder: string): Reader | undefined {
  return BY_NAME[`${verb} ${name}`] ?? BY_NAME[name] ?? BY_PLACEHOLDER[placeholder.replace(/\.\.\.$/, "")];
}
