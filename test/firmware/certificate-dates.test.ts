/** Moments of certificates as firmware/tls counts them, by the host's compiler: no day and no year is off, also beyond 2038 and 2106. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

const MAIN = `
#include "tls/validity.h"
#include <stdio.h>
int main(void) {
  mbedtls_x509_time t;
  while (scanf("%d %d %d %d %d %d", &t.year, &t.mon, &t.day, &t.hour, &t.min, &t.sec) == 6) printf("%.0f\\n", unix_seconds(&t));
  return 0;
}`;
/** As mbedTLS has it (x509.h). */
const X509 =
  "#pragma once\ntypedef struct mbedtls_x509_time { int year, mon, day, hour, min, sec; } mbedtls_x509_time;\n";

test("every day from 1970 to 2200, at its first and last second", () => {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-dates-"));
  mkdirSync(join(folder, "mbedtls"));
  writeFileSync(join(folder, "mbedtls/x509.h"), X509);
  writeFileSync(join(folder, "main.c"), MAIN);
  const program = join(folder, "dates");
  const sources = [join(folder, "main.c"), "firmware/tls/validity.c"];
  execFileSync("gcc", ["-std=c11", "-Wall", `-I${folder}`, "-Ifirmware", "-o", program, ...sources]);
  const moments: Date[] = [];
  for (let ms = 0; ms < Date.UTC(2200, 0, 1); ms += 86_400_000) moments.push(new Date(ms), new Date(ms + 86_399_000));
  const line = (date: Date) =>
    [
      ...[date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()],
      ...[date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()],
    ].join(" ");
  const told = execFileSync(program, { input: moments.map(line).join("\n"), maxBuffer: 1 << 24 }).toString();
  const wrong = told
    .trim()
    .split("\n")
    .flatMap((text, i) => (Number(text) * 1000 === moments[i]?.getTime() ? [] : [moments[i]?.toISOString()]));
  expect([moments.length > 100_000, wrong]).toEqual([true, []]);
});
