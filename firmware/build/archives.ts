/** Archives as packages are made of: tar, compressed by gzip (RFC 1952), and ar, which holds the parts of a Debian package (deb(5)). */
import { gzipSync } from "node:zlib";
import { createTar } from "nanotar";
import { concat } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";

export interface PackedFile {
  /** From the root folder, without a slash before it. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly isProgram?: boolean;
}

/** Two blocks of zeros end an archive. */
const END_BYTES = 1024;

/** The folders of some files, each before what lies in it. */
function foldersOf(files: readonly PackedFile[]): readonly string[] {
  const folders = files.flatMap(({ path }) => {
    const parts = path.split("/").slice(0, -1);
    return parts.map((_, i) => parts.slice(0, i + 1).join("/"));
  });
  return [...new Set(folders)].sort();
}

/** A tarball whose files belong to root. @param atS Unix time of every file. */
export function tarball(files: readonly PackedFile[], atS: number): Uint8Array {
  const attrs = { uid: 0, gid: 0, user: "root", group: "root", mtime: atS * 1000 };
  const entries = [
    ...["", ...foldersOf(files)].map((name) => ({ name: `./${name}${name && "/"}`, attrs: { mode: "755" } })),
    ...files.map(({ path, bytes, isProgram }) => ({
      ...{ name: `./${path}`, data: bytes },
      attrs: { mode: isProgram ? "755" : "644" },
    })),
  ];
  return gzipSync(concat(createTar(entries, { attrs }), new Uint8Array(END_BYTES)), { level: 9 });
}

/** @param members By their names, at most 15 letters each. @param atS Unix time of every member. */
export function arArchive(members: readonly (readonly [string, Uint8Array])[], atS: number): Uint8Array {
  const parts = members.flatMap(([name, bytes]) => {
    const fields = [name.padEnd(16), `${atS}`.padEnd(12), "0".padEnd(6), "0".padEnd(6), "100644".padEnd(8)];
    const head = `${fields.join("")}${`${bytes.length}`.padEnd(10)}\`\n`;
    return [utf8(head), bytes, utf8(bytes.length % 2 === 0 ? "" : "\n")];
  });
  return concat(utf8("!<arch>\n"), ...parts);
}
