/**
 * Replaces faults.ts in a unit's bundle, where a fault is only its number. The bundler writes numbers where the
 * runtime's sources write names (src/factory/bundle/faults.ts), so that neither names nor their table take a unit's memory.
 */

export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

export function refuse(fault: number): { readonly ok: false; readonly fault: number } {
  return { ok: false, fault };
}

export function faultNumber(fault: number): number {
  return fault;
}

export function faultOf(number: number): number {
  return number;
}

export function faultText(fault: number): string {
  return `fault ${fault}`;
}
