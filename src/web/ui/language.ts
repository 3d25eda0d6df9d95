/** Texts of pages in several languages: tables of texts, the choice of a language, and texts that an app describes itself by. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";

export const LANGUAGES = ["en", "de"] as const;
export type Language = (typeof LANGUAGES)[number];
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = { en: "English", de: "Deutsch" };

/** The same texts in every language. A text names its values in braces, as in `{count} units`. */
export type TextTable<K extends string> = Readonly<Record<Language, Readonly<Record<K, string>>>>;
type Values = Readonly<Record<string, string | number>>;
/** Texts by language tag (BCP 47), as in `describe`. */
type DescribedTexts = Readonly<Record<string, { readonly title: string; readonly help?: string }>>;

/** The language of a list of preferences that pages have texts in; English where there is none. */
export function languageOf(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const found = LANGUAGES.find((language) => language === tag.toLowerCase().split("-")[0]);
    if (found !== undefined) return found;
  }
  return "en";
}

/** @returns A function that gives a text of the table with its values in place. */
export function textsOf<K extends string>(
  table: TextTable<K>,
  language: Language,
): (key: K, values?: Values) => string {
  const texts = table[language];
  return (key, values = {}) => texts[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** What an app says of one of its names, in this language, else in English, else in any; the name itself where it says nothing. */
export function describedText(
  name: string,
  texts: DescribedTexts | undefined,
  language: Language,
): { readonly title: string; readonly help?: string } {
  const tags = Object.keys(texts ?? {});
  const fits = (wanted: string) => tags.find((tag) => tag.toLowerCase().split("-")[0] === wanted);
  const tag = fits(language) ?? fits("en") ?? tags[0];
  return (tag === undefined ? undefined : texts?.[tag]) ?? { title: wordsOf(name) };
}

/** `setLamp` as a person writes it: `Set lamp`. */
function wordsOf(name: string): string {
  const words = name
    .replace(/[_-]+/g, " ")
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export const LanguageContext = createContext<Language>("en");

export const useLanguage = (): Language => useContext(LanguageContext);

export function useTexts<K extends string>(table: TextTable<K>): (key: K, values?: Values) => string {
  return textsOf(table, useLanguage());
}

/** A number as people of this language write it. */
export function numberText(value: number, language: Language, digits = 3): string {
  return new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
}

/** Bytes with the unit that leaves the shortest number. */
export function bytesText(bytes: number, language: Language): string {
  if (bytes < 10_000) return `${numberText(bytes, language, 0)} B`;
  if (bytes < 10_000_000) return `${numberText(bytes / 1_000, language, 0)} kB`;
  return `${numberText(bytes / 1_000_000, language, 1)} MB`;
}
