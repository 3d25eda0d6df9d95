/** The console says in German what servers write in English: each act that a gateway notes, each check and verdict of a rollout. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type DeviceFacts, judgeRelease } from "#cloud/rollout/rollout-decision.ts";
import { judge, type Rollout, type Tally } from "#cloud/rollout/rollout-plan.ts";
import { saidText } from "#web/console/said-texts.ts";

const german = (text: string) => saidText(text, "de");
const isSaid = (text: string) => german(text) !== text;

/** Acts as the source writes them: `what: "..."`, `note(who, "...", ...)`, with something in place of each value. */
function actsIn(folder: string): readonly string[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const ACT = /(?:what[:=] ?|what = |note\([^,]+, )(?:"([^"]+)"|`((?:[^`$]|\$\{[^}]*\})+)`)/g;
  return files.flatMap((name) =>
    [...readFileSync(join(folder, name), "utf8").matchAll(ACT)].map(([, plain, template = ""]) =>
      plain === undefined ? template.replace(/\$\{[^}]*\}/g, "7") : plain,
    ),
  );
}

test("every act that a gateway or a cloud notes has a text", () => {
  for (const party of ["gateway", "cloud"]) {
    const acts = [...new Set(actsIn(join("src", party)))];
    expect(acts.length).toBeGreaterThan(party === "gateway" ? 25 : 5);
    expect(acts.filter((act) => !isSaid(act))).toEqual([]);
  }
  expect(german("call setLamp")).toBe("setLamp aufgerufen");
  expect(german("revoke a token of ann")).toBe("Token von ann widerrufen");
  expect(saidText("call setLamp", "en")).toBe("call setLamp");
  expect(german("because the cat asked")).toBe("because the cat asked");
});

const rollout: Rollout = {
  ...{ id: "lamp-7", product: "lamp", sequence: 7, state: "running", because: "created", wave: 0 },
  waves: [
    { name: "lab", share: 0 },
    { name: "all", share: 1_000 },
  ],
  ...{ waveSinceMs: 0, waveSinceUpMs: 0, forgiven: { failed: 0, silent: 0 } },
  limits: { failures: 5, sample: 4, failureRate: 0.1, silenceRate: 0.2, soakMs: 60_000, silenceMs: 1 },
};
const nobody: Tally = {
  ...{ eligible: 10, members: 10, offered: 0, fetching: 0, trial: 0, rolledBack: 0, confirmed: 0, rejected: 0 },
  ...{ refused: 0, superseded: 0, silent: 0, away: 0 },
};

test("every verdict about a rollout has a text", () => {
  const verdicts = [
    judge(rollout, { ...nobody, rejected: 5 }, 0),
    judge(rollout, { ...nobody, rejected: 2, confirmed: 3 }, 0),
    judge(rollout, { ...nobody, silent: 3, fetching: 3, confirmed: 3 }, 0),
    judge({ ...rollout, wave: 1 }, nobody, 0),
    judge(rollout, { ...nobody, eligible: 0 }, 0),
    judge(rollout, { ...nobody, members: 0 }, 0),
    judge(rollout, nobody, 0),
    judge(rollout, { ...nobody, confirmed: 3, fetching: 1 }, 0),
    judge(rollout, { ...nobody, confirmed: 3 }, 0),
    judge(rollout, { ...nobody, confirmed: 3 }, 60_000),
  ].map(({ because }) => because);
  expect(new Set(verdicts).size).toBe(verdicts.length);
  expect(verdicts.filter((verdict) => !isSaid(verdict))).toEqual([]);
  expect(german(`rollout is halted: ${verdicts[0]}`)).toBe(
    "Rollout ist angehalten: 5 Geräte sind gescheitert; die Grenze ist 5",
  );
});

test("every check of which release a unit should have has a text", () => {
  const base: DeviceFacts = {
    ...{ id: "0123456789abcdef01234567", product: "lamp", hardware: 1, sequence: 3, lab: false },
    attempts: new Map(),
  };
  const attempts = ["offered", "fetching", "trial", "rolled-back", "confirmed", "rejected", "refused"] as const;
  const devices: readonly DeviceFacts[] = [
    base,
    { ...base, lab: true, pin: 5, target: 7, window: { fromMinute: 60, toMinute: 120 } },
    ...attempts.map((each) => ({ ...base, attempts: new Map([[7, each]]) })),
  ];
  const releases = [false, true].map((withdrawn) => ({ product: "lamp", sequence: 7, hardware: [1, 2], withdrawn }));
  const says = devices.flatMap((device) =>
    releases.flatMap((release) =>
      [undefined, rollout].flatMap((each) => judgeRelease(device, release, each, 0).checks),
    ),
  );
  expect(says.length).toBeGreaterThan(50);
  expect(says.flatMap(({ check, says: text }) => [check, text]).filter((text) => !isSaid(text))).toEqual([]);
  expect(german("device runs 3, release is 7")).toBe("auf dem Gerät läuft 3, Release ist 7");
});
