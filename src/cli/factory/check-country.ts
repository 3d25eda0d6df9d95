/** Refuses a country whose rules a board's radio does not know. */
import type { Board } from "#boards/sim/host/board.ts";
import { CliTrouble } from "#cli/trouble.ts";
import { countryOnBoard } from "#factory/country.ts";

export function checkCountry({ country }: { readonly country?: string | undefined }, board: Board): void {
  const fault = countryOnBoard(country, board);
  if (fault !== undefined) throw new CliTrouble(`flash.config.json: ${fault}`);
}
