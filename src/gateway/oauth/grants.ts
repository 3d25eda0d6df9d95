/** Names of grants, and how long a token lives. */
export const GRANT = {
  code: "authorization_code",
  refresh: "refresh_token",
  client: "client_credentials",
  device: "urn:ietf:params:oauth:grant-type:device_code",
  exchange: "urn:ietf:params:oauth:grant-type:token-exchange",
  password: "password",
  otp: "urn:custom:mfa-otp",
} as const;

/** A token that never expires, as programs of the Spark era ask for with expires_in=0: two hundred years. */
export const NEVER_S = 200 * 31_556_952;

/**
 * The lifetime that a request asks for.
 * @returns Seconds; undefined when it asks for none; "wrong" when it asks for anything but a number of seconds.
 */
export function lifetimeAsked(text: unknown): number | "wrong" | undefined {
  if (text === undefined || text === "") return undefined;
  if (!/^\d{1,10}$/.test(String(text))) return "wrong";
  const seconds = Number(text);
  return seconds === 0 ? NEVER_S : Math.min(seconds, NEVER_S);
}
