/** The operator's lists: units and fleets, the units of a rollout by state and reason, the journal, keys, and who asks. */
import { sql } from "kysely";
import { type DeviceList, summaryOf } from "#cloud/device-list.ts";
import type { Rollouts } from "#cloud/rollout/rollouts.ts";
import type { Store } from "#cloud/store/store.ts";
import type { KeyView, RolloutDevice, RolloutDeviceState, Self } from "./interface.ts";
import {
  devicesQuery,
  devicesReply,
  fleetsReply,
  journalQuery,
  journalReply,
  keysReply,
  rolloutDevicesQuery,
  rolloutDevicesReply,
  selfReply,
} from "./replies.ts";
import { HttpRefusal, json, queryRoute, type Route } from "./route.ts";

interface ListRouteParts {
  readonly devices: DeviceList;
  readonly rollouts: Rollouts;
  readonly store: Store;
  readonly keys: readonly KeyView[];
}

const SEARCHED = ["subject", "what", "because"] as const;

/** Whether a unit of a rollout is one that was asked for. */
function isWanted({ state, isSilent }: Pick<RolloutDevice, "state" | "isSilent">, wanted: RolloutDeviceState): boolean {
  if (wanted === "failed") return state === "rejected" || state === "refused";
  return wanted === "silent" ? isSilent : state === wanted;
}

export function listRoutes({ devices, rollouts, store, keys }: ListRouteParts): readonly Route[] {
  return [
    queryRoute({
      method: "GET",
      path: "/v1/devices",
      summary: "Units by ID, name, product, fleet, release and state, a page at a time",
      who: "operator",
      query: devicesQuery,
      replies: { 200: devicesReply },
      answer({ query: { after, limit, ...filter } }) {
        return json(devices.page(filter, { after, limit }));
      },
    }),
    {
      method: "GET",
      path: "/v1/fleets",
      summary: "The fleets of each product, with how many of their units are online, and on how many a release failed",
      who: "operator",
      replies: { 200: fleetsReply },
      answer: () => json(devices.fleets()),
    },
    queryRoute({
      method: "GET",
      path: "/v1/rollouts/{rollout}/devices",
      summary: "The units of a rollout by state and reason: those that failed, when none is named",
      who: "operator",
      query: rolloutDevicesQuery,
      replies: { 200: rolloutDevicesReply },
      answer({ params, query: { state, fault, after, limit } }) {
        const rollout = rollouts.get(params.rollout ?? "");
        if (rollout === undefined) {
          throw new HttpRefusal(404, `there is no rollout ${params.rollout}; see: latchkey rollout status`);
        }
        const page = devices.pageOf(
          (device) => {
            const standing = rollouts.standingOf(rollout, device);
            if (standing === undefined || !isWanted(standing, state)) return undefined;
            if (fault !== undefined && standing.fault !== fault) return undefined;
            return { ...summaryOf(device), ...standing };
          },
          { after, limit },
        );
        return json(page);
      },
    }),
    queryRoute({
      method: "GET",
      path: "/v1/journal",
      summary: "What was done and why, newest first",
      who: "operator",
      query: journalQuery,
      replies: { 200: journalReply },
      async answer({ query: { subject, search, before, limit } }) {
        let found = store.db.selectFrom("events").selectAll().orderBy("number", "desc").limit(limit);
        if (subject !== undefined) found = found.where("subject", "=", subject);
        if (search !== undefined) {
          const like = `%${search
            .trim()
            .toLowerCase()
            .replace(/[\\%_]/g, "\\$&")}%`;
          found = found.where(({ or }) =>
            or(SEARCHED.map((column) => sql<boolean>`lower(${sql.ref(column)}) like ${like} escape '\\'`)),
          );
        }
        if (before !== undefined) found = found.where("number", "<", before);
        return json(await found.execute());
      },
    }),
    {
      method: "GET",
      path: "/v1/keys",
      summary: "The public keys of each product, and since when this cloud has known each",
      who: "operator",
      replies: { 200: keysReply },
      answer: () => json(keys),
    },
    {
      method: "GET",
      path: "/v1/self",
      summary: "Who sends the request: name, role, and when they logged in",
      who: "operator",
      replies: { 200: selfReply },
      answer({ who }) {
        const { name, role, authenticatedS } = who ?? { name: "", role: "viewer", authenticatedS: undefined };
        const when = authenticatedS === undefined ? {} : { authenticatedMs: authenticatedS * 1_000 };
        return json({ name, role, ...when } satisfies Self);
      },
    },
  ];
}
