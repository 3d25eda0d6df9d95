/** Webhooks: an event becomes an HTTP request to an address that somebody named, signed so that its receiver can check it. */
import { createHmac, randomBytes } from "node:crypto";
import type { GatewayStore, HookRow } from "#gateway/store/schema.ts";
import type { EventHub, HubEvent } from "#gateway/units/event-hub.ts";
import { isPrivateLiteral, postHook } from "./post-hook.ts";
import { dataOf } from "./routes-events.ts";

/** What became of the last delivery since the gateway started: an HTTP status, or why there was none. */
interface Delivery {
  readonly atMs: number;
  readonly answer: number | string;
}

export interface WebHooks {
  /** Those of an account, or all. */
  list(account?: string): readonly HookRow[];
  lastOf(id: string): Delivery | undefined;
  /** Whether events may be sent there, as far as the address says by itself. */
  mayReach(url: string): boolean;
  /** @returns The new hook with its secret. */
  add(hook: Pick<HookRow, "account" | "event" | "url" | "device">): Promise<HookRow>;
  /** @returns Whether the account had such a hook. */
  remove(account: string, id: string): Promise<boolean>;
  close(): void;
}

const TIMEOUT_MS = 10_000;
const TRIES = 3;
const RETRY_MS = 2_000;
/** Deliveries under way at once; more are dropped and logged. */
const DELIVERIES_MAX = 64;

interface WebHookParts {
  readonly store: GatewayStore;
  readonly hub: EventHub;
  /** Whether the gateway's owner lets webhooks reach private networks. */
  readonly mayBePrivate: boolean;
  mayHear(hook: HookRow, event: HubEvent): boolean;
  log(line: string): void;
}

export async function openWebHooks(parts: WebHookParts): Promise<WebHooks> {
  const { store, hub, mayHear, log } = parts;
  const hooks = new Map<string, { row: HookRow; last?: Delivery; stop(): void }>();
  let underWay = 0;

  async function deliver(row: HookRow, event: HubEvent): Promise<void> {
    if (underWay >= DELIVERIES_MAX)
      return log(`webhook ${row.id}: ${event.name} was dropped; too many deliveries are under way`);
    underWay++;
    const body = JSON.stringify({ event: event.name, ...dataOf(event) });
    const signature = createHmac("sha256", row.secret).update(body).digest("hex");
    try {
      for (let tries = 1; ; tries++) {
        const headers = { "content-type": "application/json", "x-latchkey-signature": `sha256=${signature}` };
        const hook = { url: row.url, headers, body, mayBePrivate: parts.mayBePrivate, timeoutMs: TIMEOUT_MS };
        const answer = await postHook(hook).catch((error: Error) => error.message);
        const held = hooks.get(row.id);
        if (held !== undefined) held.last = { atMs: Date.now(), answer };
        if (typeof answer === "number" && answer < 500) return;
        if (tries >= TRIES) return log(`webhook ${row.id}: ${event.name} was not delivered (${answer})`);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS * tries).unref());
      }
    } finally {
      underWay--;
    }
  }

  function hold(row: HookRow): void {
    const stop = hub.listen({
      device: row.device === "" ? undefined : row.device,
      hear(event) {
        if (event.name.startsWith(row.event) && mayHear(row, event)) void deliver(row, event);
      },
    });
    hooks.set(row.id, { row, stop });
  }
  for (const row of await store.db.selectFrom("hooks").selectAll().execute()) hold(row);

  return {
    list: (account) =>
      [...hooks.values()].map(({ row }) => row).filter((row) => account === undefined || row.account === account),
    lastOf: (id) => hooks.get(id)?.last,
    mayReach: (url) => parts.mayBePrivate || !isPrivateLiteral(url),
    async add(hook) {
      const secret = randomBytes(24).toString("base64url");
      const row = { ...hook, id: randomBytes(12).toString("hex"), secret, created_ms: Date.now() };
      await store.write(async (tx) => {
        await tx.insertInto("hooks").values(row).execute();
      });
      hold(row);
      return row;
    },
    async remove(account, id) {
      const held = hooks.get(id);
      if (held === undefined || held.row.account !== account) return false;
      held.stop();
      hooks.delete(id);
      await store.write(async (tx) => {
        await tx.deleteFrom("hooks").where("id", "=", id).execute();
      });
      return true;
    },
    close() {
      for (const { stop } of hooks.values()) stop();
    },
  };
}
