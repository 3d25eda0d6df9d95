/** An app that has names and rights, and does nothing: for tests of those who only look names up. */
import { describeApp } from "#app/describe-app.ts";
import type { App, DescribedPart } from "#device/app-interface.ts";
import { descriptionParts } from "#wire/describe.ts";

export function appNamed(names: readonly (readonly [name: string, right: string])[], more: object = {}): App {
  const of = (...rights: string[]) => names.filter(([, right]) => rights.includes(right));
  const functions = of("call", "config").map(([name, right]) => [name, { right, args: {}, run: () => null }] as const);
  const variables = of("read").map(([name, right]) => [name, { right, read: () => null }] as const);
  return {
    functions: Object.fromEntries(functions),
    variables: Object.fromEntries(variables),
    events: Object.fromEntries(of("subscribe").map(([name]) => [name, {}] as const)),
    ...more,
  } as unknown as App;
}

/** What a bundle of this app would have in it as its description. */
export function describedBy(app: App): DescribedPart {
  const parts = descriptionParts(describeApp(app, { product: "lamp", release: "7", board: "sim" }));
  return (part) => (parts[part] === undefined ? undefined : [parts.length, parts[part]]);
}
