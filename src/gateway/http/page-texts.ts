/** Texts of the gateway's own pages, by their English words, and the language that a browser prefers. */
import type { IncomingMessage } from "node:http";

const DE = {
  "Log in": "Anmelden",
  "{name} asks for access to devices behind this gateway.": "{name} möchte Zugang zu Geräten hinter diesem Gateway.",
  Name: "Name",
  Password: "Passwort",
  "One-time code or recovery code": "Einmalcode oder Wiederherstellungscode",
  Cancel: "Abbrechen",
  "Use a passkey": "Passkey benutzen",
  "Log in with {host}": "Bei {host} anmelden",
  "Allow access?": "Zugang erlauben?",
  "{person}, {name} wants to:": "{person}, {name} möchte:",
  "Then the browser goes to": "Danach geht der Browser zu",
  Allow: "Erlauben",
  Deny: "Ablehnen",
  "run this gateway for you: accounts, tokens and its journal, as far as your role goes":
    "dieses Gateway für Sie verwalten: Konten, Tokens und Protokoll, soweit Ihre Rolle reicht",
  "act for you at {address}": "bei {address} für Sie handeln",
  "every device": "jedem Gerät",
  "device {id}": "Gerät {id}",
  ", from {from} to {to} {zone}": ", von {from} bis {to} {zone}",
  " (on {days})": " (am {days})",
  ", not before {time}": ", nicht vor {time}",
  ", not after {time}": ", nicht nach {time}",
  ", while the moon is {from} to {to} degrees ahead of the sun (180 is full)":
    ", solange der Mond der Sonne {from} bis {to} Grad voraus ist (180 ist voll)",
  ", {name} with {argument} from {min} to {max} alone": ", {name} nur mit {argument} von {min} bis {max}",
  ", at most {count} times in {time}": ", höchstens {count} Mal in {time}",
  ", {count} times in all": ", insgesamt {count} Mal",
  ", from the gateway's own network alone": ", nur aus dem eigenen Netz des Gateways",
  "use {name} of {where}": "{name} an {where} benutzen",
  "do everything with {where}, also install releases": "alles mit {where} tun, auch Releases installieren",
  "do everything with {where}, except PUT": "alles mit {where} tun, außer Releases zu installieren",
  "This passkey is not known here, or the page is too old.":
    "Dieser Passkey ist hier nicht bekannt, oder die Seite ist zu alt.",
  "{host} doesn't answer. Try again.": "{host} antwortet nicht. Versuchen Sie es noch einmal.",
  "{host} named nobody who has an account here.": "{host} hat niemanden genannt, der hier ein Konto hat.",
  "Too many wrong logins from here. Wait {seconds} s and try again.":
    "Zu viele falsche Anmeldungen von hier. Warten Sie {seconds} s und versuchen Sie es wieder.",
  "Too many people log in now. Try again.": "Gerade melden sich zu viele an. Versuchen Sie es noch einmal.",
  "The name, the password or the code is wrong.": "Name, Passwort oder Code ist falsch.",
  "Make your account": "Ihr Konto anlegen",
  "Code of your invitation": "Code Ihrer Einladung",
  "New password, 12 characters at least": "Neues Passwort, mindestens 12 Zeichen",
  "The same again": "Dasselbe noch einmal",
  "Make the account": "Konto anlegen",
  "The two passwords are different.": "Die beiden Passwörter sind verschieden.",
  "this invitation was used, or is too old; ask for another":
    "Diese Einladung wurde benutzt oder ist zu alt; bitten Sie um eine neue.",
  "the password is little more than the name": "Das Passwort ist kaum mehr als der Name.",
  "Write these down": "Schreiben Sie das auf",
  "{name}, this page is shown once. Scan the code with an authenticator app:":
    "{name}, diese Seite erscheint nur einmal. Scannen Sie den Code mit einer Authenticator-App:",
  "or type its key:": "oder tippen Sie ihren Schlüssel ein:",
  "Recovery codes, each good once in place of a code:":
    "Wiederherstellungscodes, jeder ersetzt einmal einen Einmalcode:",
  "Your account": "Ihr Konto",
  "You have no passkey.": "Sie haben keinen Passkey.",
  "Your passkeys:": "Ihre Passkeys:",
  since: "seit",
  Remove: "Entfernen",
  "Passkeys need a gateway with TLS and a host name; this one is at {host}.":
    "Passkeys brauchen ein Gateway mit TLS und einem Namen; dieses hat die Adresse {host}.",
  "What you call this device": "Wie Sie dieses Gerät nennen",
  "Add a passkey": "Passkey hinzufügen",
  "This page is too old. Log in again.": "Diese Seite ist zu alt. Melden Sie sich noch einmal an.",
  "{label} is added.": "{label} ist hinzugefügt.",
  "This passkey could not be added.": "Dieser Passkey ließ sich nicht hinzufügen.",
  "The passkey is removed.": "Der Passkey ist entfernt.",
  "There is no such passkey.": "Diesen Passkey gibt es nicht.",
  "Log a program in": "Ein Programm anmelden",
  "This code is not right, or is too old.": "Dieser Code stimmt nicht, oder er ist zu alt.",
  "Type the code that the program shows.": "Geben Sie den Code ein, den das Programm zeigt.",
  "Go on": "Weiter",
  "Is this the code?": "Ist das der Code?",
  "{name} shows the code": "{name} zeigt den Code",
  "Go on only if it does so in front of you.": "Machen Sie nur weiter, wenn Sie ihn vor sich sehen.",
  "It does": "So ist es",
  Done: "Fertig",
  "The program is logged in. You can close this page.":
    "Das Programm ist angemeldet. Sie können diese Seite schließen.",
  "This request can't be answered": "Diese Anfrage lässt sich nicht beantworten",
} as const;

export type PageText = keyof typeof DE;
type Values = Readonly<Record<string, string | number>>;

/** A text that is ready to be said in any language. */
export type Said = readonly [text: PageText, values?: Values];

export interface Speech {
  readonly language: "en" | "de";
  (text: PageText, values?: Values): string;
  /** What another part says, in English where there is nothing better. */
  other(text: string): string;
}

const isText = (text: string): text is PageText => Object.hasOwn(DE, text);

/** @source RFC 9110, 12.5.4; browsers list the preferred language first. */
export function speechFor({ headers }: Pick<IncomingMessage, "headers">): Speech {
  const tags = (headers["accept-language"] ?? "").split(",").map((tag) => tag.trim().toLowerCase().slice(0, 2));
  const language = tags.find((tag) => tag === "de" || tag === "en") === "de" ? "de" : "en";
  const say = (text: PageText, values: Values = {}) =>
    (language === "de" ? DE[text] : text).replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  return Object.assign(say, { language, other: (text: string) => (isText(text) ? say(text) : text) } as const);
}
