/** Troubles of the gateway's own parts as refusals of a request. */
import { AccountTrouble } from "#gateway/accounts/accounts.ts";
import { ClientTrouble } from "#gateway/oauth/clients.ts";
import { UnitTrouble } from "#gateway/units/units.ts";
import { Refusal } from "./refusal.ts";

/** Does something that may be refused by one of our own lines. @throws Refusal 400 */
export async function orRefuse<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AccountTrouble || error instanceof ClientTrouble || error instanceof UnitTrouble) {
      throw new Refusal(400, "invalid_request", error.message);
    }
    throw error;
  }
}
