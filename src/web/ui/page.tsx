/** The frame of a page: its language, its title row and its main part. */
import { type ComponentChild, type ComponentChildren, type JSX, render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { LANGUAGE_NAMES, LANGUAGES, type Language, LanguageContext, languageOf, useTexts } from "./language.ts";
import { UI_TEXTS } from "./ui-texts.ts";

const STORED = "latchkey.language";

function storedLanguage(): Language {
  const stored = localStorage.getItem(STORED);
  return languageOf(stored === null ? navigator.languages : [stored]);
}

/** Draws a page into the document's `#page`, in the language that the person chose here, else that of the browser. */
export function showPage(Content: () => JSX.Element): void {
  const root = document.getElementById("page");
  if (root !== null) render(<Page Content={Content} />, root);
}

let choose: (language: Language) => void = () => undefined;

function Page({ Content }: { readonly Content: () => JSX.Element }): JSX.Element {
  const [language, setLanguage] = useState(storedLanguage);
  choose = (chosen) => {
    localStorage.setItem(STORED, chosen);
    setLanguage(chosen);
  };
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  return (
    <LanguageContext.Provider value={language}>
      <Content />
    </LanguageContext.Provider>
  );
}

/** A choice between the languages that pages have. */
export function LanguageChoice({ language }: { readonly language: Language }): JSX.Element {
  const text = useTexts(UI_TEXTS);
  return (
    <label>
      <span class="visually-hidden">{text("language")}</span>
      <select class="input" value={language} onInput={(event) => choose(languageOf([event.currentTarget.value]))}>
        {LANGUAGES.map((each) => (
          <option key={each} value={each}>
            {LANGUAGE_NAMES[each]}
          </option>
        ))}
      </select>
    </label>
  );
}

export function PageFrame({
  title,
  detail,
  aside,
  children,
}: {
  readonly title: string;
  readonly detail?: ComponentChild;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <div class="page">
      <header class="page-head">
        <div class="grow">
          <h1>{title}</h1>
          {detail !== undefined && <p class="soft small">{detail}</p>}
        </div>
        {aside}
      </header>
      <main class="stack">{children}</main>
    </div>
  );
}
