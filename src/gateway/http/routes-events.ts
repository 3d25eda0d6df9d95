/** Events as a stream that stays open, and what programs publish. @source WHATWG HTML, Server-sent events */
import type { ServerResponse } from "node:http";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { z } from "@hono/zod-openapi";
import type { Journal } from "#gateway/journal.ts";
import { RIGHT } from "#gateway/oauth/rights.ts";
import type { EventHub, HubEvent } from "#gateway/units/event-hub.ts";
import type { Units } from "#gateway/units/units.ts";
import { plainOf } from "./device-view.ts";
import { authorize, may, type Principal, type PrincipalParts, principalOf } from "./principal.ts";
import { Refusal } from "./refusal.ts";
import { type Route, route } from "./route.ts";
import { SAFE_HEADERS } from "./safe-headers.ts";

interface EventRouteParts extends PrincipalParts {
  readonly units: Units;
  readonly hub: EventHub;
  readonly journal: Journal;
}

/** Programs of the Spark era give a stream up after 15 seconds of silence. */
const COMMENT_EVERY = 9;
/** A token that ended ends its streams within this time. */
const CHECK_MS = 1_000;
/** What waits for a client that doesn't read; then it is disconnected. */
const UNREAD_BYTES_MAX = 256 * 1024;
const STREAMS_MAX = 4_096;

const HELLO = Buffer.from(":ok\n\n");
const COMMENT = Buffer.from(":\n\n");

/** What stands in `data:`: a text as it is, anything else as JSON. */
export function dataOf({ value, device, atMs }: HubEvent) {
  const plain = plainOf(value);
  const data = plain === null ? null : typeof plain === "string" ? plain : JSON.stringify(plain);
  return { data, ttl: 60, published_at: new Date(atMs).toISOString(), coreid: device };
}

const frames = new WeakMap<HubEvent, Buffer>();
/** An event as it is written to each stream, made once for all of them. */
function frameOf(event: HubEvent): Buffer {
  const frame = frames.get(event) ?? Buffer.from(`event: ${event.name}\ndata: ${JSON.stringify(dataOf(event))}\n\n`);
  frames.set(event, frame);
  return frame;
}

export function eventRoutes(parts: EventRouteParts): Route[] {
  const { units, hub, journal } = parts;
  /** Streams that are open: each is looked at once a second, all by one timer. */
  const streams = new Set<() => Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  const watch = (look: () => Promise<void>) => {
    streams.add(look);
    timer ??= setInterval(() => {
      for (const each of streams) void each();
    }, CHECK_MS);
    timer.unref();
  };
  const unwatch = (look: () => Promise<void>) => {
    streams.delete(look);
    if (streams.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };

  /** Writes to the connection itself: a web stream for each of thousands of listeners costs memory and time (ADR 0150). */
  function stream(who: Principal, outgoing: ServerResponse, device: string | undefined, prefix: string): Response {
    if (streams.size >= STREAMS_MAX)
      throw new Refusal(429, "BUSY", "too many streams are open", { "retry-after": "10" });
    let now = who;
    let seconds = 0;
    const send = (bytes: Buffer) => {
      // A client that doesn't read is disconnected.
      if (outgoing.writableLength > UNREAD_BYTES_MAX) outgoing.destroy();
      else outgoing.write(bytes);
    };
    const stop = hub.listen({
      device,
      hear(event) {
        if (!event.name.startsWith(prefix)) return;
        const act = { device: event.device, right: RIGHT.subscribe, name: event.name };
        if (event.device === "api" || may(now, act)) send(frameOf(event));
      },
    });
    const look = async () => {
      const still = await principalOf(parts, who.token, who.arrival);
      if (still === undefined) return end();
      now = still;
      if (++seconds % COMMENT_EVERY === 0) send(COMMENT);
    };
    const end = () => {
      stop();
      unwatch(look);
      outgoing.end();
    };
    outgoing.on("close", end);
    // Each part is written as it is, and the stream ends with its connection.
    outgoing.useChunkedEncodingByDefault = false;
    outgoing.writeHead(200, { "content-type": "text/event-stream", "x-accel-buffering": "no", ...SAFE_HEADERS });
    watch(look);
    send(HELLO);
    return RESPONSE_ALREADY_SENT;
  }

  const ofAll = (path: string, summary: string): Route =>
    route({
      method: "GET",
      path,
      summary,
      who: "token",
      replies: { 200: "text/event-stream" },
      answer: async ({ who, params, outgoing }) => stream(who, outgoing, undefined, params.prefix ?? ""),
    });
  const ofOne = (path: string, summary: string): Route =>
    route({
      method: "GET",
      path,
      summary,
      who: "token",
      replies: { 200: "text/event-stream" },
      async answer({ who, params, outgoing }) {
        const word = params.device ?? "";
        const unit = units.find(word.toLowerCase()) ?? units.list().find(({ name }) => name === word);
        authorize(who, { device: unit?.id ?? word.toLowerCase(), right: RIGHT.see });
        if (unit === undefined) throw new Refusal(404, "not_found", `there is no device ${word} here`);
        return stream(who, outgoing, unit.id, params.prefix ?? "");
      },
    });

  return [
    ofAll("/v1/events", "Events of the devices that the token reaches"),
    ofAll("/v1/events/{prefix}", "The same, whose names begin so"),
    ofAll("/v1/devices/events", "Events of the devices that the token reaches"),
    ofAll("/v1/devices/events/{prefix}", "The same, whose names begin so"),
    ofOne("/v1/devices/{device}/events", "Events of one device"),
    ofOne("/v1/devices/{device}/events/{prefix}", "The same, whose names begin so"),
    route({
      method: "POST",
      path: "/v1/devices/events",
      summary: "Publishes an event to those who listen here; it goes to no device",
      who: "token",
      body: z.looseObject({ name: z.string().regex(/^[\w/.-]{1,64}$/), data: z.string().max(1_024).nullish() }),
      replies: { 200: z.object({ ok: z.literal(true) }) },
      async answer({ who, body }) {
        // An event of nobody's reaches everybody: whoever may call something may say something.
        const isWide = who.links.every(({ capabilities }) =>
          capabilities.some(({ level, caveats }) => level !== "use" && caveats.length === 0),
        );
        if (!isWide || who.role === "viewer") {
          throw new Refusal(403, "insufficient_scope", "this token does not allow to publish events");
        }
        hub.publish(body.name, body.data ?? null);
        journal.add({ who: who.name, what: `publish ${body.name}`, outcome: "done" });
        return { ok: true };
      },
    }),
  ];
}
