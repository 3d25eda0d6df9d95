/** `latchkey login`: logs a person in at a cloud or gateway by the device grant (RFC 8628). */
import type { Command } from "commander";
import { askToken, loginFile, loginFrom, writeLogin } from "#trust/host/login-file.ts";
import { sayTrouble } from "./say-trouble.ts";
import { CliTrouble } from "./trouble.ts";

interface LoginOptions {
  readonly issuer: string;
  readonly scope?: string;
  readonly json?: boolean;
}

export function register(command: Command): void {
  command
    .description("log in at a maker's cloud, or at a gateway: a page asks for password and second factor")
    .argument("<address>", "where the login is for: the cloud's or the gateway's own address")
    .requiredOption("--issuer <url>", "the gateway that holds the accounts")
    .option("--scope <scopes>", "for a gateway: all, noFlash or use:NAME, each with @DEVICE for one unit")
    .option("--json", "print JSON")
    .action((address: string, options: LoginOptions) => sayTrouble(() => logIn(address, options)));
}

const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";
const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1_000));

interface DeviceAnswer {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri_complete: string;
  readonly interval?: number;
  readonly error_description?: string;
}

async function logIn(address: string, { issuer: given, scope, json }: LoginOptions): Promise<void> {
  const [issuer, resource] = [given.replace(/\/$/, ""), address.replace(/\/$/, "")];
  // Asked for anew each time: what a fresh second factor is needed for, needs exactly this.
  const fields = {
    client_id: "latchkey",
    resource,
    prompt: "login consent",
    scope: scope ?? (resource === issuer ? "noFlash" : "staff"),
  };
  const answer = await fetch(new URL("/oauth/device_authorization", issuer), {
    method: "POST",
    body: new URLSearchParams(fields),
    redirect: "error",
  });
  const device = (await answer.json()) as DeviceAnswer;
  if (!answer.ok)
    throw new CliTrouble(`${issuer} does not log anybody in for ${resource} (${device.error_description})`);
  const { user_code, verification_uri_complete: page } = device;
  process.stdout.write(
    json === true
      ? `${JSON.stringify({ code: user_code, page })}\n`
      : `open ${page}\nand check that it shows ${user_code}\n`,
  );
  for (let waitS = device.interval ?? 5; ; ) {
    await pause(waitS);
    const told = await askToken(issuer, { grant_type: DEVICE_GRANT, device_code: device.device_code, resource });
    if (told.error === "authorization_pending") continue;
    if (told.error === "slow_down") {
      waitS += 5;
      continue;
    }
    const login = loginFrom(issuer, told);
    if (login === undefined)
      throw new CliTrouble(`nobody was logged in (${told.error_description ?? told.error}); try again`);
    writeLogin(loginFile(), resource, login);
    process.stdout.write(json === true ? `${JSON.stringify({ loggedIn: resource })}\n` : `logged in at ${resource}\n`);
    return;
  }
}
