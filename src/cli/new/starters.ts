/** The apps that a new device may start with: those of `examples`, with their tests. */
import { analogName, digitalName, i2cName, ioResources, MODES, pwmName } from "#base/board-io.ts";
import { readBoard } from "#boards/sim/host/board.ts";

interface Starter {
  /** For the README: what the device is. */
  readonly about: string;
  /** The hardware that it opens, by the names of src/base/board-io.ts, and in a maker's words. */
  readonly needs: Readonly<Record<string, string>>;
}

/** The first is the standard one of boards that have its hardware; the last runs on every board. */
export const STARTERS = {
  greenhouse: {
    about:
      "A greenhouse: its vent opens the further the warmer it is above a target, and in the evening it says whether the soil is too dry.",
    needs: {
      [pwmName("vent")]: "PWM on pin vent",
      [analogName("soil")]: "Analog on pin soil",
      [i2cName("sda", "scl")]: "I2C on pins sda, scl",
    },
  },
  relay: {
    about: "A relay that switches by schedule and by hand.",
    needs: { [digitalName("relay", MODES.Output)]: "Digital on pin relay" },
  },
} as const satisfies Readonly<Record<string, Starter>>;

export type StarterName = keyof typeof STARTERS;
export const STARTER_NAMES = Object.keys(STARTERS) as readonly StarterName[];

interface Lacks {
  /** Hardware that the board does not have, and hardware that it has in test builds only, in a maker's words. */
  readonly absent: readonly string[];
  readonly modelled: readonly string[];
}

/** What a board lacks of a starter's hardware. */
export function lacksOf(board: string, starter: StarterName): Lacks {
  const { pins, io } = readBoard(board);
  const has = new Map(ioResources(pins, io).map(({ name, isModelled }) => [name, isModelled]));
  const needs = Object.entries(STARTERS[starter].needs);
  return {
    absent: needs.filter(([name]) => !has.has(name)).map(([, words]) => words),
    modelled: needs.filter(([name]) => has.get(name) === true).map(([, words]) => words),
  };
}

/** The starter of a board when none is named: the first whose hardware every unit of it has. */
export function starterFor(board: string): StarterName {
  const fits = (name: StarterName) => Object.values(lacksOf(board, name)).every((words) => words.length === 0);
  return STARTER_NAMES.find(fits) ?? "relay";
}
