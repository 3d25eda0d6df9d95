/** Makes an app's description of its definition, at the build and in tests. A unit only sends it. */
import type { App } from "#device/app-interface.ts";
import type { Description, ValueSchema } from "#wire/describe.ts";

interface About {
  readonly product: string;
  readonly release: string;
  readonly board: string;
}

type Entries<T> = Readonly<Record<string, T>> | undefined;

function each<T, D>(entries: Entries<T>, describe: (entry: T) => D): Readonly<Record<string, D>> {
  return Object.fromEntries(Object.entries(entries ?? {}).map(([name, entry]) => [name, describe(entry)]));
}

/** The member under its name where there is one: JSON has no undefined, and readers count on its absence. */
function where<K extends string, V>(name: K, value: V | undefined): { readonly [name in K]?: V } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [name in K]?: V };
}

function schemaOf({ type, min, max, step, maxLength, choices, unit }: ValueSchema): ValueSchema {
  const [limits, shown] = [
    { ...where("min", min), ...where("max", max) },
    { ...where("step", step), ...where("unit", unit) },
  ];
  return { type, ...limits, ...where("maxLength", maxLength), ...where("choices", choices), ...shown };
}

const absentOr = (schema: ValueSchema | undefined) => schema && schemaOf(schema);

export function describeApp(
  { functions, variables, settings, events }: App,
  { product, release, board }: About,
): Description {
  return {
    ...{ v: 1, product, release, board },
    functions: each(functions, ({ right, args, answer, texts }) => ({
      ...{ right, args: each(args, schemaOf) },
      ...where("answer", absentOr(answer)),
      ...where("texts", texts),
    })),
    variables: each(variables, ({ right, value, history, texts }) => ({
      right,
      ...where("value", absentOr(value)),
      ...where("history", history && { count: history.count, everyS: history.interval / 1_000 }),
      ...where("texts", texts),
    })),
    settings: each(settings, ({ value, default: first, texts }) => ({
      ...{ value: schemaOf(value), default: first },
      ...where("texts", texts),
    })),
    events: each(events, ({ payload, texts }) => ({
      right: "subscribe" as const,
      ...where("payload", absentOr(payload)),
      ...where("texts", texts),
    })),
  };
}
