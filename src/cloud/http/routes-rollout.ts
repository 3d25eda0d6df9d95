/** The operator's routes for rollouts: create, show, halt, resume, cancel, open the next wave. */
import { z } from "@hono/zod-openapi";
import { rolloutStatus } from "#cloud/status/status.ts";
import { limitsSchema, rolloutStatusReply, waveSchema } from "./replies.ts";
import { HttpRefusal, type HttpReply, json, jsonRoute, type Route } from "./route.ts";
import { askedFor, type OperatorRouteParts, orRefuse, reason } from "./routes-operator.ts";

const newRollout = z.object({
  product: z.string(),
  sequence: z.int().min(1),
  waves: z.array(waveSchema).min(1).max(16).optional(),
  limits: limitsSchema.partial().optional(),
});

export function rolloutRoutes(parts: OperatorRouteParts): readonly Route[] {
  const { fleet, rollouts, deviceMessages } = parts;

  const rolloutReply = (id: string): HttpReply => {
    const rollout = rollouts.get(id);
    if (rollout === undefined) throw new HttpRefusal(404, `there is no rollout ${id}; see: latchkey rollout status`);
    return json(rolloutStatus(fleet, rollouts, rollout));
  };
  /** Devices are told after the answer; nothing stale goes out meanwhile, since every block is asked for again. */
  const retell = (product: string) => void deviceMessages.offerAgain(new Set([product])).catch(() => undefined);

  const change = (verb: string, to: "running" | "halted" | "cancelled"): Route =>
    jsonRoute({
      method: "POST",
      path: `/v1/rollouts/{rollout}/${verb}`,
      summary: `${verb[0]?.toUpperCase()}${verb.slice(1)}s a rollout; once answered, ${to === "running" ? "its devices are offered the release again" : "no block of its release is sent"}`,
      who: "operator",
      body: reason,
      replies: { 200: rolloutStatusReply },
      async answer({ params, who, json: { because } }) {
        const rollout = orRefuse(await rollouts.change(params.rollout ?? "", to, because ?? askedFor(who), Date.now()));
        await parts.settled();
        retell(rollout.product);
        return rolloutReply(rollout.id);
      },
    });

  return [
    jsonRoute({
      method: "POST",
      path: "/v1/rollouts",
      summary: "Begins to roll a release out, at the first wave",
      who: "operator",
      body: newRollout,
      replies: { 200: rolloutStatusReply },
      async answer({ json: { product, sequence, waves, limits } }) {
        const plan = {
          product,
          sequence,
          ...(waves ? { waves } : {}),
          ...(limits ? { limits: definedOnly(limits) } : {}),
        };
        const rollout = orRefuse(await rollouts.create(plan, Date.now()));
        await rollouts.tick(Date.now());
        retell(product);
        return rolloutReply(rollout.id);
      },
    }),
    {
      method: "GET",
      path: "/v1/rollouts/{rollout}",
      summary: "How a rollout stands",
      who: "operator",
      replies: { 200: rolloutStatusReply },
      answer: ({ params }) => rolloutReply(params.rollout ?? ""),
    },
    change("halt", "halted"),
    change("resume", "running"),
    change("cancel", "cancelled"),
    jsonRoute({
      method: "POST",
      path: "/v1/rollouts/{rollout}/open",
      summary: "Opens the next wave now, without waiting for the watch to end",
      who: "operator",
      body: reason,
      replies: { 200: rolloutStatusReply },
      async answer({ params, who, json: { because } }) {
        const rollout = orRefuse(await rollouts.open(params.rollout ?? "", because ?? askedFor(who), Date.now()));
        retell(rollout.product);
        return rolloutReply(rollout.id);
      },
    }),
  ];
}

/** Without the keys that are there but undefined, which exact optional properties forbid. */
function definedOnly<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
