/** Tells a unit where it is: `latchkey phone place`. */
import { openUnitSession, type PhoneOptions, PhoneTrouble, print } from "./unit.ts";

/** Degrees as people write them, as the unit keeps them: times 100,000. */
function degreesE5(what: string, value: number, max: number): number {
  if (!(Math.abs(value) <= max)) throw new PhoneTrouble(`--${what} wants degrees from -${max} to ${max}, as in 52.52`);
  return Math.round(value * 100_000);
}

/** Tells the unit where it is, for the geofences of its guests; or clears the place. */
export async function placeUnit(
  options: PhoneOptions & { lat?: number; lon?: number; forget?: boolean },
): Promise<void> {
  const { lat, lon, forget = false } = options;
  if (forget ? lat !== undefined || lon !== undefined : lat === undefined || lon === undefined) {
    throw new PhoneTrouble("say where the unit is: --lat DEGREES --lon DEGREES; or clear it: --forget");
  }
  const place = forget ? null : ([degreesE5("lat", lat as number, 90), degreesE5("lon", lon as number, 180)] as const);
  const session = await openUnitSession(options);
  try {
    const answer = await session.request({ op: "place", place });
    if (!answer.ok) throw new PhoneTrouble(`the unit takes no place from you (${answer.fault})`, answer.fault);
    print(options, { place }, forget ? "the unit forgot its place" : `the unit is at ${lat}, ${lon}`);
  } finally {
    await session.close();
  }
}
