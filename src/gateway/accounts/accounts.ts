/** The people who may log in: their passwords, second factors and roles. One process owns the store, so all are in memory. */
import { randomBytes, randomInt } from "node:crypto";
import { generateSecret, generateURI, verifySync } from "otplib";
import { hashOf } from "#gateway/oauth/artifacts.ts";
import { isRole, type Role } from "#gateway/oauth/rights.ts";
import type { AccountRow, GatewayStore } from "#gateway/store/schema.ts";
import type { Passkey } from "./passkey.ts";
import { hashPassword, isPassword, passwordFault } from "./password.ts";

interface Account {
  readonly name: string;
  readonly role: Role;
  /** Nobody logs in with it: it was disabled, or its invitation was not accepted. */
  readonly isDisabled: boolean;
  readonly hasSecondFactor: boolean;
  readonly isInvited: boolean;
  readonly hasTotp: boolean;
  /** It has no password: the maker's own provider lets its person in. */
  readonly isMaker: boolean;
  /** Recovery codes that were not used. */
  readonly recoveryLeft: number;
  readonly createdMs: number;
}

/** A change that can't be made; one line that says what to do. */
export class AccountTrouble extends Error {
  override name = "AccountTrouble";
}

interface Enrolment {
  /** For an authenticator app: otpauth://… */
  readonly uri: string;
  readonly secret: string;
  /** Each opens the account once in place of a code. */
  readonly recovery: readonly string[];
}

export interface Accounts {
  find(name: string): Account | undefined;
  list(): readonly Account[];
  /** Makes an account without a password. @returns The code of the invitation, good once and for a week. */
  invite(name: string, role: Role): Promise<string>;
  /**
   * Invites somebody again who lost their code, password or second factor: none of what they had is good any more.
   * @returns The code of the invitation.
   */
  inviteAgain(name: string): Promise<string>;
  /** Makes new recovery codes; those from before are good no more. */
  renewRecovery(name: string): Promise<readonly string[]>;
  /** Makes an account without a password: its person logs in through the maker's own provider. */
  addForMaker(name: string, role: Role): Promise<void>;
  /** Accepts an invitation: sets the password and makes the second factor. @throws AccountTrouble */
  accept(code: string, password: string): Promise<Enrolment & { readonly name: string }>;
  setRole(name: string, role: Role): Promise<void>;
  disable(name: string, isDisabled: boolean): Promise<void>;
  remove(name: string): Promise<void>;
  /** Whether this is the account's password; takes as long for a name that there isn't. */
  isPassword(name: string, password: string): Promise<boolean>;
  passkeysOf(name: string): readonly Passkey[];
  /** @returns The account with this passkey, which may log in. */
  findPasskey(id: string): { readonly name: string; readonly passkey: Passkey } | undefined;
  /** @returns Whether it was added: a passkey belongs to one account, and an account has at most 16. */
  addPasskey(name: string, passkey: Passkey): Promise<boolean>;
  /** @returns Whether the account had it. */
  removePasskey(name: string, id: string): Promise<boolean>;
  /** Keeps the signature counter of a passkey's last use. */
  countPasskey(name: string, id: string, counter: number): Promise<void>;
  /** Whether this is a fresh code of the account's second factor, or one of its recovery codes. Each is good once. */
  takeCode(name: string, code: string): Promise<boolean>;
}

const INVITE_MS = 7 * 86_400_000;
const RECOVERY_CODES = 10;
const PASSKEYS_MAX = 16;
/** No hash: no password is right. */
const NO_PASSWORD = "none";
const NAME = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/;
/** A code of the period before or after this one is taken: clocks differ. */
const TOLERANCE_S = 30;
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const recoveryCode = () =>
  [0, 1].map(() => Array.from({ length: 5 }, () => ALPHABET[randomInt(32)]).join("")).join("-");

export async function openAccounts(store: GatewayStore, nowMs: () => number): Promise<Accounts> {
  const rows = new Map<string, AccountRow>();
  for (const row of await store.db.selectFrom("accounts").selectAll().execute()) rows.set(row.name, row);
  const shown = (row: AccountRow): Account => ({
    name: row.name,
    role: isRole(row.role) ? row.role : "viewer",
    isDisabled: row.disabled !== 0 || row.password === "",
    hasSecondFactor: row.totp !== "" || row.passkeys !== "[]",
    isInvited: row.invite !== "",
    hasTotp: row.totp !== "",
    isMaker: row.password === NO_PASSWORD,
    recoveryLeft: (JSON.parse(row.recovery) as readonly string[]).length,
    createdMs: row.created_ms,
  });
  /** A changed row takes effect once it is on the disk, except what ends an account: that takes effect at once. */
  const put = async (row: AccountRow) => {
    const { name: _, ...rest } = row;
    await store.write(async (tx) => {
      await tx
        .insertInto("accounts")
        .values(row)
        .onConflict((conflict) => conflict.column("name").doUpdateSet(rest))
        .execute();
    });
    rows.set(row.name, row);
  };
  const rowOf = (name: string): AccountRow => {
    const row = rows.get(name);
    if (row === undefined) throw new AccountTrouble(`there is no account ${name}`);
    return row;
  };
  const invited = async (name: string, role: string, created_ms: number): Promise<string> => {
    const code = randomBytes(20).toString("base64url");
    const empty = { password: "", totp: "", totp_step: 0, passkeys: "[]", recovery: "[]", disabled: 0 };
    await put({ name, role, ...empty, invite: hashOf(code), invite_until_ms: nowMs() + INVITE_MS, created_ms });
    return code;
  };
  const passkeysOf = (name: string) => JSON.parse(rows.get(name)?.passkeys ?? "[]") as readonly Passkey[];
  /** Codes that are being checked: two requests with the same one don't both succeed. */
  const taking = new Set<string>();

  return {
    find: (name) => {
      const row = rows.get(name);
      return row && shown(row);
    },
    list: () => [...rows.values()].map(shown),
    async addForMaker(name, role) {
      if (!NAME.test(name) || !name.includes("@") || name !== name.toLowerCase()) {
        throw new AccountTrouble(`"${name}" is no e-mail address in lower case, as the maker's provider gives it`);
      }
      if (rows.has(name)) throw new AccountTrouble(`there is an account ${name} already`);
      const empty = {
        totp: "",
        totp_step: 0,
        passkeys: "[]",
        recovery: "[]",
        disabled: 0,
        invite: "",
        invite_until_ms: 0,
      };
      await put({ name, role, password: NO_PASSWORD, ...empty, created_ms: nowMs() });
    },
    async inviteAgain(name) {
      const { role, created_ms, password } = rowOf(name);
      if (password === NO_PASSWORD) throw new AccountTrouble(`${name} logs in through the maker's provider`);
      // Who was invited again is out at once, whatever the disk does.
      rows.set(name, { ...rowOf(name), password: "", totp: "", passkeys: "[]", recovery: "[]" });
      return invited(name, role, created_ms);
    },
    async renewRecovery(name) {
      const row = rowOf(name);
      if (row.totp === "")
        throw new AccountTrouble(`${name} has no one-time codes that recovery codes could stand in for`);
      const recovery = Array.from({ length: RECOVERY_CODES }, recoveryCode);
      await put({ ...row, recovery: JSON.stringify(recovery.map(hashOf)) });
      return recovery;
    },
    async invite(name, role) {
      if (!NAME.test(name)) {
        throw new AccountTrouble(
          `"${name}" is no name of an account (expected letters, digits and . _ @ + -, at most 64)`,
        );
      }
      const before = rows.get(name);
      if (before !== undefined && before.password !== "")
        throw new AccountTrouble(`there is an account ${name} already`);
      return invited(name, role, nowMs());
    },
    async accept(code, password) {
      const row = [...rows.values()].find(({ invite }) => invite === hashOf(code));
      if (row === undefined || row.invite_until_ms < nowMs()) {
        throw new AccountTrouble("this invitation was used, or is too old; ask for another");
      }
      const fault = passwordFault(password, row.name);
      if (fault !== undefined) throw new AccountTrouble(fault);
      const secret = generateSecret();
      const recovery = Array.from({ length: RECOVERY_CODES }, recoveryCode);
      await put({
        ...row,
        password: await hashPassword(password),
        totp: secret,
        totp_step: 0,
        recovery: JSON.stringify(recovery.map(hashOf)),
        invite: "",
        invite_until_ms: 0,
      });
      return {
        name: row.name,
        secret,
        recovery,
        uri: generateURI({ issuer: "Latchkey", label: row.name, secret }),
      };
    },
    setRole: (name, role) => put({ ...rowOf(name), role }),
    async disable(name, isDisabled) {
      const row = { ...rowOf(name), disabled: isDisabled ? 1 : 0 };
      if (isDisabled) rows.set(name, row);
      await put(row);
    },
    async remove(name) {
      rowOf(name);
      rows.delete(name);
      await store.write(async (tx) => {
        await tx.deleteFrom("accounts").where("name", "=", name).execute();
      });
    },
    passkeysOf,
    findPasskey(id) {
      for (const { name, disabled } of rows.values()) {
        const passkey = disabled === 0 ? passkeysOf(name).find((each) => each.id === id) : undefined;
        if (passkey !== undefined) return { name, passkey };
      }
      return undefined;
    },
    async addPasskey(name, passkey) {
      const held = passkeysOf(name);
      const isTaken = [...rows.keys()].some((each) => passkeysOf(each).some(({ id }) => id === passkey.id));
      if (isTaken || held.length >= PASSKEYS_MAX) return false;
      await put({ ...rowOf(name), passkeys: JSON.stringify([...held, passkey]) });
      return true;
    },
    async removePasskey(name, id) {
      const held = passkeysOf(name);
      const left = held.filter((each) => each.id !== id);
      if (left.length === held.length) return false;
      await put({ ...rowOf(name), passkeys: JSON.stringify(left) });
      return true;
    },
    async countPasskey(name, id, counter) {
      const counted = passkeysOf(name).map((each) => (each.id === id ? { ...each, counter } : each));
      await put({ ...rowOf(name), passkeys: JSON.stringify(counted) });
    },
    isPassword: async (name, password) => {
      const row = rows.get(name);
      return (await isPassword(password, row?.password ?? "")) && row !== undefined && row.disabled === 0;
    },
    async takeCode(name, code) {
      const row = rows.get(name);
      if (row === undefined || row.disabled !== 0 || taking.has(name)) return false;
      taking.add(name);
      try {
        const typed = code.trim().toUpperCase();
        if (/^\d{6}$/.test(typed) && row.totp !== "") {
          const epoch = Math.floor(nowMs() / 1_000);
          const after = row.totp_step === 0 ? {} : { afterTimeStep: row.totp_step };
          const result = verifyCode({ secret: row.totp, token: typed, epoch, epochTolerance: TOLERANCE_S, ...after });
          if (result === undefined) return false;
          await put({ ...row, totp_step: result });
          return true;
        }
        const left = JSON.parse(row.recovery) as string[];
        const hash = hashOf(typed);
        if (!left.includes(hash)) return false;
        await put({ ...row, recovery: JSON.stringify(left.filter((each) => each !== hash)) });
        return true;
      } finally {
        taking.delete(name);
      }
    },
  };
}

/** @returns The time step of a good code. */
function verifyCode(options: Parameters<typeof verifySync>[0]): number | undefined {
  try {
    const result = verifySync(options);
    return result.valid && "timeStep" in result ? result.timeStep : undefined;
  } catch {
    // A step far ahead of the clock, after a clock that once ran ahead: no code is good until it is reached.
    return undefined;
  }
}
