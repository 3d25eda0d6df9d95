/** Texts that the components themselves say. */
import type { TextTable } from "./language.ts";

type Key =
  | "run"
  | "running"
  | "answer"
  | "done"
  | "save"
  | "saved"
  | "close"
  | "cancel"
  | "missing"
  | "notWhole"
  | "notNumber"
  | "tooSmall"
  | "tooLarge"
  | "step"
  | "tooLong"
  | "notHex"
  | "chooseOne"
  | "on"
  | "off"
  | "noValues"
  | "chartSummary"
  | "noArguments"
  | "language"
  | "range"
  | "hexHelp"
  | "skip"
  | "navigation"
  | "chooseFile"
  | "justNow";

export const UI_TEXTS: TextTable<Key> = {
  en: {
    run: "Run",
    running: "Running…",
    answer: "Answer",
    done: "Done",
    save: "Save",
    saved: "Saved",
    close: "Close",
    cancel: "Cancel",
    missing: "Enter a value",
    notWhole: "Enter a whole number",
    notNumber: "Enter a number",
    tooSmall: "Enter {min} or more",
    tooLarge: "Enter {max} or less",
    step: "Enter a multiple of {step}",
    tooLong: "Enter at most {max} characters",
    notHex: "Enter pairs of hexadecimal digits",
    chooseOne: "Choose one",
    on: "on",
    off: "off",
    noValues: "No values yet",
    chartSummary: "{name}: {last} now, between {min} and {max}",
    noArguments: "Takes no arguments",
    language: "Language",
    range: "{min} to {max}",
    hexHelp: "Hexadecimal digits, as in 0a ff",
    skip: "Skip to the content",
    navigation: "Views",
    chooseFile: "Choose a file",
    justNow: "just now",
  },
  de: {
    run: "Ausführen",
    running: "Läuft …",
    answer: "Antwort",
    done: "Fertig",
    save: "Speichern",
    saved: "Gespeichert",
    close: "Schließen",
    cancel: "Abbrechen",
    missing: "Wert eingeben",
    notWhole: "Eine ganze Zahl eingeben",
    notNumber: "Eine Zahl eingeben",
    tooSmall: "{min} oder mehr eingeben",
    tooLarge: "{max} oder weniger eingeben",
    step: "Ein Vielfaches von {step} eingeben",
    tooLong: "Höchstens {max} Zeichen eingeben",
    notHex: "Paare von Hexadezimalziffern eingeben",
    chooseOne: "Bitte auswählen",
    on: "an",
    off: "aus",
    noValues: "Noch keine Werte",
    chartSummary: "{name}: jetzt {last}, zwischen {min} und {max}",
    noArguments: "Ohne Argumente",
    language: "Sprache",
    range: "{min} bis {max}",
    hexHelp: "Hexadezimalziffern, zum Beispiel 0a ff",
    skip: "Zum Inhalt springen",
    navigation: "Ansichten",
    chooseFile: "Datei auswählen",
    justNow: "gerade eben",
  },
};
