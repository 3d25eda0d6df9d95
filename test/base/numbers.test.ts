/** The C header of shared numbers says what the TypeScript says. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FAULTS } from "#base/faults.ts";
import { NUMBERS_HEADER, numbersHeader } from "#firmware/numbers.ts";

const header = readFileSync(NUMBERS_HEADER, "utf8");

test("the header in the tree is the one that the TypeScript makes; else run `npm run numbers`", () => {
  expect(header).toBe(numbersHeader());
});

test("every fault is there once, by its number", () => {
  const found = [...header.matchAll(/^ {2}FAULT_(\w+) = (\d+),$/gm)].map(([, name, number]) => [name, Number(number)]);
  expect(Object.fromEntries(found)).toEqual(FAULTS);
  expect(new Set(found.map(([, number]) => number)).size).toBe(found.length);
});
