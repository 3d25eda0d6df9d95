/**
 * What servers say and journals hold, in German: texts that are written in English once, where they happen, and are shown to whoever reads
 * them. Long because each text stands here. A text that is none of these is shown as it is.
 */
import { type Language, useLanguage } from "#web/ui/language.ts";

/**
 * `{because}` and `{state}` stand for texts of this list again, names of figures for numbers, other names for what is left as it is. More
 * special texts come first.
 */
const DE: readonly (readonly [english: string, german: string])[] = [
  // What a gateway's journal holds.
  ["login", "Anmeldung"],
  ["login by passkey", "Anmeldung mit Passkey"],
  ["login by {host}", "Anmeldung bei {host}"],
  ["allow {program}", "{program} Zugang erlaubt"],
  ["revoke token", "Token widerrufen"],
  ["revoke all tokens", "Alle Tokens widerrufen"],
  ["revoke a token of {person}", "Token von {person} widerrufen"],
  ["accept invitation", "Einladung angenommen"],
  ["add passkey", "Passkey hinzugefügt"],
  ["remove passkey", "Passkey entfernt"],
  ["make recovery codes", "Wiederherstellungscodes gemacht"],
  ["invite a unit", "Gerät eingeladen"],
  ["add unit {name}", "Gerät {name} hinzugefügt"],
  ["remove unit", "Gerät vergessen"],
  ["add webhook {id}", "Webhook {id} angelegt"],
  ["remove webhook {id}", "Webhook {id} entfernt"],
  ["register resource {address}", "Cloud {address} angemeldet"],
  ["register {name}", "Programm {name} angemeldet"],
  ["invite {name} again", "{name} neu eingeladen"],
  ["invite {name}", "{name} eingeladen"],
  ["add {name}", "{name} hinzugefügt"],
  ["change {name}", "{name} geändert"],
  ["remove {name}", "{name} entfernt"],
  ["publish {name}", "Ereignis {name} gesendet"],
  ["call {name}", "{name} aufgerufen"],
  ["rename", "umbenannt"],
  ["signal", "Signal gegeben"],
  ["flash release {number}", "Release {number} installieren"],
  ["done", "erledigt"],
  ["connected", "verbunden"],
  ["started", "begonnen"],
  ["trial", "auf Probe"],
  ["success", "gelungen"],
  ["failed", "gescheitert"],
  ["failed ({fault})", "gescheitert ({fault})"],
  // How rollouts stand, and why.
  ["running", "läuft"],
  ["halted", "angehalten"],
  ["cancelled", "beendet"],
  ["created", "angelegt"],
  ["resumed", "fortgesetzt"],
  ["opened", "nächste Welle geöffnet"],
  ["the operator asked for it", "der Betreiber wollte es"],
  ["{person} asked for it", "{person} wollte es"],
  ["{count} devices failed; the limit is {limit}", "{count} Geräte sind gescheitert; die Grenze ist {limit}"],
  [
    "{rate} of {count} finished devices failed; the limit is {limit}",
    "{rate} von {count} fertigen Geräten sind gescheitert; die Grenze ist {limit}",
  ],
  [
    "{rate} of {count} devices fell silent; the limit is {limit}",
    "{rate} von {count} Geräten sind verstummt; die Grenze ist {limit}",
  ],
  ["wave {wave} is the last one", "Welle {wave} ist die letzte"],
  ["no device that it is for is enrolled", "kein Gerät ist gemeldet, für das es ist"],
  ["wave {wave} has no devices", "Welle {wave} hat keine Geräte"],
  ["no device of wave {wave} has confirmed yet", "noch kein Gerät der Welle {wave} hat bestätigt"],
  ["{count} devices of wave {wave} are still at it", "{count} Geräte der Welle {wave} sind noch dabei"],
  ["wave {wave} is watched for {seconds} s more", "Welle {wave} wird noch {seconds} s beobachtet"],
  ["{count} devices of wave {wave} confirmed", "{count} Geräte der Welle {wave} haben bestätigt"],
  // The checks of which release a unit should have.
  ["product", "Produkt"],
  [
    "device is a {product}, release {number} is for {another}",
    "Gerät ist {product}, Release {number} ist für {another}",
  ],
  ["hardware", "Hardware"],
  [
    "device has hardware revision {revision}, release is for {others}",
    "Gerät hat Hardware-Revision {revision}, Release ist für {others}",
  ],
  ["newer", "neuer"],
  ["device runs {number}, release is {other}", "auf dem Gerät läuft {number}, Release ist {other}"],
  ["not withdrawn", "nicht zurückgezogen"],
  ["release was withdrawn", "Release wurde zurückgezogen"],
  ["release stands", "Release gilt"],
  ["pin", "Festhalten"],
  ["device is not pinned", "Gerät ist nicht festgehalten"],
  ["device is pinned to {number}", "Gerät ist bei {number} festgehalten"],
  ["not failed before", "noch nicht gescheitert"],
  ["device never had it", "Gerät hatte es noch nie"],
  ["last report of the device: {state}", "letzte Meldung des Geräts: {state}"],
  ["offered", "angeboten"],
  ["fetching", "lädt"],
  ["rolled-back", "zurückgekehrt"],
  ["confirmed", "bestätigt"],
  ["rejected", "verworfen"],
  ["refused", "abgelehnt"],
  ["superseded", "überholt"],
  ["maintenance window", "Wartungsfenster"],
  ["device has none", "Gerät hat keines"],
  ["{from} to {to} UTC", "{from} bis {to} UTC"],
  ["rollout", "Rollout"],
  ["rollout is {state}: {because}", "Rollout ist {state}: {because}"],
  ["wave", "Welle"],
  ["device is a lab device, which every wave takes in", "Gerät ist ein Laborgerät, das jede Welle mitnimmt"],
  [
    "device is in bucket {bucket}, wave {wave} takes in those below {share}",
    "Gerät ist in Fach {bucket}, Welle {wave} nimmt die unter {share} mit",
  ],
  ["target", "Ziel"],
  ["device has no target", "Gerät hat kein Ziel"],
  ["device's target is {number}", "Ziel des Geräts ist {number}"],
  // What a cloud's journal holds besides.
  ["steered", "gesteuert"],
  ["published", "veröffentlicht"],
  ["withdrawn", "zurückgezogen"],
  ["revoked", "widerrufen"],
  ["draft uploaded", "Entwurf hochgeladen"],
  ["discarded", "verworfen"],
  ["draft {state}", "Entwurf {state}"],
  ["app failed", "App gescheitert"],
  ["by {person}", "durch {person}"],
];

const FIGURES = ["count", "limit", "number", "other", "rate", "seconds", "bucket", "share", "revision"];

const groupOf = (_: string, name: string) => `(?<${name}>${FIGURES.includes(name) ? "[\\d.]+(?: %)?" : ".+"})`;

const PATTERNS = DE.map(([english, german]) => {
  const literal = english.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
  return [new RegExp(`^${literal.replace(/\{(\w+)\}/g, groupOf)}$`, "s"), german] as const;
});

function inGerman(text: string): string | undefined {
  for (const [pattern, german] of PATTERNS) {
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined && !pattern.test(text)) continue;
    return german.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = groups?.[name] ?? "";
      return name === "because" || name === "state" ? (inGerman(value) ?? value) : value;
    });
  }
  return undefined;
}

/** What a server says, in a language; as it is where there is no text for it. */
export const saidText = (text: string, language: Language): string =>
  language === "de" ? (inGerman(text) ?? text) : text;

export function useSaid(): (text: string) => string {
  const language = useLanguage();
  return (text) => saidText(text, language);
}
