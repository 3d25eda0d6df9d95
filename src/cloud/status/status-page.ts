/** The status page: one HTML document, drawn on the server; a few lines of script fetch it again every two seconds. */

import { failuresOf, progressOf } from "#cloud/rollout/rollout-plan.ts";
import { escapeHtml, rolloutChart, versionBars } from "./chart.ts";
import type { RolloutStatus, Status } from "./status.ts";

const STYLE = `
:root{color-scheme:light dark;--ink:#1c1c1e;--soft:#6b6b70;--line:#d8d8dc;--good:#1f7a4d;--bad:#b3261e;--wave:#8a6d00;--ground:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#ececf0;--soft:#9a9aa2;--line:#3a3a40;--good:#5cc994;--bad:#ff8a80;--wave:#d9b64a;--ground:#16161a}}
body{font:15px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--ground);max-width:46rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.3rem}h2{font-size:1.05rem;margin:2rem 0 .3rem}p{margin:.3rem 0}.soft{color:var(--soft)}
.state{padding:.1rem .5rem;border-radius:.6rem;border:1px solid currentColor;font-size:.85rem}
.running{color:var(--good)}.halted,.cancelled{color:var(--bad)}
ol.waves{display:flex;gap:.4rem;list-style:none;padding:0;margin:.6rem 0}ol.waves li{flex:1;text-align:center;padding:.2rem;border:1px solid var(--line);border-radius:.3rem;color:var(--soft)}
ol.waves li.open{border-color:var(--good);color:var(--ink)}ol.waves li.now{background:var(--good);color:var(--ground)}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2rem .6rem .2rem 0;border-bottom:1px solid var(--line);font-weight:normal}th{color:var(--soft)}
td.n{text-align:right;font-variant-numeric:tabular-nums}
svg{width:100%;height:auto;margin:.4rem 0}svg text{font:11px system-ui,sans-serif;fill:var(--soft)}svg rect{fill:var(--good)}
.axis{stroke:var(--line);fill:none}.wave{stroke:var(--wave);stroke-dasharray:3 3;fill:none}path.confirmed{stroke:var(--good);fill:none;stroke-width:2}path.failed{stroke:var(--bad);fill:none;stroke-width:2}`;

/** Exactly this text is what the page's policy lets run. */
export const SCRIPT = `setInterval(async()=>{try{const r=await fetch(location.href);if(!r.ok)throw 0;const d=new DOMParser().parseFromString(await r.text(),"text/html");document.querySelector("main").replaceWith(d.querySelector("main"));document.body.classList.remove("stale")}catch{document.querySelector("#live").textContent="no answer from the cloud; what you see is old"}},2000)`;

const row = (name: string, value: number) => `<tr><td>${escapeHtml(name)}</td><td class="n">${value}</td></tr>`;

function waves({ rollout }: RolloutStatus): string {
  const items = rollout.waves.map(({ name }, i) => {
    const kind = i === rollout.wave ? "open now" : i < rollout.wave ? "open" : "";
    return `<li class="${kind}"${i === rollout.wave ? ' aria-current="step"' : ""}>${escapeHtml(name)}</li>`;
  });
  return `<ol class="waves">${items.join("")}</ol>`;
}

function section(each: RolloutStatus, nowMs: number): string {
  const { rollout, tally, reasons } = each;
  const reasonRows = reasons.map(({ fault, devices }) => row(fault, devices)).join("");
  return `<section id="${escapeHtml(rollout.id)}">
<h2>${escapeHtml(rollout.id)} <span class="state ${rollout.state}">${rollout.state}</span></h2>
<p class="soft">${escapeHtml(rollout.because)}</p>
${each.overtakenBy === undefined ? "" : `<p class="overtaken">Overtaken by ${escapeHtml(each.overtakenBy)}: units take that release instead.</p>`}
${each.waitsFor === undefined ? "" : `<p class="waits">Waiting: ${escapeHtml(each.waitsFor)}.</p>`}
${waves(each)}
<p>${Math.floor(progressOf(tally) * 100)} % of ${tally.members} devices run it${failuresOf(tally) === 0 ? "" : `; ${failuresOf(tally)} failed`}.</p>
${rolloutChart(each, nowMs)}
<table class="tally"><tbody>${row("confirmed", tally.confirmed)}${row("rejected after three crashes", tally.rejected)}${row("refused by the unit", tally.refused)}${row("offered", tally.offered)}${row("fetching", tally.fetching)}${row("on trial", tally.trial)}${row("rolled back, will try again", tally.rolledBack)}${row("silent", tally.silent)}${tally.superseded === 0 ? "" : row("run a newer release", tally.superseded)}</tbody></table>
${reasons.length === 0 ? "" : `<table class="reasons"><thead><tr><th>reported fault</th><th></th></tr></thead><tbody>${reasonRows}</tbody></table>`}
</section>`;
}

function revocationTable({ revocations }: Status): string {
  if (revocations.length === 0) return "";
  const rows = revocations.map(
    ({ scope, statements, devices, taken }) =>
      `<tr><td>${escapeHtml(`${scope.kind} ${scope.name}`)}</td><td class="n">${statements}</td><td class="n">${taken} of ${devices}</td></tr>`,
  );
  return `<section id="revocations"><h2>Revocations</h2><table><thead><tr><th>for</th><th>statements</th><th>units that took them</th></tr></thead><tbody>${rows.join("")}</tbody></table></section>
`;
}

export function statusPage(status: Status): string {
  const newestFirst = [...status.rollouts].reverse();
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Latchkey</title><style>${STYLE}</style></head><body>
<main><h1>Latchkey cloud</h1>
<p>${status.devices} devices, ${status.online} online. <span id="live" class="soft">${new Date(status.nowMs).toISOString().slice(0, 19).replace("T", " ")} UTC</span></p>
${newestFirst.length === 0 ? "<p>No rollout yet: <code>latchkey rollout create</code> begins one.</p>" : newestFirst.map((each) => section(each, status.nowMs)).join("")}
${revocationTable(status)}<section id="versions"><h2>What devices run</h2>${versionBars(status.versions)}</section>
</main><script>${SCRIPT}</script></body></html>`;
}
