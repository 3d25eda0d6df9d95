/** Turning over the pages of a long list that the server gives in parts. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button } from "#web/ui/button.tsx";
import { numberText, useLanguage, useTexts } from "#web/ui/language.ts";
import { CONSOLE_TEXTS } from "./console-texts.ts";

interface Pages {
  /** The last ID of the page before; undefined on the first page. */
  readonly after: string | undefined;
  /** From 0. */
  readonly number: number;
  forth(last: string): void;
  back(): void;
}

/** @param filter What the list is filtered by: another one begins at the first page. */
export function usePages(filter: string): Pages {
  const [turned, setTurned] = useState<readonly string[]>([]);
  useEffect(() => setTurned([]), [filter]);
  return {
    after: turned.at(-1),
    number: turned.length,
    forth: (last) => setTurned([...turned, last]),
    back: () => setTurned(turned.slice(0, -1)),
  };
}

interface PagerProps {
  readonly pages: Pages;
  readonly size: number;
  readonly page: { readonly total: number; readonly next?: string | undefined; readonly devices: readonly unknown[] };
}

/** Nothing where one page is all. */
export function Pager({ pages, size, page: { total, next, devices } }: PagerProps): JSX.Element | null {
  const text = useTexts(CONSOLE_TEXTS);
  const language = useLanguage();
  if (pages.number === 0 && next === undefined) return null;
  const from = pages.number * size;
  const [first, last, all] = [from + 1, from + devices.length, total].map((each) => numberText(each, language));
  return (
    <nav class="row apart" aria-label={text("pages")}>
      <span class="soft small numbers">{text("pageOf", { first: first ?? "", last: last ?? "", all: all ?? "" })}</span>
      <span class="row">
        <Button disabled={pages.number === 0} onPress={pages.back}>
          {text("previous")}
        </Button>
        <Button disabled={next === undefined} onPress={() => next !== undefined && pages.forth(next)}>
          {text("next")}
        </Button>
      </span>
    </nav>
  );
}
