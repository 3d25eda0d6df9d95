/** The frame of an application with several views: navigation at the side, on a phone above, and the view beside it. */
import type { ComponentChildren, JSX } from "preact";
import { useTexts } from "./language.ts";
import { UI_TEXTS } from "./ui-texts.ts";

interface NavigationItem {
  readonly href: string;
  readonly title: string;
  readonly isCurrent: boolean;
  /** How much there waits for attention; nothing is shown for 0. */
  readonly count?: number;
}

interface AppFrameProps {
  readonly brand: string;
  /** Under the brand: where one is. */
  readonly place?: string;
  readonly items: readonly NavigationItem[];
  /** At the end of the navigation: who one is, and the language. */
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function AppFrame({ brand, place, items, aside, children }: AppFrameProps): JSX.Element {
  const text = useTexts(UI_TEXTS);
  return (
    <div class="app">
      <button type="button" class="button skip" onClick={() => document.getElementById("main")?.focus()}>
        {text("skip")}
      </button>
      <header class="app-side">
        <div class="app-brand">
          <strong>{brand}</strong>
          {place !== undefined && <span class="soft small">{place}</span>}
        </div>
        <nav aria-label={text("navigation")}>
          <ul class="app-nav">
            {items.map(({ href, title, isCurrent, count = 0 }) => (
              <li key={href}>
                <a href={href} aria-current={isCurrent ? "page" : undefined}>
                  <span>{title}</span>
                  {count > 0 && <span class="app-count numbers">{count}</span>}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        {aside !== undefined && <div class="app-aside">{aside}</div>}
      </header>
      <main class="app-main" id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

/** The head of a view: its title, what it is about, and what one does there. */
export function ViewHead({
  title,
  detail,
  back,
  children,
}: {
  readonly title: ComponentChildren;
  readonly detail?: ComponentChildren;
  /** The list that this view belongs to. */
  readonly back?: { readonly href: string; readonly title: string };
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <div class="view-head">
      <div class="grow">
        {back !== undefined && (
          <a class="view-back small" href={back.href}>
            ← {back.title}
          </a>
        )}
        <h1>{title}</h1>
        {detail !== undefined && <div class="soft small row">{detail}</div>}
      </div>
      {children !== undefined && <div class="row">{children}</div>}
    </div>
  );
}
