/** `latchkey grant`: issues, delegates, shows, revokes and reissues grants. */
import type { Command } from "commander";
import { equal, toHex } from "#base/bytes.ts";
import type { Result } from "#base/faults.ts";
import { chainOf, type GrantClaims, type IssuingSigner, issueChild, issueGrant } from "#trust/grants/mint.ts";
import { type OpenChain, openChain } from "#trust/grants/open-chain.ts";
import { reissue } from "#trust/grants/reissue.ts";
import { signRevocation } from "#trust/grants/revoke.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { type Signer, seedSigner } from "#trust/signer.ts";
import { CTI_BYTES, type Link, readChain, readGrant } from "#wire/grants/grant.ts";
import {
  type Delivered,
  encodeDelivery,
  joinCtis,
  type Revocation,
  readDelivery,
  readRevocation,
} from "#wire/grants/revocation.ts";
import { isWithin, LEVEL, RIGHT, rightsFor } from "#wire/grants/scope.ts";
import {
  audienceFrom,
  type ConditionOptions,
  conditionsFrom,
  scopeFrom,
  wholeOf,
  withConditions,
} from "./conditions.ts";
import { inspect } from "./inspect.ts";
import { bytesOf, give, hexOf } from "./readings.ts";
import { sayTrouble } from "./say-trouble.ts";
import { CliTrouble } from "./trouble.ts";
import { publicKeyValue } from "./values/identifier.ts";

interface IssuerOptions {
  readonly issuer: string;
  readonly kid: string;
}
interface IssueOptions extends ConditionOptions, IssuerOptions {
  readonly for: string;
  readonly fleet?: string;
  readonly holder: string;
  readonly out?: string;
  readonly json?: boolean;
}
interface ChildOptions extends ConditionOptions {
  readonly chain: string;
  readonly key: string;
  readonly holder: string;
  readonly out?: string;
  readonly json?: boolean;
}
interface RevokeOptions {
  readonly issuer?: string;
  readonly kid: string;
  readonly key?: string;
  readonly chain?: string;
  readonly for: string;
  readonly fleet?: string;
  readonly cti?: readonly string[];
  readonly floor: string;
  readonly sequence?: string;
  readonly out?: string;
  readonly json?: boolean;
}
interface ReissueOptions extends IssuerOptions {
  readonly old: string;
  readonly holder: string;
  readonly floor: string;
  readonly sequence?: string;
  readonly out?: string;
  readonly revocationOut?: string;
  readonly json?: boolean;
}

const nowS = () => Math.floor(Date.now() / 1000);
const freshCti = () => nodePrimitives.random(CTI_BYTES);

function issuerOf({ issuer, kid }: IssuerOptions): IssuingSigner {
  const number = wholeOf("kid", kid);
  if (number < 1 || number > 255) throw new CliTrouble("--kid wants a number from 1 to 255; 0 is the unit itself");
  return { ...seedSigner(nodePrimitives, readKeyFile(issuer, "issuer").seed), kid: Uint8Array.of(number) };
}

function holderOf(path: string): Signer {
  return seedSigner(nodePrimitives, readKeyFile(path, "holder").seed);
}

/** What was minted must be what a unit reads; an option out of range shows here. */
function readBack<T>(read: Result<T>): T {
  if (!read.ok) throw new CliTrouble(`no unit would take this (${read.fault}); look at what you asked for`);
  return read.value;
}

/** Reads a grant as a unit does for which it was issued, and which knows this issuer. */
function asIssued(grant: Uint8Array, issuer: IssuingSigner, { audience }: GrantClaims): Result<OpenChain> {
  const named = audience.kind === "device" ? "" : audience.name;
  return openChain(chainOf(grant), {
    primitives: nodePrimitives,
    issuers: [issuer],
    id: audience.kind === "device" ? audience.id : new Uint8Array(0),
    product: named,
    fleet: named,
  });
}

/** The links of a chain's file; a bare grant is a chain of one. */
function chainFrom(word: string): { readonly bytes: Uint8Array; readonly links: readonly Link[] } {
  const given = bytesOf("--chain", word);
  const bytes = readGrant(given).ok ? chainOf(given) : given;
  const links = readChain(bytes);
  if (!links.ok) throw new CliTrouble(`${word} holds no chain (${links.fault})`);
  return { bytes, links: links.value };
}

function issue(options: IssueOptions): void {
  const { expiresAtS, caveats } = conditionsFrom(options);
  const claims: GrantClaims = {
    audience: audienceFrom(options.for, options.fleet),
    issuedAtS: nowS(),
    ...(expiresAtS !== undefined && { expiresAtS }),
    cti: freshCti(),
    holder: publicKeyValue("--holder", options.holder),
    scope: scopeFrom(options, LEVEL.noFlash),
    epoch: wholeOf("epoch", options.epoch),
    caveats,
  };
  const issuer = issuerOf(options);
  const grant = issueGrant(issuer, claims);
  readBack(asIssued(grant, issuer, claims));
  give(options.json, { grant: { fields: { cti: toHex(claims.cti) }, minted: grant, out: options.out } });
}

function child(options: ChildOptions): void {
  const { bytes, links } = chainFrom(options.chain);
  const signer = holderOf(options.key);
  const parent = links[links.length - 1] as Link;
  if (!equal(parent.claims.holder, signer.publicKey)) {
    throw new CliTrouble(`${options.key} is not the key of the chain's last holder, ${toHex(parent.claims.holder)}`);
  }
  const scope = scopeFrom(options, [{ name: "*", rights: RIGHT.read | RIGHT.call | RIGHT.subscribe }]);
  if ((rightsFor(parent.claims.scope, undefined) & RIGHT.delegate) === 0) {
    throw new CliTrouble("this chain gives no right to delegate; ask whoever gave it for one that does");
  }
  if (!isWithin(scope, parent.claims.scope)) throw new CliTrouble("this is wider than what you hold; ask for less");
  const cti = freshCti();
  const { expiresAtS, caveats } = conditionsFrom(options);
  const chain = issueChild(nodePrimitives, bytes, signer, {
    ...(expiresAtS !== undefined && { expiresAtS }),
    cti,
    holder: publicKeyValue("--holder", options.holder),
    scope,
    epoch: wholeOf("epoch", options.epoch),
    caveats,
  });
  readBack(readChain(chain));
  const fields = { cti: toHex(cti), links: links.length + 1 };
  give(options.json, { chain: { fields, minted: chain, out: options.out } });
}

function revoke(options: RevokeOptions): void {
  const ctis = (options.cti ?? []).map((text) => hexOf("--cti", text, CTI_BYTES));
  const floor = wholeOf("floor", options.floor);
  if (ctis.length === 0 && floor === 0) {
    throw new CliTrouble("nothing to revoke: give the links' numbers with --cti, or raise the floor with --floor");
  }
  const revocation = {
    audience: audienceFrom(options.for, options.fleet),
    sequence: options.sequence === undefined ? nowS() : wholeOf("sequence", options.sequence),
    floor,
    revoked: joinCtis(ctis),
  };
  const fields = { sequence: revocation.sequence, floor };
  const { statement, chain } = delivered(options, revocation);
  readBack(readRevocation(statement));
  const minted = encodeDelivery([chain === undefined ? { statement } : { statement, chain }]);
  readBack(readDelivery(minted));
  give(options.json, { revocation: { fields, minted, out: options.out } });
}

/** The statement of whoever revokes, with a holder's chain beside it. */
function delivered(options: RevokeOptions, revocation: Revocation): Delivered {
  if (options.issuer !== undefined) {
    const issuer = issuerOf({ issuer: options.issuer, kid: options.kid });
    return { statement: signRevocation(issuer, issuer.kid, revocation) };
  }
  if (options.key === undefined || options.chain === undefined) {
    throw new CliTrouble("say who revokes: --issuer FILE, or --key FILE and --chain FILE for a holder");
  }
  const statement = signRevocation(holderOf(options.key), undefined, revocation);
  return { statement, chain: chainFrom(options.chain).bytes };
}

function reissueCard(options: ReissueOptions): void {
  const old = readGrant(bytesOf("--old", options.old));
  if (!old.ok) throw new CliTrouble(`${options.old} holds no grant (${old.fault})`);
  const { audience, ...claims } = old.value.claims;
  const next: GrantClaims = {
    ...claims,
    audience: audience as GrantClaims["audience"],
    issuedAtS: nowS(),
    cti: freshCti(),
    holder: publicKeyValue("--holder", options.holder),
  };
  const list = {
    sequence: options.sequence === undefined ? nowS() : wholeOf("sequence", options.sequence),
    floor: wholeOf("floor", options.floor),
  };
  const issuer = issuerOf(options);
  const { grant, revocation } = reissue(issuer, next, claims.cti, list);
  readBack(asIssued(grant, issuer, next));
  readBack(readRevocation(revocation));
  give(options.json, {
    grant: { fields: { cti: toHex(next.cti) }, minted: grant, out: options.out },
    revocation: {
      fields: { revoked: toHex(claims.cti), sequence: list.sequence },
      minted: encodeDelivery([{ statement: revocation }]),
      out: options.revocationOut,
    },
  });
}

function withIssuer(command: Command): Command {
  return command
    .requiredOption("--issuer <file>", "the issuer's key file (latchkey keys new issuer FILE)")
    .option("--kid <number>", "the number under which units know this key", "1");
}

function withOutput(command: Command): Command {
  return command.option("--out <file>", "write it there, in hexadecimal").option("--json", "print one JSON object");
}

export function register(command: Command): void {
  const issuing = command.command("issue").description("issue a grant: what a holder's key may do on a device");
  withOutput(withConditions(withIssuer(issuing)))
    .requiredOption("--for <whom>", "a device ID, product:NAME, fleet:NAME; null means all your devices, with --fleet")
    .option("--fleet <name>", "the fleet that null stands for")
    .requiredOption(
      "--holder <key>",
      "the holder's public key, 64 hexadecimal digits (latchkey factory card new shows it)",
    )
    .action((options: IssueOptions) => sayTrouble(() => issue(options)));
  const narrowing = command.command("child").description("delegate a narrower key beneath a grant or chain");
  withOutput(withConditions(narrowing))
    .requiredOption("--chain <file|hex>", "your grant or chain")
    .requiredOption("--key <file>", "your holder's key file (latchkey factory card read CARD --holder FILE)")
    .requiredOption("--holder <key>", "the public key of whoever gets it")
    .action((options: ChildOptions) => sayTrouble(() => child(options)));
  command
    .command("inspect")
    .description("show what a grant or chain says")
    .argument("<what>", "a file, hexadecimal, base64, or - for standard input")
    .option("--json", "print one JSON object")
    .action((word: string, options: { json?: boolean }) =>
      sayTrouble(() => inspect(word, options, ["grant", "chain", "child"])),
    );
  const revoking = command.command("revoke").description("revoke keys, by their cti or by a higher floor");
  withOutput(revoking)
    .requiredOption("--for <whom>", "as in grant issue")
    .option("--fleet <name>", "the fleet that null stands for")
    .option("--issuer <file>", "as the issuer: its key file")
    .option("--kid <number>", "the number under which units know this key", "1")
    .option("--key <file>", "as a holder: your key file")
    .option("--chain <file|hex>", "as a holder: your grant or chain")
    .option("--cti <cti>", "a link's cti, 16 hexadecimal digits; may be said again")
    .option(
      "--floor <number>",
      "revoke links of lower epochs that this key signed; at most one above the last floor",
      "0",
    )
    .option("--sequence <number>", "higher than in any statement of this key before (default: the present second)")
    .action((options: RevokeOptions) => sayTrouble(() => revoke(options)));
  const again = command
    .command("reissue")
    .description("replace a lost card: sign a grant for a new card and revoke the old grant");
  withOutput(withIssuer(again))
    .requiredOption("--old <file|hex>", "the grant to revoke")
    .requiredOption("--holder <key>", "the new card's public key")
    .option("--floor <number>", "the issuer's floor as it stands", "0")
    .option("--sequence <number>", "higher than in any statement of this key before (default: the present second)")
    .option("--revocation-out <file>", "write the revocation there")
    .action((options: ReissueOptions) => sayTrouble(() => reissueCard(options)));
}
