/**
 * Decides who may use the operator interface. Programs show the operator key as a Bearer token. A browser is never
 * given the key: `latchkey cloud open` makes a link that works once, and a browser that opens it gets a cookie for the
 * read-only status page. A request that a page of another origin caused is refused, whatever it carries.
 * @source RFC 6750; Fetch Metadata Request Headers (W3C), section 2; RFC 6265bis, section 5.3.7
 */
import { createHash } from "node:crypto";
import { bearsKey } from "#base/host/http/bearer.ts";
import { HttpRefusal, type Member, type Route } from "./route.ts";
import type { StaffAccess } from "./staff-access.ts";

interface AccessRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
}

/** Staff with accounts, in place of the one shared key. */
interface StaffOptions {
  readonly access: StaffAccess;
  /** Whether the shared key is good all the same: for the first steps, and when the issuer is lost. */
  readonly isKeyOn: boolean;
  /** Is told who changes something. */
  acted(name: string, method: string, path: string): void;
}

export interface OperatorAccess {
  /** @returns Who sends it, where that is known. @throws HttpRefusal when it may not use a route for `who`. */
  authorize(who: Route["who"], request: AccessRequest): Promise<Member> | Member | undefined;
  /**
   * Makes the code of a link that opens the status page once, within five minutes.
   * @param who Who asks: the page ends with the token that they showed.
   */
  invite(who: Member | undefined): string;
  /** Exchanges a code for the value of the browser's cookie; undefined when the code is unknown, used or too old. */
  redeem(code: string): string | undefined;
}

export const VIEW_COOKIE = "latchkey-view";
const INVITATION_MS = 300_000;
const VIEW_MS = 12 * 3_600_000;
/** Links and browsers that are remembered at once; the oldest gives way. */
const REMEMBERED_MAX = 32;
const SECRET_BYTES = 32;
/** Whoever shows the shared key: it says nothing of the person. */
const OPERATOR: Member = { name: "the operator key", role: "admin", authenticatedS: undefined, isProgram: false };

const digest = (text: string) => createHash("sha256").update(text).digest("hex");

/** For which token of staff a link or a browser stands; undefined for the shared key's. */
interface Remembered {
  readonly token: string | undefined;
  readonly untilMs: number;
}

/** Remembers secrets by their digest until they are too old. */
function createMemory(lifeMs: number, nowMs: () => number) {
  const secrets = new Map<string, Remembered>();
  return {
    add(secret: string, token: string | undefined) {
      const oldest = secrets.keys().next();
      if (secrets.size >= REMEMBERED_MAX && !oldest.done) secrets.delete(oldest.value);
      secrets.set(digest(secret), { token, untilMs: nowMs() + lifeMs });
    },
    find(secret: string): Remembered | undefined {
      const found = secrets.get(digest(secret));
      return found !== undefined && found.untilMs > nowMs() ? found : undefined;
    },
    remove: (secret: string) => void secrets.delete(digest(secret)),
  };
}

/** Whether a page of another origin caused the request. A program sends neither header. */
function isForeign(headers: Headers): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") return true;
  const origin = headers.get("origin");
  if (origin === null) return false;
  const host = headers.get("host");
  return origin !== `http://${host}` && origin !== `https://${host}`;
}

function cookieOf(headers: Headers): string {
  const pairs = (headers.get("cookie") ?? "").split(";").map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${VIEW_COOKIE}=`))?.slice(VIEW_COOKIE.length + 1) ?? "";
}

/** @param nowMs A clock that never jumps. */
export function createOperatorAccess(
  operatorKey: string,
  random: (byteLength: number) => Uint8Array,
  nowMs: () => number,
  staff?: StaffOptions,
): OperatorAccess {
  const invitations = createMemory(INVITATION_MS, nowMs);
  const views = createMemory(VIEW_MS, nowMs);
  /** The token that a member showed last: a browser sees no more than it allows. */
  const tokens = new WeakMap<Member, string>();
  const newSecret = () => Buffer.from(random(SECRET_BYTES)).toString("hex");
  return {
    authorize(who, { method, path, headers }) {
      if (who === "device") return undefined;
      if (isForeign(headers)) throw new HttpRefusal(403, "pages of other sites may not use the operator interface");
      const header = headers.get("authorization") ?? undefined;
      const changes = method !== "GET" && method !== "HEAD";
      if (bearsKey(header, operatorKey)) {
        if (staff === undefined) return OPERATOR;
        if (!staff.isKeyOn) {
          throw new HttpRefusal(
            401,
            "the operator key is switched off, since staff have accounts; log in with: latchkey login",
          );
        }
        if (changes) staff.acted(OPERATOR.name, method, path);
        return OPERATOR;
      }
      const [, token] = /^bearer +(\S+)$/i.exec(header ?? "") ?? [];
      if (staff !== undefined && token !== undefined) {
        return staff.access.admit(token, { method, path }).then((member) => {
          tokens.set(member, token);
          if (changes) staff.acted(member.name, method, path);
          return member;
        });
      }
      const view = who === "viewer" && !changes ? views.find(cookieOf(headers)) : undefined;
      // Whoever left the maker sees nothing any more, in a browser that is still open either.
      if (view?.token !== undefined) return staff?.access.admit(view.token, { method, path });
      if (view !== undefined) return undefined;
      const advice = who === "viewer" ? "; open this page with: latchkey cloud open" : "";
      throw new HttpRefusal(401, `the operator key is missing or wrong${advice}`);
    },
    invite(who) {
      const code = newSecret();
      invitations.add(code, who && tokens.get(who));
      return code;
    },
    redeem(code) {
      const invitation = invitations.find(code);
      if (invitation === undefined) return undefined;
      invitations.remove(code);
      const cookie = newSecret();
      views.add(cookie, invitation.token);
      return cookie;
    },
  };
}
