/** What the reasons mean for which units fail with a release, and what to do. */
import type { TextTable } from "#web/ui/language.ts";

const EN = {
  TRIAL_CRASH:
    "The release crashed three times at its start, and the unit went back to the one before. Correct the app and publish a newer release.",
  TRIAL_WATCHDOG:
    "The release stopped answering its watchdog during the trial. Look for an endless loop or a long calculation.",
  TRIAL_SELF_TEST: "The app's own self-test failed with this release.",
  TRIAL_OUT_OF_MEMORY: "The release needed more memory than the unit has.",
  TRIAL_SILENCE: "During the trial the unit reached neither cloud nor owner, and went back. It tries again.",
  TRIAL_POWER: "The power failed during the trial; the unit went back and tries again.",
  TRIAL_IMAGE: "The image did not verify when the unit started it.",
  RELEASE_SIGNATURE: "The release is not signed by a key that the unit trusts. Has its key set arrived?",
  RELEASE_PRODUCT: "The release is for another product.",
  RELEASE_HARDWARE: "The release is for another hardware revision.",
  RELEASE_EXPIRED: "The release had expired when the unit was to begin.",
  RELEASE_EPOCH: "The unit confirmed a higher security epoch and installs none below it.",
  RELEASE_ROLLBACK: "The unit runs this release or a newer one already.",
  RELEASE_REJECTED: "The unit tried these images before and rejected them.",
  RELEASE_COMPONENT: "The unit has no place for a part of this release, or it lacks a part that the unit needs.",
  RELEASE_WITHDRAWN: "The release was withdrawn meanwhile.",
  IMAGE_HASH: "What the unit put together is not the image that was signed.",
  BLOCK_HASH: "Blocks arrived damaged.",
  STORE_FAILED: "The unit's flash took no more: it may be worn.",
  STORE_UNREADABLE: "The unit's flash could not be read: it may be worn.",
};

const DE: Record<keyof typeof EN, string> = {
  TRIAL_CRASH:
    "Das Release ist beim Start dreimal abgestürzt, und das Gerät ist zum vorigen zurückgekehrt. Korrigieren Sie die App und veröffentlichen Sie ein neueres Release.",
  TRIAL_WATCHDOG:
    "Das Release hat während der Probe nicht mehr auf den Watchdog geantwortet. Suchen Sie nach einer Endlosschleife oder einer langen Rechnung.",
  TRIAL_SELF_TEST: "Der Selbsttest der App ist mit diesem Release gescheitert.",
  TRIAL_OUT_OF_MEMORY: "Das Release brauchte mehr Speicher, als das Gerät hat.",
  TRIAL_SILENCE:
    "Während der Probe hat das Gerät weder Cloud noch Besitzer erreicht und ist zurückgekehrt. Es versucht es wieder.",
  TRIAL_POWER: "Während der Probe fiel der Strom aus; das Gerät ist zurückgekehrt und versucht es wieder.",
  TRIAL_IMAGE: "Das Abbild war ungültig, als das Gerät es startete.",
  RELEASE_SIGNATURE:
    "Kein Schlüssel, dem das Gerät traut, hat das Release signiert. Ist sein Schlüsselsatz angekommen?",
  RELEASE_PRODUCT: "Das Release ist für ein anderes Produkt.",
  RELEASE_HARDWARE: "Das Release ist für eine andere Hardware-Revision.",
  RELEASE_EXPIRED: "Das Release war abgelaufen, als das Gerät beginnen sollte.",
  RELEASE_EPOCH: "Das Gerät hat eine höhere Sicherheitsepoche bestätigt und installiert keine darunter.",
  RELEASE_ROLLBACK: "Das Gerät hat dieses Release oder schon ein neueres.",
  RELEASE_REJECTED: "Das Gerät hat diese Abbilder schon versucht und verworfen.",
  RELEASE_COMPONENT: "Das Gerät hat für einen Teil dieses Release keinen Platz, oder ein nötiger Teil fehlt.",
  RELEASE_WITHDRAWN: "Das Release wurde inzwischen zurückgezogen.",
  IMAGE_HASH: "Was das Gerät zusammengesetzt hat, ist nicht das signierte Abbild.",
  BLOCK_HASH: "Blöcke kamen beschädigt an.",
  STORE_FAILED: "Der Flash des Geräts nahm nichts mehr an: vielleicht ist er verschlissen.",
  STORE_UNREADABLE: "Der Flash des Geräts ließ sich nicht lesen: vielleicht ist er verschlissen.",
};

export const FAULT_TEXTS: TextTable<keyof typeof EN> = { en: EN, de: DE };

export const isKnownFault = (fault: string): fault is keyof typeof EN => Object.hasOwn(EN, fault);
