/** `latchkey keys`: makes and rotates a maker's keys. */
import { basename, dirname } from "node:path";
import { Argument, type Command, Option } from "commander";
import { addGrantIssuer, ISSUERS_FILE } from "#cloud/issuer/grant-issuers.ts";
import { KeySetTrouble, keyName, type PublicKeys, type Rotation, rotateKey } from "#cloud/releases/key-set-files.ts";
import { createKeyFile, KEY_ROLES, type KeyRole, readKeyFile } from "#trust/host/key-file.ts";
import { FIRST_KID, newMakerKeys, TIME_PUBLIC_FILE, writePublicTime } from "./maker-keys.ts";
import { sayTrouble } from "./say-trouble.ts";

function print({ product, keyset, roots }: PublicKeys): void {
  const names = (keys: readonly Uint8Array[]) => keys.map(keyName).join(", ");
  process.stdout.write(
    `key set ${keyset.version} of ${product}\n  roots      ${names(roots)}\n  release    ${names(keyset.releaseKeys)}\n  timestamp  ${names(keyset.timestampKeys)}\n`,
  );
}

export function register(command: Command): void {
  command
    .command("new")
    .description("make all keys of a product: roots, release, timestamp, issuer, time; or one key of a role in a file")
    .addArgument(new Argument("[role]", "one key only, of this role").choices(KEY_ROLES))
    .argument("[file]", "where that one key goes")
    .option("--keys <folder>", "where the product's keys go", "out/keys")
    .option("--product <name>", "the product that they sign for")
    .action((role: string | undefined, file: string | undefined, options: { keys: string; product?: string }) =>
      sayTrouble(() => {
        if (role === undefined) {
          if (options.product === undefined)
            throw new KeySetTrouble("say which product the keys are for: --product NAME");
          const { released, issuer, time } = newMakerKeys(options.keys, options.product);
          print(released);
          process.stdout.write(`  issuer     ${keyName(issuer.publicKey)}\n  time       ${keyName(time.publicKey)}\n`);
          process.stdout.write(
            `now move root-1.key, root-2.key and root-3.key out of ${options.keys} to three places that are offline;\na line wants ${ISSUERS_FILE}, roots.json, keyset.cose, issuer.key and ${TIME_PUBLIC_FILE}, and no more\n`,
          );
          return;
        }
        if (file === undefined) throw new KeySetTrouble(`say where the key goes: latchkey keys new ${role} FILE`);
        const key = createKeyFile(file, role as KeyRole);
        // A line reads the public half from beside it, so that the key itself need not be there.
        if (role === "time" && basename(file) === "time.key") writePublicTime(dirname(file), key.publicKey);
        process.stdout.write(`${role} key ${keyName(key.publicKey)} in ${file}\n`);
      }),
    );
  command
    .command("issuer")
    .description(
      "put the public half of an issuer's key beside a product's keys, so that its cloud knows whose grants to let in",
    )
    .argument("<file>", "the issuer's key file")
    .addOption(new Option("--kid <number>", "the number under which units know this key").default(FIRST_KID))
    .option("--keys <folder>", "the product's keys", "out/keys")
    .action((file: string, options: { kid: number; keys: string }) =>
      sayTrouble(() => {
        const { publicKey } = readKeyFile(file, "issuer");
        addGrantIssuer(options.keys, options.kid, publicKey);
        process.stdout.write(`issuer ${options.kid} is ${keyName(publicKey)} in ${options.keys}/${ISSUERS_FILE}\n`);
      }),
    );
  command
    .command("rotate")
    .description("replace a key; the new key set is signed by two roots that stay")
    .addArgument(new Argument("<role>", "which key").choices(["release", "timestamp", "root"]))
    .option("--keys <folder>", "the product's keys", "out/keys")
    .option("--root-number <number>", "which root goes: 1, 2 or 3")
    .option(
      "--revoke",
      "the old key is worth nothing from now on; without it, it stays valid beside the new one",
      false,
    )
    .option("--signer <file>", "a root key that signs; twice (default: those in the folder)")
    .action(
      (role: Rotation["role"], options: { keys: string; rootNumber?: number; revoke: boolean; signer?: string[] }) =>
        sayTrouble(() => {
          const { rootNumber, signer } = options;
          print(
            rotateKey(options.keys, {
              role,
              revoke: options.revoke,
              ...(rootNumber === undefined ? {} : { root: rootNumber }),
              ...(signer === undefined ? {} : { signers: signer }),
            }),
          );
        }),
    );
}
