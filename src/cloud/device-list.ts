/** Lists of units: filtered, in the order of their IDs, a page at a time. */
import type { AttemptView, DevicePage, DeviceState, DeviceSummary, FleetView, Page } from "#cloud/http/interface.ts";
import type { Device, Fleet } from "./fleet.ts";

interface DeviceFilter {
  /** Part of an ID or a name, in any case. */
  readonly search?: string | undefined;
  readonly product?: string | undefined;
  readonly fleet?: string | undefined;
  /** The release that it runs. */
  readonly sequence?: number | undefined;
  readonly state?: DeviceState | undefined;
}

interface PageRequest {
  /** The last ID of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

export interface DeviceList {
  page(filter: DeviceFilter, request: PageRequest): DevicePage;
  /** The units of a page for which `viewOf` gives something. */
  pageOf<Item extends { readonly id: string }>(
    viewOf: (device: Device) => Item | undefined,
    request: PageRequest,
  ): Page<Item>;
  /** Each product's fleets, by name. */
  fleets(): readonly FleetView[];
}

const BEGUN: readonly string[] = ["fetching", "trial", "rolled-back"];
const FAILED: readonly string[] = ["rejected", "refused"];

/** The newest release that a unit was offered and does not run. */
function openAttempt(device: Device): AttemptView | undefined {
  let newest: AttemptView | undefined;
  for (const [sequence, attempt] of device.history) {
    if (sequence <= Math.max(device.sequence, newest?.sequence ?? 0) || attempt.state === "confirmed") continue;
    newest = { sequence, ...attempt };
  }
  return newest;
}

export function summaryOf(device: Device): DeviceSummary {
  const { id, name, product, fleet, hardware, lab, sequence, online, heardMs } = device;
  const attempt = openAttempt(device);
  return { id, name, product, fleet, hardware, lab, sequence, online, heardMs, ...(attempt && { attempt }) };
}

function isInState(device: Device, state: DeviceState): boolean {
  if (state === "online") return device.online;
  if (state === "offline") return !device.online;
  if (state === "never") return device.heardMs === 0;
  const attempt = openAttempt(device)?.state ?? "";
  return (state === "failed" ? FAILED : BEGUN).includes(attempt);
}

function fits(device: Device, { search, product, fleet, sequence, state }: DeviceFilter): boolean {
  if (product !== undefined && device.product !== product) return false;
  if (fleet !== undefined && device.fleet !== fleet) return false;
  if (sequence !== undefined && device.sequence !== sequence) return false;
  if (search !== undefined && !`${device.id}\n${device.name.toLowerCase()}`.includes(search)) return false;
  return state === undefined || isInState(device, state);
}

export function createDeviceList(fleet: Fleet): DeviceList {
  /** Units are added and never removed, so their number says whether this is still all of them. */
  let sorted: readonly Device[] = [];
  const all = () => {
    if (sorted.length !== fleet.size) sorted = [...fleet.all()].sort((a, b) => (a.id < b.id ? -1 : 1));
    return sorted;
  };
  const self: DeviceList = {
    page: (filter, request) => {
      const wanted = { ...filter, ...(filter.search !== undefined && { search: filter.search.trim().toLowerCase() }) };
      return self.pageOf((device) => (fits(device, wanted) ? summaryOf(device) : undefined), request);
    },
    pageOf(viewOf, { after = "", limit }) {
      const devices = [];
      let [total, hasMore] = [0, false];
      for (const device of all()) {
        const view = viewOf(device);
        if (view === undefined) continue;
        total++;
        if (device.id <= after) continue;
        if (devices.length < limit) devices.push(view);
        else hasMore = true;
      }
      const next = hasMore ? devices.at(-1)?.id : undefined;
      return { total, ...(next !== undefined && { next }), devices };
    },
    fleets() {
      const counts = new Map<string, { -readonly [K in keyof FleetView]: FleetView[K] }>();
      for (const device of all()) {
        const key = `${device.product} ${device.fleet}`;
        const count = counts.get(key) ?? {
          ...{ product: device.product, fleet: device.fleet, devices: 0, online: 0, failed: 0 },
        };
        counts.set(key, count);
        count.devices++;
        if (device.online) count.online++;
        if (isInState(device, "failed")) count.failed++;
      }
      return [...counts.values()].sort((a, b) => a.product.localeCompare(b.product) || a.fleet.localeCompare(b.fleet));
    },
  };
  return self;
}
