/**
 * The server of the development page: on loopback alone, for whoever has its token, and for its own page alone. Another page
 * in the same browser can neither read nor ask (origin, token in a header), and a foreign name that leads here is refused.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { type Context, Hono, type Next } from "hono";
import { bodyLimit } from "hono/body-limit";
import { streamSSE } from "hono/streaming";
import { z } from "zod";
import { CliTrouble } from "#cli/trouble.ts";
import type { DevReply, DevRequests } from "#web/dev/interface.ts";
import { PAGE_POLICY } from "#web/host/page-frame.ts";
import { readyPage } from "#web/host/ready-page.ts";
import { callArguments, changeSetting } from "./call-arguments.ts";
import type { DevLoop } from "./dev-loop.ts";
import type { Message } from "./dev-state.ts";

const LOOPBACK = "127.0.0.1";
const BODY_BYTES_MAX = 16 * 1024;
/** A proxy or a laptop that slept ends a silent stream. */
const PING_MS = 15_000;

interface DevServer {
  /** Where the page is, its token in the fragment, which no server is ever sent. */
  readonly url: string;
  readonly port: number;
  readonly token: string;
  close(): Promise<void>;
}

const value: z.ZodType<DevRequests["call"]["args"][string]> = z.lazy(() =>
  z.union([z.boolean(), z.number(), z.string().max(4_096), z.null(), z.array(value)]),
);
const BODIES = {
  call: z.strictObject({ name: z.string().max(64), args: z.record(z.string().max(64), value) }),
  setting: z.strictObject({ name: z.string().max(64), value }),
  signal: z.strictObject({ name: z.string().max(64), value: z.number().nullable() }),
  button: z.strictObject({ heldMs: z.int().min(0).max(600_000) }),
  power: z.strictObject({ isOn: z.boolean() }),
  network: z.strictObject({ isOn: z.boolean() }),
  time: z.strictObject({ atS: z.int().min(0).max(4_294_967_295) }),
  restart: z.strictObject({}),
  evaluate: z.strictObject({ text: z.string().max(4_000) }),
} satisfies { readonly [K in keyof DevRequests]: z.ZodType<DevRequests[K]> };

/** What each request does; what it throws as CliTrouble is told in the answer. */
type Actions = { readonly [K in keyof DevRequests]: (body: DevRequests[K]) => Promise<DevReply> };

function actionsOf({ unit, link, store, restart }: DevLoop): Actions {
  const done = (): DevReply => ({ answer: null });
  const powered = () => {
    if (!store.state.isPowered) throw new CliTrouble("the unit has no power; switch it on first");
  };
  return {
    async call({ name, args }) {
      powered();
      return callArguments(link, store.state.description, name, args);
    },
    async setting({ name, value: to }) {
      powered();
      return changeSetting(link, store.state.description, name, to);
    },
    async signal({ name, value: to }) {
      powered();
      const signal = store.state.signals.find((each) => each.name === name);
      if (signal === undefined || !signal.isInput) throw new CliTrouble(`${name} is no input of this board`);
      if (!signal.canSet) throw new CliTrouble(`this machine cannot set ${name} of this board`);
      unit.setSignal(signal, to);
      return done();
    },
    async button({ heldMs }) {
      powered();
      if (!store.state.canPress) throw new CliTrouble("this machine cannot press the button of this board");
      unit.button(heldMs);
      return done();
    },
    async power({ isOn }) {
      if (isOn !== store.state.isPowered) await unit.power(isOn);
      return done();
    },
    async network({ isOn }) {
      unit.network(isOn);
      return done();
    },
    async time({ atS }) {
      powered();
      const told = await link.tellTime(atS);
      return told.ok ? done() : { error: `the unit does not take this time (${told.fault})` };
    },
    async restart() {
      await restart();
      return done();
    },
    async evaluate({ text }) {
      powered();
      const console = unit.console();
      if (console === undefined) throw new CliTrouble("the unit has no power; switch it on first");
      return { answer: await console.evaluate(text) };
    },
  };
}

/** @param port 0 for any that is free. Rejects with the socket's error where it can't listen. */
export async function serveDev(loop: DevLoop, port: number): Promise<DevServer> {
  const page = await readyPage("dev");
  const token = randomBytes(24).toString("base64url");
  const isToken = (given: string) => {
    const [a, b] = [Buffer.from(given), Buffer.from(token)];
    return a.length === b.length && timingSafeEqual(a, b);
  };
  let ownHosts: readonly string[] = [];
  const app = new Hono();

  app.use(async (context: Context, next: Next) => {
    if (!ownHosts.includes(context.req.header("host") ?? ""))
      return context.json({ error: "this is not your host" }, 421);
    await next();
    context.header("cache-control", "no-store");
    context.header("content-security-policy", PAGE_POLICY);
    context.header("cross-origin-opener-policy", "same-origin");
    context.header("cross-origin-resource-policy", "same-origin");
    context.header("referrer-policy", "no-referrer");
    context.header("x-content-type-options", "nosniff");
  });
  app.get("/", (context) => context.html(page.html));
  app.get("/page.js", (context) =>
    context.body(page.script, 200, { "content-type": "text/javascript; charset=utf-8" }),
  );
  app.get("/page.css", (context) => context.body(page.style, 200, { "content-type": "text/css; charset=utf-8" }));

  app.use("/api/*", async (context: Context, next: Next) => {
    const origin = context.req.header("origin");
    if (origin !== undefined && !ownHosts.some((host) => origin === `http://${host}`)) {
      return context.json({ error: "another page asked" }, 403);
    }
    const [scheme, given = ""] = (context.req.header("authorization") ?? "").split(" ");
    if (scheme !== "Bearer" || !isToken(given)) {
      return context.json({ error: "open the page by the link that latchkey dev shows" }, 401);
    }
    await next();
  });
  app.get("/api/stream", (context) =>
    streamSSE(context, async (stream) => {
      const end = loop.store.watch((message: Message) => {
        void stream.writeSSE({ event: message.kind, data: JSON.stringify(message.data) });
      });
      const ping = setInterval(() => void stream.writeSSE({ event: "ping", data: "" }), PING_MS);
      await new Promise<void>((resolve) => stream.onAbort(resolve));
      clearInterval(ping);
      end();
    }),
  );
  const actions = actionsOf(loop);
  app.post("/api/:name", bodyLimit({ maxSize: BODY_BYTES_MAX }), async (context) => {
    const name = context.req.param("name") as keyof DevRequests;
    if (!Object.hasOwn(BODIES, name)) return context.json({ error: "nothing is here" }, 404);
    if (!/^application\/json\b/.test(context.req.header("content-type") ?? "")) {
      return context.json({ error: "send the body as application/json" }, 415);
    }
    const body = BODIES[name].safeParse(await context.req.json().catch(() => undefined));
    if (!body.success) {
      const [issue] = body.error.issues;
      return context.json({ error: `${issue?.path.join(".") || "body"}: ${issue?.message ?? "is wrong"}` }, 400);
    }
    try {
      return context.json(await (actions[name] as (body: unknown) => Promise<DevReply>)(body.data));
    } catch (error) {
      if (error instanceof CliTrouble) return context.json({ error: error.message });
      throw error;
    }
  });
  app.notFound((context) => context.json({ error: "nothing is here" }, 404));

  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, LOOPBACK, resolve);
  });
  const { port: listening } = server.address() as AddressInfo;
  ownHosts = [`${LOOPBACK}:${listening}`, `localhost:${listening}`];
  return {
    url: `http://${LOOPBACK}:${listening}/#${token}`,
    port: listening,
    token,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
