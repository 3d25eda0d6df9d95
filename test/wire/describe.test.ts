/** The description of an app: what makers define is what clients read, whatever it is cut into; what is none is refused. */
import { expect, it } from "vitest";
import { describeApp } from "#app/describe-app.ts";
import { bool, bytes, defineDevice, int, number, oneOf, text } from "#app/index.ts";
import { ok } from "#base/faults.ts";
import { descriptionParts, readDescription } from "#wire/describe.ts";

const about = { product: "greenhouse", release: "3", board: "sim" };
const app = defineDevice({
  functions: {
    setVent: {
      right: "call",
      args: { percent: int(0, 100, { unit: "%" }), name: text(12), mode: oneOf("slow", "fast") },
      answer: number(0, 90, { unit: "°", step: 0.5 }),
      texts: { en: { title: "Vent", help: "Opens the vent." }, de: { title: "Lüftung" } },
      run: ({ percent }) => percent * 0.9,
    },
    rename: { right: "config", args: { key: bytes(16) }, run: () => undefined },
  },
  variables: { isDark: { right: "read", value: bool(), read: () => true } },
  events: { opened: { payload: int(0, 100) }, pressed: {} },
});
const description = describeApp(app, about);

it("what the maker defined is what a client reads", () => {
  expect(readDescription(JSON.stringify(description))).toEqual(ok(description));
  expect(description).toEqual({
    ...{ v: 1, ...about, settings: {} },
    functions: {
      setVent: {
        right: "call",
        args: {
          percent: { type: "int", min: 0, max: 100, unit: "%" },
          name: { type: "text", maxLength: 12 },
          mode: { type: "choice", choices: ["slow", "fast"] },
        },
        answer: { type: "number", min: 0, max: 90, step: 0.5, unit: "°" },
        texts: { en: { title: "Vent", help: "Opens the vent." }, de: { title: "Lüftung" } },
      },
      rename: { right: "config", args: { key: { type: "bytes", maxLength: 16 } } },
    },
    variables: { isDark: { right: "read", value: { type: "bool" } } },
    events: {
      opened: { right: "subscribe", payload: { type: "int", min: 0, max: 100 } },
      pressed: { right: "subscribe" },
    },
  });
});

it("parts fit into answers and make the whole again, whatever characters they are cut between", () => {
  for (let more = 0; more < 5; more++) {
    const long = { ...description, product: `${"x".repeat(more)}${"é€😀".repeat(900)}` };
    const parts = descriptionParts(long);
    expect(parts.length).toBeGreaterThan(4);
    for (const part of parts) expect(new TextEncoder().encode(part).length).toBeLessThanOrEqual(1_800);
    expect(readDescription(new TextDecoder().decode(new TextEncoder().encode(parts.join(""))))).toEqual(ok(long));
  }
});

const changed = (change: (copy: Record<string, never>) => void) => {
  const copy = JSON.parse(JSON.stringify(description));
  change(copy);
  return JSON.stringify(copy);
};

it.each([
  ["no JSON", "{", "DESCRIBE_FORM"],
  ["a list", "[]", "DESCRIBE_FORM"],
  ["nothing", "null", "DESCRIBE_FORM"],
  ["another version", changed((copy: { v?: number }) => (copy.v = 2)), "DESCRIBE_VERSION"],
  ["no board", changed((copy) => delete copy.board), "DESCRIBE_FORM"],
  ["no events", changed((copy) => delete copy.events), "DESCRIBE_FORM"],
  ["an unknown type", JSON.stringify(description).replace('"choice"', '"colour"'), "DESCRIBE_FORM"],
  ["a choice of nothing", JSON.stringify(description).replace('["slow","fast"]', "[]"), "DESCRIBE_FORM"],
  ["a limit that is no number", JSON.stringify(description).replace('"max":90', '"max":"90"'), "DESCRIBE_FORM"],
  ["a text without a title", JSON.stringify(description).replace('{"title":"Lüftung"}', "{}"), "DESCRIBE_FORM"],
  ["an unknown right", JSON.stringify(description).replace('"read"', '"see"'), "DESCRIBE_FORM"],
])("%s is refused", (_, text, fault) => {
  expect(readDescription(text)).toEqual({ ok: false, fault });
});

it("members that a later version may add are kept", () => {
  const later = changed((copy: Record<string, unknown>) => (copy.later = 1));
  expect(readDescription(later)).toMatchObject({ ok: true, value: { later: 1 } });
});
