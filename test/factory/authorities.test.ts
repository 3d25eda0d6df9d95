import { X509Certificate } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { decodeCbor } from "#codec/cbor.ts";
import { cloudTlsOf } from "#factory/authorities.ts";
import { type FlashConfig, parseFlashConfig, readFlashConfig } from "#factory/config.ts";
import { certify } from "../tls/authority.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-authorities-"));
const authority = certify({ name: "Lamp authority", isAuthority: true });
const shipped = readFlashConfig("flash.config.json");

function configWith(pem: string, change: object = {}): FlashConfig {
  const ca = join(folder, "ca.pem");
  writeFileSync(ca, pem);
  const cloud = { ...shipped.cloud, host: "cloud.lamp.example", ca, ...change };
  return parseFlashConfig(JSON.stringify({ ...shipped, cloud }), "flash.config.json");
}

test("a unit is given the server's name and the authorities, one after the other", () => {
  const spare = certify({ name: "Spare", isAuthority: true });
  const bytes = cloudTlsOf(configWith(`A maker's notes\n${authority.certificatePem}${spare.certificatePem}`));
  const item = decodeCbor(bytes ?? new Uint8Array(0));
  const [name, der] = (item.ok ? item.value : []) as [string, Uint8Array];
  expect(name).toBe("cloud.lamp.example");
  expect(der).toEqual(Uint8Array.from([...authority.der, ...spare.der]));
  expect(new X509Certificate(der).subject).toBe("CN=Lamp authority");
});

test("a host that is an address goes with a name for its certificate; a cloud without a ca goes in the clear", () => {
  const named = cloudTlsOf(
    configWith(authority.certificatePem, { host: "192.0.2.7", serverName: "cloud.lamp.example" }),
  );
  expect(named).toEqual(cloudTlsOf(configWith(authority.certificatePem)));
  expect(cloudTlsOf(shipped)).toBeUndefined();
});

test.each([
  ["no such file", () => configWith("", { ca: join(folder, "nothing.pem") }), /cloud\.ca: there is no .*nothing\.pem/],
  ["no certificate", () => configWith(authority.keyPem), /cloud\.ca: no PEM certificate/],
  [
    "a damaged certificate",
    () => configWith(authority.certificatePem.replace(/\n\w{20}/, "\n")),
    /cloud\.ca: a certificate in .* is damaged/,
  ],
  [
    "a server's own certificate",
    () => configWith(certify({ name: "cloud.lamp.example" }, authority).certificatePem),
    /cloud\.ca: CN=cloud\.lamp\.example .* is no authority/,
  ],
  [
    "a key that units can't check",
    () => configWith(certify({ name: "Large", isAuthority: true, curve: "P-384" }).certificatePem),
    /cloud\.ca: the key of CN=Large .* not on P-256/,
  ],
  ["too many", () => configWith(authority.certificatePem.repeat(4)), /holds 4 certificates; units take 3/],
  [
    "an address for a name",
    () => configWith(authority.certificatePem, { host: "192.0.2.7" }),
    /cloud\.serverName: 192\.0\.2\.7 is an address/,
  ],
  ["a name without an authority", () => configWith("", { ca: undefined, serverName: "x.example" }), /: cloud\.ca: /],
])("%s is refused in one line that names the key", (_, config, line) => {
  const errorOf = () => {
    try {
      cloudTlsOf(config());
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(errorOf()).toMatch(line);
  expect(errorOf().split("\n")).toHaveLength(1);
});
