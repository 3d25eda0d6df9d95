/** What the person on a gateway's host does: the running gateway is asked by its bootstrap key. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CliTrouble } from "#cli/trouble.ts";
import { secretFrom } from "#cli/values/secret.ts";
import { ValueError } from "#cli/values/value-error.ts";
import { BOOTSTRAP_KEY_FILE, RUNNING_FILE } from "#gateway/data-folder.ts";
import { readText, refuseFolder } from "#trust/host/files.ts";
import { readSecretFile, replaceSecretFile } from "#trust/host/secret-file.ts";

export interface HostOptions {
  readonly data: string;
  readonly json?: boolean;
}

const PASSWORD = {
  fileOption: "--password-file",
  variable: "LATCHKEY_PASSWORD",
  what: "password",
};

function running({ data }: HostOptions): { readonly url: string; readonly local: string; readonly key: string } {
  const path = join(data, RUNNING_FILE);
  if (!existsSync(path))
    throw new CliTrouble(`no gateway runs on ${data}; start one with: latchkey gateway --data ${data}`);
  const { url, port } = JSON.parse(readText(path)) as { url: string; port: number };
  // The address for programs may be a proxy's; on the host itself the port is there.
  const local = new URL(url);
  if (local.protocol === "http:") local.port = String(port);
  return { url, local: local.href, key: readSecretFile(join(data, BOOTSTRAP_KEY_FILE)).trim() };
}

async function ask<T>(options: HostOptions, method: string, path: string, body?: object): Promise<T> {
  const { url, local, key } = running(options);
  const response = await fetch(new URL(path, local), {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body && { "content-type": "application/json" }) },
    ...(body && { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new CliTrouble(`the gateway at ${url} doesn't answer; is it running?`);
  });
  const told = (await response.json().catch(() => ({}))) as T & { error_description?: string };
  if (!response.ok) throw new CliTrouble(told.error_description ?? `the gateway at ${url} answered ${response.status}`);
  return told;
}

function print(options: HostOptions, value: unknown, text: string): void {
  process.stdout.write(options.json === true ? `${JSON.stringify(value)}\n` : `${text}\n`);
}

export async function invite(options: HostOptions & { readonly out?: string }): Promise<void> {
  if (options.out !== undefined) refuseFolder(options.out);
  const { code, key } = await ask<{ code: string; key: string }>(options, "POST", "/v1/gateway/invitations", {});
  const link = `${running(options).url}/#${key}.${code}`;
  if (options.out !== undefined) replaceSecretFile(options.out, `${link}\n`);
  print(
    options,
    { link },
    options.out === undefined
      ? link
      : `${options.out}: on the owner's phone, run: latchkey phone share --to-gateway ${options.out}`,
  );
}

interface AccountOptions extends HostOptions {
  readonly role?: string;
  readonly passwordFile?: string;
  readonly makerLogin?: boolean;
  readonly disable?: boolean;
  readonly enable?: boolean;
}

interface Enrolled {
  readonly name: string;
  readonly uri: string;
  readonly secret: string;
  readonly recovery: readonly string[];
}

async function passwordOf({ passwordFile }: AccountOptions): Promise<string> {
  const password = await secretFrom(PASSWORD, undefined, passwordFile);
  if (password === undefined) throw new ValueError("give the password: --password-file - asks for it");
  return password;
}

function showEnrolled(options: HostOptions, enrolled: Enrolled): void {
  const { name, uri, secret, recovery } = enrolled;
  const lines = [
    `${name} can log in. Shown once:`,
    `  authenticator app: ${uri}`,
    `  or type its key:   ${secret}`,
    `  recovery codes, each good once in place of a code: ${recovery.join(" ")}`,
  ];
  print(options, enrolled, lines.join("\n"));
}

export async function addAccount(name: string, options: AccountOptions): Promise<void> {
  if (options.makerLogin === true) {
    if (options.passwordFile !== undefined)
      throw new ValueError("--maker-login has no password: leave --password-file out");
    await ask(options, "POST", "/v1/gateway/accounts", { name, role: options.role, login: "maker" });
    return print(options, { name }, `${name} can log in through the maker's provider`);
  }
  const password = await passwordOf(options);
  const { code } = await ask<{ code: string }>(options, "POST", "/v1/gateway/accounts", { name, role: options.role });
  showEnrolled(options, await ask<Enrolled>(options, "POST", "/v1/gateway/accounts/accept", { code, password }));
}

export async function inviteAccount(name: string, options: AccountOptions): Promise<void> {
  const { code } = await ask<{ code: string }>(options, "POST", "/v1/gateway/accounts", { name, role: options.role });
  const { url } = running(options);
  print(options, { code }, `${name} makes the account at ${url}/welcome with the code ${code}, within a week`);
}

export async function acceptInvitation(code: string, options: AccountOptions): Promise<void> {
  const password = await passwordOf(options);
  showEnrolled(options, await ask<Enrolled>(options, "POST", "/v1/gateway/accounts/accept", { code, password }));
}

export async function listAccounts(options: HostOptions): Promise<void> {
  const accounts = await ask<readonly { name: string; role: string; isDisabled: boolean }[]>(
    options,
    "GET",
    "/v1/gateway/accounts",
  );
  const lines = accounts.map(({ name, role, isDisabled }) => `${name}: ${role}${isDisabled ? ", can't log in" : ""}`);
  print(
    options,
    accounts,
    lines.join("\n") || "there are no accounts; make one with: latchkey gateway account add NAME",
  );
}

export async function changeAccount(name: string, options: AccountOptions): Promise<void> {
  if (options.disable === true && options.enable === true) throw new ValueError("--disable contradicts --enable");
  const change = {
    ...(options.role !== undefined && { role: options.role }),
    ...((options.disable === true || options.enable === true) && { disabled: options.disable === true }),
  };
  if (Object.keys(change).length === 0) throw new ValueError("say what to change: --role, --disable or --enable");
  const path = `/v1/gateway/accounts/${encodeURIComponent(name)}`;
  print(options, await ask(options, "PUT", path, change), `${name} was changed`);
}

export async function removeAccount(name: string, options: HostOptions): Promise<void> {
  const path = `/v1/gateway/accounts/${encodeURIComponent(name)}`;
  print(options, await ask(options, "DELETE", path), `${name} is removed, and its tokens have ended`);
}

export async function registerProgram(id: string, options: AccountOptions & { readonly scope: string }): Promise<void> {
  const { role, scope } = options;
  const client = await ask<{ secret: string }>(options, "POST", "/v1/gateway/clients", { id, role, scope });
  print(options, { id, ...client }, `${id} is registered. Its secret, shown once: ${client.secret}`);
}

export async function registerCloud(address: string, options: HostOptions): Promise<void> {
  const url = address.replace(/\/$/, "");
  const { secret } = await ask<{ secret: string }>(options, "POST", "/v1/gateway/resources", { url });
  print(options, { url, secret }, `${url} may take this gateway's accounts. Its secret, shown once: ${secret}`);
}

export async function removeUnit(device: string, options: HostOptions): Promise<void> {
  print(options, await ask(options, "DELETE", `/v1/gateway/units/${device}`), `${device} is forgotten here`);
}

interface Entry {
  readonly atMs: number;
  readonly who: string;
  readonly what: string;
  readonly device: string;
  readonly outcome: string;
}

export async function showJournal(options: HostOptions): Promise<void> {
  const { entries, changed } = await ask<{ entries: Entry[]; changed: number[] }>(
    options,
    "GET",
    "/v1/gateway/journal",
  );
  const lines = entries.map(({ atMs, who, what, device, outcome }) =>
    [new Date(atMs).toISOString(), who, what, device, outcome].filter((each) => each !== "").join("  "),
  );
  if (changed.length > 0) lines.push(`entries that somebody changed or took away: ${changed.join(", ")}`);
  print(options, { entries, changed }, lines.join("\n") || "nothing happened yet");
}
