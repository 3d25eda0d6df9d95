/** The country whose rules a unit's radio keeps: officially assigned codes of ISO 3166-1, and those that a board's radio knows. */

const CODES =
  "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";
const countries: ReadonlySet<string> = new Set(CODES.split(" "));

export const isCountry = (code: string): boolean => countries.has(code);

/** What is wrong with a code that `isCountry` refuses. */
export function countryFault(code: string): string {
  const upper = code.toUpperCase();
  const meant = upper === "UK" ? "GB" : upper;
  const hint = isCountry(meant) ? `write ${meant}` : "leave it out for a product of several countries";
  return `${JSON.stringify(code)} is not a country (expected two capital letters of ISO 3166-1, as DE); ${hint}`;
}

/** Why units of a board can't keep the rules of a country; undefined when they can, and without a country. */
export function countryOnBoard(
  country: string | undefined,
  { name, countries: known }: { readonly name: string; readonly countries?: string },
): string | undefined {
  if (country === undefined || known === undefined || known.split(" ").includes(country)) return undefined;
  return `country: ${country} is none whose rules the radio of ${name} knows (${known}); without the key it keeps the most careful ones`;
}
