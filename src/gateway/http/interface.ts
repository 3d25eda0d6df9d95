/** What the gateway's console reads, as types alone: pages import nothing else of the gateway. */
import type { Description } from "#wire/describe.ts";

/** Whose accounts let staff into the console. */
export interface GatewayConsoleConfig {
  readonly party: "gateway";
  /** This gateway's own address, which is the authorization server's too. */
  readonly issuer: string;
  readonly audience: string;
}

/** A unit in a list, as programs of the Spark era see a device, with what its own description adds. */
export interface GatewayUnitSummary {
  /** 24 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  readonly connected: boolean;
  /** ISO 8601; null before it was first reached. */
  readonly last_heard: string | null;
  readonly product: string | null;
  /** The release that it runs; null where it doesn't say. */
  readonly release: number | null;
  /** Where it is with a release that it does not run for good yet. */
  readonly update: {
    readonly release: number;
    readonly stage: string;
    readonly percent?: number | undefined;
    readonly fault: string | null;
  } | null;
}

/** A unit with all that it offers. */
export interface GatewayUnitView extends GatewayUnitSummary {
  /** Why the unit did not answer just now; null when it did. */
  readonly fault: string | null;
  /** Its app's description, without what the token or the role does not allow; null where it has none. */
  readonly app: Description | null;
  /** What the unit offers by name, with the right that each needs; what is not allowed is left out. */
  readonly names: readonly { readonly name: string; readonly right: string }[];
  /** Whether the owner's chain lets this gateway install releases. */
  readonly mayFlash: boolean;
  /** How well the unit knows the time; null where it doesn't say. */
  readonly timeGrade: string | null;
  /** The last failure of its app since the unit started. */
  readonly appHealth: {
    /** The unit has stopped the app, and goes on without. */
    readonly isStopped: boolean;
    readonly fault: string;
    /** The function, variable or the like in which it failed. */
    readonly name: string;
    /** Failures since the unit started. */
    readonly count: number;
  } | null;
}

/** The values that a unit keeps of a variable, oldest first. */
export interface KeptHistory {
  readonly everyMs: number;
  /** Since the last value was kept. */
  readonly ageMs: number;
  readonly values: readonly (number | boolean | null)[];
}

/** An account as administrators see it. Nothing of it is secret. */
export interface AccountView {
  readonly name: string;
  readonly role: string;
  /** Nobody logs in with it: it was disabled, or its invitation was not accepted. */
  readonly isDisabled: boolean;
  /** Its invitation was not accepted yet. */
  readonly isInvited: boolean;
  /** The maker's own provider lets it in, which has the password and the second factor. */
  readonly isMaker: boolean;
  readonly hasTotp: boolean;
  readonly passkeys: readonly { readonly id: string; readonly label: string; readonly createdMs: number }[];
  readonly recoveryLeft: number;
  readonly createdMs: number;
}

/** A token of somebody: what they let a program do in their name. Those of one login end together. */
export interface TokenView {
  /** The first 16 digits of the token's hash. */
  readonly id: string;
  readonly account: string;
  /** "RefreshToken" gets new access tokens for as long as it lives; "AccessToken" is used by itself. */
  readonly kind: string;
  readonly client: string;
  readonly scope: string;
  /** What the tokens of one login share. */
  readonly login: string;
  /** The address of another interface that it is for, as a cloud; null for this gateway. */
  readonly resource: string | null;
  readonly issuedMs: number;
  readonly expiresMs: number;
  /** Whether the request that asks is made by it. */
  readonly isOwn: boolean;
}

/** A program, or a cloud, that is registered here. */
export interface ClientView {
  readonly id: string;
  readonly kind: "program" | "cloud";
  readonly role: string | null;
  readonly scope: string | null;
}

/** A webhook: events whose names begin so go to an address. Its secret was shown once. */
export interface HookView {
  readonly id: string;
  readonly account: string;
  readonly event: string;
  readonly url: string;
  /** A unit's ID, or empty for all. */
  readonly device: string;
  readonly createdMs: number;
  /** The last delivery since the gateway started; null before the first. */
  readonly last: {
    readonly atMs: number;
    /** An HTTP status, or why there was none. */
    readonly answer: number | string;
  } | null;
}

/** What an owner delegated to the gateway's key. */
export interface DelegationView {
  readonly id: string;
  readonly name: string;
  /** Since when the gateway has it. */
  readonly addedMs: number;
  /** The public key of whoever delegated it, in hexadecimal digits. */
  readonly by: string;
  /** By which it is revoked: 16 hexadecimal digits. */
  readonly number: string;
  /** Of the whole chain; null for one without an end. */
  readonly expiresMs: number | null;
  readonly mayFlash: boolean;
  /** Whether it is for a key that the gateway had before: its owner delegates anew. */
  readonly isStale: boolean;
}

/** The gateway's own key. */
export interface GatewayKeyView {
  /** The public half, in hexadecimal digits. */
  readonly key: string;
  /** When the gateway first used it. */
  readonly sinceMs: number;
  /** Whether systemd gives it as a credential. */
  readonly isCredential: boolean;
  readonly delegations: readonly DelegationView[];
}

export interface GatewayJournalEntry {
  readonly number: number;
  readonly atMs: number;
  readonly who: string;
  readonly what: string;
  /** A unit's ID, or empty. */
  readonly device: string;
  readonly outcome: string;
}

export interface GatewayJournalPage {
  readonly entries: readonly GatewayJournalEntry[];
  /** Numbers of entries that somebody changed or took away; only told to administrators. */
  readonly changed: readonly number[];
}
