/** Two small drawings in SVG: how a rollout went over time, and what the devices run. No library, no script. */
import type { RolloutStatus, VersionCount } from "./status.ts";

export const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const WIDTH = 720;
const HEIGHT = 180;
const LEFT = 44;
const BOTTOM = 24;
const TOP = 10;

/** Stairs: each moment is one device more, scaled so that all of `total` reaches `count`. */
function stairs(
  moments: readonly number[],
  count: number,
  x: (ms: number) => number,
  y: (n: number) => number,
): string {
  let path = `M${x(0).toFixed(1)} ${y(0).toFixed(1)}`;
  moments.forEach((ms, i) => {
    path += `H${x(ms).toFixed(1)}V${y(((i + 1) / moments.length) * count).toFixed(1)}`;
  });
  return path;
}

const clock = (ms: number) => new Date(ms).toISOString().slice(11, 19);

/** Devices confirmed and failed over time, since the rollout's first device finished. */
export function rolloutChart({ rollout, tally, confirmedMs, failedMs }: RolloutStatus, nowMs: number): string {
  const failed = tally.rejected + tally.refused;
  const most = Math.max(1, tally.confirmed, failed);
  const first = Math.min(confirmedMs[0] ?? nowMs, failedMs[0] ?? nowMs, rollout.waveSinceMs, nowMs - 1_000);
  const x = (ms: number) => LEFT + ((Math.max(ms, first) - first) / (nowMs - first)) * (WIDTH - LEFT - 8);
  const y = (n: number) => HEIGHT - BOTTOM - (n / most) * (HEIGHT - BOTTOM - TOP);
  const line = (moments: readonly number[], count: number, kind: string) =>
    moments.length === 0 ? "" : `<path class="${kind}" d="${stairs(moments, count, x, y)}H${x(nowMs).toFixed(1)}"/>`;
  const opened = x(rollout.waveSinceMs).toFixed(1);
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(rollout.id)}: ${tally.confirmed} devices confirmed, ${failed} failed">
<path class="axis" d="M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - 8}"/>
<path class="wave" d="M${opened} ${TOP}V${HEIGHT - BOTTOM}"/>
<text x="${LEFT - 6}" y="${TOP + 8}" text-anchor="end">${most}</text><text x="${LEFT - 6}" y="${HEIGHT - BOTTOM}" text-anchor="end">0</text>
<text x="${LEFT}" y="${HEIGHT - 6}">${clock(first)}</text><text x="${WIDTH - 8}" y="${HEIGHT - 6}" text-anchor="end">${clock(nowMs)} UTC</text>
${line(confirmedMs, tally.confirmed, "confirmed")}${line(failedMs, failed, "failed")}
</svg>`;
}

/** One bar a version, as long as its share of the devices. */
export function versionBars(versions: readonly VersionCount[]): string {
  const most = Math.max(1, ...versions.map(({ devices }) => devices));
  const rows = versions.map(({ product, sequence, devices }, i) => {
    const name = `${product} ${sequence === 0 ? "as made" : sequence}`;
    const width = ((devices / most) * (WIDTH - 240)).toFixed(1);
    return `<text x="130" y="${i * 22 + 15}" text-anchor="end">${escapeHtml(name)}</text><rect x="138" y="${i * 22 + 3}" width="${width}" height="16" rx="2"/><text x="${(144 + Number(width)).toFixed(1)}" y="${i * 22 + 15}">${devices}</text>`;
  });
  return `<svg viewBox="0 0 ${WIDTH} ${Math.max(1, versions.length) * 22}" role="img" aria-label="devices by version">${rows.join("")}</svg>`;
}
