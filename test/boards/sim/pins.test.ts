/** The simulated board knows the pins of its board.json and no others, as the chips do (firmware/port/pins.c). */
import { expect, it } from "vitest";
import { createIoModel } from "#app/testing/io-model.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { type NativeParts, nativeObject } from "#boards/sim/host/native.ts";

it("an undeclared pin is refused, and an input is never written", () => {
  const written: unknown[] = [];
  const board = readBoard("sim");
  const hardware = createIoModel(board, {
    emit: () => undefined,
    written: (name, value) => written.push([name, value]),
  });
  const parts = { flash: {}, network: {}, pins: board.pins, hardware };
  const { pins } = nativeObject(parts as unknown as NativeParts) as unknown as {
    readonly pins: { write(pin: string, value: number): void; read(pin: string): number };
  };
  pins.write("lamp", 1);
  expect([pins.read("lamp"), pins.read("light")]).toEqual([1, 0]);
  for (const name of ["lampp", "light", "constructor", ""]) {
    expect(() => pins.write(name, 1)).toThrow(new RangeError("no such output pin"));
  }
  for (const name of ["lampp", "toString"]) expect(() => pins.read(name)).toThrow(new RangeError("no such pin"));
  expect(written).toEqual([["digital lamp", 1]]);
});
