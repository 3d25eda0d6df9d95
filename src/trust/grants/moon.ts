/**
 * Computes the moon's phase without tables: nine terms of its longitude, two of the sun's, good to 0.2 degrees until
 * 2056 and to 0.3 until 2100.
 */

const RADIANS = Math.PI / 180;
/** Days from the Unix epoch to J2000.0, 2000-01-01T12:00. */
const J2000_DAYS = 10957.5;

/** Amplitude in degrees, and the multiples of D, M, M' and F in the sine's argument. */
const MOON_TERMS = [
  [6.288774, 0, 0, 1, 0],
  [1.274027, 2, 0, -1, 0],
  [0.658314, 2, 0, 0, 0],
  [0.213618, 0, 0, 2, 0],
  [-0.185116, 0, 1, 0, 0],
  [-0.114332, 0, 0, 0, 2],
  [0.058793, 2, 0, -2, 0],
  [0.057066, 2, -1, -1, 0],
  [0.053322, 2, 0, 1, 0],
] as const;

/**
 * Degrees (0 to 360) by which the moon is ahead of the sun in ecliptic longitude: 0 new, 90 first quarter, 180 full.
 * @param timeS Unix seconds.
 * @source J. Meeus, Astronomical Algorithms, 2nd edition, chapters 25 and 47
 */
export function moonElongation(timeS: number): number {
  const t = (timeS / 86400 - J2000_DAYS) / 36525;
  const elongation = 297.8501921 + 445267.1114034 * t;
  const sunAnomaly = 357.5291092 + 35999.0502909 * t;
  const moonAnomaly = 134.9633964 + 477198.8675055 * t;
  const latitude = 93.272095 + 483202.0175233 * t;
  let degrees = elongation;
  for (const [amplitude, d, m, mm, f] of MOON_TERMS) {
    degrees += amplitude * sine(d * elongation + m * sunAnomaly + mm * moonAnomaly + f * latitude);
  }
  degrees -= 1.914602 * sine(sunAnomaly) + 0.019993 * sine(2 * sunAnomaly);
  return ((degrees % 360) + 360) % 360;
}

function sine(degrees: number): number {
  return Math.sin(degrees * RADIANS);
}
