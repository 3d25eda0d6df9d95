/** Lets an attack go on for a while before anything else is tried: what fills a memory takes some seconds to fill it. */
export const biteMs = (ms = 4_000): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
