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
  ["no JSON", "{ product: lamp }", /is not JSON/],
])("%s gives one line that names the key", (_, value, line) => {
  expect(errorOf(value)).toMatch(line);
  expect(errorOf(value).split("\n")).toHaveLength(1);
});

test("the JSON Schema beside the code is the one that the code makes (npm run schema writes it)", () => {
  const written = JSON.parse(readFileSync("src/factory/flash.config.schema.json", "utf8"));
  expect(written).toEqual(JSON.parse(JSON.stringify(flashConfigJsonSchema())));
});
