/** What a unit says of its app, in the form that the page shows. */
import type { UnitDescription } from "#phone/describe.ts";
import type { ShownDescription } from "#web/dev/interface.ts";

export function descriptionOf({ names }: UnitDescription): ShownDescription {
  const of = (...rights: readonly string[]) => names.filter(([, right]) => rights.includes(right));
  return {
    functions: Object.fromEntries(of("call", "config").map(([name, right]) => [name, { right, args: {} }])),
    variables: Object.fromEntries(of("read").map(([name, right]) => [name, { right }])),
    events: Object.fromEntries(of("subscribe").map(([name]) => [name, {}])),
  };
}
