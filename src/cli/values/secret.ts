/**
 * Secrets for the command line. An argument can be seen by everybody on the machine and stays in the shell's history, so
 * each secret is also taken from a file, from a prompt, and from the environment.
 */
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { plainText, readText } from "#trust/host/files.ts";
import { ValueError } from "./value-error.ts";

export interface SecretSource {
  /** The option that takes the secret itself, as --passphrase; undefined where no option does. */
  readonly option?: string;
  /** The option that takes a file with it, as --passphrase-file. */
  readonly fileOption: string;
  /** The environment variable, as LATCHKEY_PASSPHRASE. */
  readonly variable: string;
  /** For the prompt, as "passphrase". */
  readonly what: string;
}

/** Opens the database of a cloud or a gateway. */
export const STORE_PASSWORD = {
  fileOption: "--store-password-file",
  variable: "LATCHKEY_STORE_PASSWORD",
  what: "store's password",
};

/** What the help of a file option says. */
export function secretHelp({ variable, what }: Pick<SecretSource, "variable" | "what">): string {
  return `file with the ${what}, which an argument shows to everybody on this machine; - asks for it, or reads a line of standard input; or set ${variable}`;
}

/** The first line of a text. Spaces belong to a passphrase and stay. */
const firstLine = (text: string) => plainText(text).split("\n")[0] as string;

/**
 * The secret by whichever way it was given: the option, its file or prompt, or the environment.
 * @returns undefined where none was used.
 * @throws ValueError where two options give it, or a file or variable is empty
 */
export async function secretFrom(
  source: SecretSource,
  value: string | undefined,
  file: string | undefined,
): Promise<string | undefined> {
  const { option, fileOption, variable, what } = source;
  if (value !== undefined && file !== undefined) {
    throw new ValueError(`${option} and ${fileOption} both give the ${what}; leave one of the two out`);
  }
  if (value !== undefined) return value;
  if (file !== undefined) {
    const secret = file === "-" ? await askSecret(what) : firstLine(readText(file));
    if (secret !== "") return secret;
    throw new ValueError(`${fileOption}: there is no ${what} in ${file === "-" ? "standard input" : file}`);
  }
  const secret = process.env[variable];
  // Programs that this one starts have no use for it.
  delete process.env[variable];
  return secret;
}

/** Asks at the terminal, where nothing of it is shown; or reads one line where standard input is no terminal. */
export function askSecret(what: string): Promise<string> {
  const isTerminal = process.stdin.isTTY === true;
  if (isTerminal) process.stderr.write(`${what}: `);
  // A terminal that readline may not write to shows nothing, but can still be edited.
  const lines = createInterface({ input: process.stdin, terminal: isTerminal });
  return new Promise((resolve, reject) => {
    let line = "";
    lines.once("line", (text) => {
      line = text;
      lines.close();
    });
    lines.once("SIGINT", () => {
      process.stderr.write("\n");
      reject(new ValueError(`no ${what} was given`));
      lines.close();
    });
    lines.once("close", () => {
      if (isTerminal) process.stderr.write("\n");
      process.stdin.pause();
      resolve(firstLine(line));
    });
  });
}

/**
 * A URL with a password in it that was given apart. @returns The URL as it is where there is no password, or none belongs.
 * @throws ValueError where the URL has one already, or names no user
 */
export function withPassword(option: string, url: string, password: string | undefined, source: SecretSource): string {
  if (password === undefined) return url;
  const [, scheme, userinfo, rest] = /^([a-z][a-z0-9+.-]*:\/\/)([^@/?#]*)@(.*)$/is.exec(url) ?? [];
  if (scheme === undefined || !userinfo) {
    throw new ValueError(`${source.fileOption}: ${option} names no user (expected as in scheme://user@host)`);
  }
  if (userinfo.includes(":")) {
    throw new ValueError(`${option} has a password already; leave it out there, or give no ${source.fileOption}`);
  }
  return `${scheme}${userinfo}:${encodeURIComponent(password)}@${rest}`;
}

/** The words of an option that takes a secret or a file with it: a word that names a file is read. */
export function wordOrFile(word: string): string {
  return existsSync(word) ? firstLine(readText(word)).trim() : word;
}
