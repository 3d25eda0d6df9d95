/** Assertions about our own code: a failed one is a bug. Bad input is a refusal instead (see faults.ts). */
class BrokenInvariant extends Error {
  override get name(): string {
    return "BrokenInvariant";
  }
}

/** States an invariant. Throws BrokenInvariant when it doesn't hold. The message must hold no secret. */
export function assert(holds: boolean, invariant: string): asserts holds {
  if (!holds) throw new BrokenInvariant(invariant);
}
