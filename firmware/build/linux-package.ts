/** Packages of a Linux board's program: one for Debian and its kin, and a tarball for OpenWrt, which is unpacked over the root folder. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { utf8 } from "#base/utf8.ts";
import { arArchive, type PackedFile, tarball } from "./archives.ts";
import { ROOT } from "./layout.ts";
import { licenseTexts } from "./licenses.ts";

const NAME = "latchkey-unit";
const MAINTAINER = "Latchkey maintainers <maintainers@latchkey.invalid>";
/** Sources whose licences stand in the package whole; mbedTLS has the one that Debian's systems bring along. */
const LINKED = ["quickjs", "libsodium"];
/** Debian's names of the boards' processors. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  linux: "amd64",
  "linux-arm64": "arm64",
  "linux-armhf": "armhf",
};

interface LinuxPackage {
  readonly file: string;
  readonly bytes: Uint8Array;
}

const template = (name: string): Uint8Array => readFileSync(join(ROOT, "boards/linux/package", name));

/** What both packages hold. */
const programFiles = (program: Uint8Array): readonly PackedFile[] => [
  { path: `usr/bin/${NAME}`, bytes: program, isProgram: true },
  { path: `etc/default/${NAME}`, bytes: template(`${NAME}.default`) },
];

function debianFiles(program: Uint8Array, version: string, atS: number): readonly PackedFile[] {
  const packed = (bytes: Uint8Array) => gzipSync(bytes, { level: 9 });
  const date = new Date(atS * 1000).toUTCString().replace("GMT", "+0000");
  const changes = `${NAME} (${version}) unstable; urgency=medium\n\n  * See CHANGELOG.md of Latchkey ${version}.\n\n -- ${MAINTAINER}  ${date}\n`;
  const licences = [...licenseTexts()]
    .filter(([name]) => LINKED.includes(name))
    .map(([name, text]) => `\n${name}\n\n${text.trim()}\n`);
  const copyright = `${Buffer.from(template("copyright")).toString()}${licences.join("")}`;
  return [
    ...programFiles(program),
    { path: `lib/systemd/system/${NAME}.service`, bytes: template(`${NAME}.service`) },
    { path: `usr/lib/sysusers.d/${NAME}.conf`, bytes: template("sysusers.conf") },
    { path: `lib/udev/rules.d/60-${NAME}.rules`, bytes: template("udev.rules") },
    { path: `usr/share/lintian/overrides/${NAME}`, bytes: template("lintian-overrides") },
    { path: `usr/share/man/man1/${NAME}.1.gz`, bytes: packed(template(`${NAME}.1`)) },
    { path: `usr/share/doc/${NAME}/copyright`, bytes: utf8(copyright) },
    { path: `usr/share/doc/${NAME}/changelog.gz`, bytes: packed(utf8(changes)) },
  ];
}

function control(board: string, version: string, files: readonly PackedFile[]): string {
  const kilobytes = files.reduce((sum, { bytes }) => sum + Math.ceil(bytes.length / 1024), 0);
  return [
    `Package: ${NAME}`,
    `Version: ${version}`,
    `Architecture: ${ARCHITECTURES[board]}`,
    `Maintainer: ${MAINTAINER}`,
    `Installed-Size: ${kilobytes}`,
    "Depends: wpasupplicant",
    "Section: net",
    "Priority: optional",
    "Description: device that its owner onboards over the air and keeps",
    " Runs a Latchkey unit: it learns its network over the air, serves its owner",
    " without a cloud or an account, and updates itself by signed releases.",
    " .",
    " The unit's flash, which the maker's line makes, goes to",
    " /var/lib/latchkey/flash.bin.",
    "",
  ].join("\n");
}

/**
 * Unix time of the files of a package: now, or what SOURCE_DATE_EPOCH says, by which others make the same bytes again
 * (reproducible-builds.org).
 */
export function packedAtS(): number {
  const wanted = Number(process.env.SOURCE_DATE_EPOCH ?? "");
  return wanted > 0 ? wanted : Math.floor(Date.now() / 1000);
}

/** The Debian package (deb(5), format 2.0). @param atS Unix time of every file in it. */
export function debianPackage(board: string, program: Uint8Array, version: string, atS: number): LinuxPackage {
  const files = debianFiles(program, version, atS);
  const sums = files
    .filter(({ path }) => !path.startsWith("etc/"))
    .map(({ path, bytes }) => `${createHash("md5").update(bytes).digest("hex")}  ${path}\n`);
  const script = (name: string): PackedFile => ({ path: name, bytes: template(name), isProgram: true });
  const about = [
    { path: "control", bytes: utf8(control(board, version, files)) },
    { path: "md5sums", bytes: utf8(sums.join("")) },
    { path: "conffiles", bytes: utf8(`/etc/default/${NAME}\n`) },
    ...["postinst", "prerm", "postrm"].map(script),
  ];
  const members = [
    ["debian-binary", utf8("2.0\n")],
    ["control.tar.gz", tarball(about, atS)],
    ["data.tar.gz", tarball(files, atS)],
  ] as const;
  return { file: `${NAME}_${version}_${ARCHITECTURES[board]}.deb`, bytes: arArchive(members, atS) };
}

/** The tarball for OpenWrt: program, settings, a script for procd, and what the program may do. */
export function routerTarball(board: string, program: Uint8Array, version: string, atS: number): LinuxPackage {
  const init = { path: `etc/init.d/${NAME}`, bytes: template(`${NAME}.init`), isProgram: true };
  const capabilities = { path: `etc/capabilities/${NAME}.json`, bytes: template("capabilities.json") };
  const bytes = tarball([...programFiles(program), init, capabilities], atS);
  return { file: `${NAME}_${version}_${ARCHITECTURES[board]}_openwrt.tar.gz`, bytes };
}
