/** The global that an app finds where flash.config.json names `fetch.ca` and the board has TLS. */
interface AppResponse {
  readonly status: number;
  /** Whether the status is one of 200 to 299. */
  readonly ok: boolean;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
  /** Its JSON. @throws SyntaxError */
  // biome-ignore lint/suspicious/noExplicitAny: as in the standard
  json(): Promise<any>;
  bytes(): Promise<Uint8Array>;
}
/**
 * Asks an HTTPS server that an authority of `fetch.ca` vouches for: one request at a time, within 9 s, a body of at most 4,096 bytes, an
 * answer of at most 16,384. Redirects are not followed.
 * @throws Error in one line for whatever gave no answer.
 */
declare const fetch: (
  url: string,
  init?: {
    readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string | Uint8Array;
    /** The DNS name in the server's certificate, where it is not the host. */
    readonly serverName?: string;
  },
) => Promise<AppResponse>;
