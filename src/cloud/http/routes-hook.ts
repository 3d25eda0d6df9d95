/**
 * The routes that a broker calls before it admits a client or forwards its messages: EMQX's HTTP authentication and
 * authorization. Every refusal is a 200 that says "deny": EMQX takes any other status for "ignore" and asks somebody
 * else.
 * @source PROTOCOL 7.27; docs.emqx.com, EMQX 5: access-control/authn/http, access-control/authz/http
 */
import { z } from "@hono/zod-openapi";
import { bearsKey } from "#base/host/http/bearer.ts";
import { type HttpRequest, json, type Route } from "./route.ts";

/** What a client that was let in may do without anybody being asked again (EMQX 5.8 on); `eq`: letter for letter. */
export interface HookRight {
  readonly permission: "allow";
  readonly action: "publish" | "subscribe";
  readonly topic: string;
}

interface HookJudge {
  /**
   * Whether a client may connect; a proof or a password is spent by asking.
   * @returns Its rights, none where it is asked about each time; undefined: it may not.
   */
  signIn(client: string, password: string): Promise<readonly HookRight[] | undefined>;
  mayPublish(client: string, topic: string, isRetained: boolean): boolean;
  maySubscribe(client: string, filter: string): boolean;
  /** Somebody asked who doesn't know the key. */
  stranger(): void;
}

const signIn = z.object({ clientid: z.string(), username: z.string(), password: z.string() });
const use = z.object({
  clientid: z.string(),
  username: z.string(),
  action: z.enum(["publish", "subscribe"]),
  topic: z.string(),
  // A template of EMQX writes it as text; left out by who asks about a subscription.
  retain: z.union([z.boolean(), z.string(), z.number()]).optional(),
});

const verdict = z.object({
  result: z.enum(["allow", "deny"]),
  is_superuser: z.literal(false),
  acl: z
    .array(z.object({ permission: z.literal("allow"), action: z.enum(["publish", "subscribe"]), topic: z.string() }))
    .optional(),
});

/** @param key What the broker shows as Bearer token. */
export function hookRoutes(key: string, judge: HookJudge): readonly Route[] {
  const answer =
    <T extends { clientid: string; username: string }>(
      schema: z.ZodType<T>,
      may: (asked: T) => Promise<readonly HookRight[] | undefined> | readonly HookRight[] | undefined,
    ) =>
    async ({ headers, bytes }: HttpRequest) => {
      const denied = json({ result: "deny", is_superuser: false });
      if (!bearsKey(headers.authorization, key)) {
        judge.stranger();
        return denied;
      }
      let body: unknown;
      try {
        body = JSON.parse(Buffer.from(bytes).toString("utf8"));
      } catch {
        return denied;
      }
      const asked = schema.safeParse(body);
      // A client whose names differ could show one to the broker's rules and the other to ours.
      if (!asked.success || asked.data.username !== asked.data.clientid) return denied;
      const acl = await may(asked.data);
      if (acl === undefined) return denied;
      return json({ result: "allow", is_superuser: false, ...(acl.length === 0 ? {} : { acl }) });
    };
  return [
    {
      method: "POST",
      path: "/hooks/authn",
      summary: "Whether a client may connect",
      who: "device",
      body: "bytes",
      replies: { 200: verdict },
      answer: answer(signIn, ({ clientid, password }) => judge.signIn(clientid, password)),
    },
    {
      method: "POST",
      path: "/hooks/authz",
      summary: "Whether a client may publish to a topic, or subscribe to a filter",
      who: "device",
      body: "bytes",
      replies: { 200: verdict },
      answer: answer(use, ({ clientid, action, topic, retain }) =>
        (
          action === "subscribe"
            ? judge.maySubscribe(clientid, topic)
            : judge.mayPublish(clientid, topic, /^(true|1)$/.test(String(retain)))
        )
          ? []
          : undefined,
      ),
    },
  ];
}
