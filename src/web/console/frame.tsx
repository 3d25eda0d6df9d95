/** The frame around the views: navigation, who is logged in, and the way out. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { AppFrame } from "#web/ui/app-frame.tsx";
import { Button } from "#web/ui/button.tsx";
import { useLanguage, useTexts } from "#web/ui/language.ts";
import { LanguageChoice } from "#web/ui/page.tsx";
import { Badge } from "#web/ui/surfaces.tsx";
import { useClient } from "./client.ts";
import { CONSOLE_TEXTS } from "./console-texts.ts";

/** Where in the console one is: `#/HEAD/NAME?QUERY`. */
export interface Place {
  readonly head: string;
  readonly name: string | undefined;
  readonly query: string;
  /** How often the place was changed. */
  readonly turn: number;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function usePlace(): Place {
  const [{ hash, turn }, setPlace] = useState({ hash: location.hash, turn: 0 });
  useEffect(() => {
    const read = () => setPlace((before) => ({ hash: location.hash, turn: before.turn + 1 }));
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }, []);
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [head = "", name] = path.split("/");
  useEffect(() => scrollTo(0, 0), [path]);
  return { head, query, turn, name: name === undefined ? undefined : decoded(name) };
}

interface ConsoleFrameProps {
  readonly items: readonly {
    readonly href: string;
    readonly title: string;
    readonly isCurrent: boolean;
    readonly count?: number;
  }[];
  onLeave(): void;
  readonly children: ComponentChildren;
}

export function ConsoleFrame({ items, onLeave, children }: ConsoleFrameProps): JSX.Element {
  const text = useTexts(CONSOLE_TEXTS);
  const language = useLanguage();
  const { self } = useClient();
  const title = items.find(({ isCurrent }) => isCurrent)?.title ?? "";
  useEffect(() => {
    document.title = `${title} · Latchkey`;
  }, [title]);
  return (
    <AppFrame
      brand="Latchkey"
      place={location.host}
      items={items}
      aside={
        <>
          <span class="row">
            <strong class="small">{self.name}</strong>
            <Badge>{self.role}</Badge>
          </span>
          <LanguageChoice language={language} />
          <Button kind="quiet" onPress={onLeave}>
            {text("logOut")}
          </Button>
        </>
      }
    >
      {children}
    </AppFrame>
  );
}
