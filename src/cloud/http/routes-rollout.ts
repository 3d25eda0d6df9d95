/** Rollouts over HTTP: begin, look, halt, resume, cancel, open the next wave. */
import { z } from "zod";
import { rolloutStatus } from "#cloud/status/status.ts";
import { HttpRefusal, json, type Reply, type Route } from "./http.ts";
import { type OperatorRouteParts, orRefuse, reason } from "./routes-operator.ts";

const share = z.number().min(0).max(1);
const newRollout = z.object({
  product: z.string(),
  sequence: z.int().min(1),
  waves: z
    .array(z.object({ name: z.string().min(1).max(32), share: z.int().min(0).max(10_000) }))
    .min(1)
    .max(16)
    .optional(),
  limits: z
    .object({
      failures: z.int().min(1),
      failureRate: share,
      silenceRate: share,
      sample: z.int().min(1),
      silenceMs: z.int().min(1),
      soakMs: z.int().min(0),
    })
    .partial()
    .optional(),
});

export function rolloutRoutes(parts: OperatorRouteParts): readonly Route[] {
  const { fleet, rollouts, desk } = parts;

  const rolloutReply = (id: string): Reply => {
    const rollout = rollouts.get(id);
    if (rollout === undefined) throw new HttpRefusal(404, `there is no rollout ${id}; see: latchkey rollout status`);
    return json(rolloutStatus(fleet, rollouts, rollout, Date.now()));
  };
  /** Devices are told after the answer; nothing stale goes out meanwhile, since every block is asked for again. */
  const retell = (product: string) => void desk.offerAgain(new Set([product])).catch(() => undefined);

  const change = (verb: string, to: "running" | "halted" | "cancelled"): Route => ({
    method: "POST",
    path: `/v1/rollouts/{rollout}/${verb}`,
    summary: `${verb[0]?.toUpperCase()}${verb.slice(1)}s a rollout; once answered, ${to === "running" ? "its devices are offered the release again" : "no block of its release is sent"}`,
    who: "operator",
    body: reason,
    async answer({ params, json: body }) {
      const { because } = body as z.infer<typeof reason>;
      const rollout = orRefuse(
        await rollouts.change(params.rollout ?? "", to, because ?? "the operator asked for it", Date.now()),
      );
      await parts.settled();
      retell(rollout.product);
      return rolloutReply(rollout.id);
    },
  });

  return [
    {
      method: "POST",
      path: "/v1/rollouts",
      summary: "Begins to roll a release out, at the first wave",
      who: "operator",
      body: newRollout,
      async answer({ json: body }) {
        const { product, sequence, waves, limits } = body as z.infer<typeof newRollout>;
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
    },
    {
      method: "GET",
      path: "/v1/rollouts/{rollout}",
      summary: "How a rollout stands",
      who: "operator",
      answer: ({ params }) => rolloutReply(params.rollout ?? ""),
    },
    change("halt", "halted"),
    change("resume", "running"),
    change("cancel", "cancelled"),
    {
      method: "POST",
      path: "/v1/rollouts/{rollout}/open",
      summary: "Opens the next wave now, without waiting for the watch to end",
      who: "operator",
      body: reason,
      async answer({ params, json: body }) {
        const { because } = body as z.infer<typeof reason>;
        const rollout = orRefuse(
          await rollouts.open(params.rollout ?? "", because ?? "the operator asked for it", Date.now()),
        );
        retell(rollout.product);
        return rolloutReply(rollout.id);
      },
    },
  ];
}

/** Without the keys that are there but undefined, which exact optional properties forbid. */
function definedOnly<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
