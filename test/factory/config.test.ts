import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { flashConfigJsonSchema, parseFlashConfig } from "#factory/config.ts";

const good = JSON.parse(readFileSync("flash.config.json", "utf8"));
const errorOf = (value: unknown): string => {
  try {
    parseFlashConfig(typeof value === "string" ? value : JSON.stringify(value), "flash.config.json");
  } catch (error) {
    return (error as Error).message;
  }
  return "";
};

test("the shipped configuration is right, and defaults fill what may be left out", () => {
  const { labels, ...rest } = good;
  expect(parseFlashConfig(JSON.stringify(rest), "x").labels).toEqual({ widthMm: 50, heightMm: 25, dpi: 300 });
  expect(labels).toBeDefined();
});

test.each([
  ["a missing key", { ...good, product: undefined }, /: product: /],
  ["an unknown key", { ...good, prodct: "lamp" }, /: prodct: /],
  ["a nested key", { ...good, labels: { dpi: 10 } }, /: labels\.dpi: /],
  ["an unknown nested key", { ...good, cloud: { ...good.cloud, url: "x" } }, /: cloud\.url: /],
  ["a wrong kind", { ...good, hardwareRevision: "1" }, /: hardwareRevision: /],
  ["no object", [], /whole file/],
  ["no JSON", "{ product: lamp }", /^flash\.config\.json:1:3: this is not JSON: expected property name/],
  ["an unfinished file", '{\n  "product": "lamp"\n', /^flash\.config\.json:\d:\d+: this is not JSON: expected ','/],
])("%s gives one line that names the key", (_, value, line) => {
  expect(errorOf(value)).toMatch(line);
  expect(errorOf(value).split("\n")).toHaveLength(1);
});

const at = (text: string) =>
  `{\n  "product": "lamp",\n  "fleet": "f",\n  "app": "app.ts",\n  "board": "sim",\n${text}\n}`;

test.each([
  ['  "maker": "lamps.example"', '6:3: maker: "lamps.example" is not a maker\'s domain (expected 1 to 24 upper-case'],
  ['  "maker": "L.EXAMPLE", "cards": "some"', '6:25: cards: "some" (expected one of noFlash, all)'],
  ['  "maker": "L.EXAMPLE",\n  "hardwareRevision": 70000', "7:3: hardwareRevision: 70000 (expected at most 65535)"],
  ['  "maker": "L.EXAMPLE",\n  "labels": { "widthMm": "wide" }', '7:15: labels.widthMm: "wide" (expected a number)'],
  [
    '  "maker": "L.EXAMPLE",\n  "onboarding": { "legacy": ["esptouch-v2", "x"] }',
    '7:45: onboarding.legacy.1: "x" (expected one of',
  ],
  [
    '  "maker": "L.EXAMPLE",\n  "appOrigins": ["https://a.example", "a.example"]',
    '7:39: appOrigins.1: "a.example" is not an origin',
  ],
  ['  "maker": "L.EXAMPLE",\n  "brand": 1', "7:3: brand: there is no such key"],
  [
    '  "maker": "L.EXAMPLE",\n  "country": "uk"',
    '7:3: country: "uk" is not a country (expected two capital letters of ISO 3166-1, as DE); write GB',
  ],
  ['  "maker": "L.EXAMPLE",\n  "country": 49', "7:3: country: 49 (expected a text)"],
  ['  "keys": ""', "1:1: maker: is missing (expected a text)"],
])("%s is refused at its line, in a person's words", (text, line) => {
  expect(errorOf(at(text))).toContain(`flash.config.json:${line}`);
});

test("the JSON Schema beside the code is the one that the code makes (npm run schema writes it)", () => {
  const written = JSON.parse(readFileSync("src/factory/flash.config.schema.json", "utf8"));
  expect(written).toEqual(JSON.parse(JSON.stringify(flashConfigJsonSchema())));
});
