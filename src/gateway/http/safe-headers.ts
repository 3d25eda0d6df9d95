/** Headers of every answer of the interface: nothing of it is kept or guessed at. */
export const SAFE_HEADERS = { "cache-control": "no-store", "x-content-type-options": "nosniff" } as const;
