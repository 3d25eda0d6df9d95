/** No part of a user or password survives, however a person wrote the URL. */
import { expect, it } from "vitest";
import { isPlainUrl, redactUrl, redactUrlIn } from "#base/redact-url.ts";

it.each([
  ["postgres://cloud:hunter22@db.example/units", "postgres://db.example/units"],
  ["POSTGRES://cloud:hunter22@db.example/units", "POSTGRES://db.example/units"],
  ["postgres://cloud:hun/ter22@db.example/units", "postgres://db.example/units"],
  ["postgres://cloud:hun@ter22@db.example/units", "postgres://db.example/units"],
  ["postgres://cloud:hunter22#?@db.example/units", "postgres://db.example/units"],
  ["postgres://db.example/units?user=cloud&password=hunter22", "postgres://db.example/units"],
  ["mqtts://admin:hunter22@[::1]:8883", "mqtts://[::1]:8883"],
  ["https://cloud.example:8080/#hunter22", "https://cloud.example:8080/"],
  ["out/cloud.db", "out/cloud.db"],
])("shows %s as %s", (url, shown) => {
  expect(redactUrl(url)).toBe(shown);
});

it.each([
  ["getaddrinfo ENOTFOUND of postgres://cloud:hunter22@db/x", "postgres://cloud:hunter22@db/x"],
  ["no user cloud:hunter22", "postgres://cloud:hunter22@db/x"],
  ["password 'hunter22' is wrong", "postgres://cloud:hunter22@db/x"],
  ["password 'hunter/22' is wrong", "postgres://cloud:hunter%2F22@db/x"],
  ["password 'hunter22' is wrong", "postgres://db/x?password=hunter22"],
])("leaves the secret out of: %s", (text, url) => {
  expect(redactUrlIn(text, url)).not.toMatch(/hunter/);
});

it("leaves a text without the secret as it is", () => {
  expect(redactUrlIn("connect ECONNREFUSED 127.0.0.1:5432", "postgres://cloud:x9@127.0.0.1/a?sslmode=require")).toBe(
    "connect ECONNREFUSED 127.0.0.1:5432",
  );
});

it("knows a URL that drivers would misread", () => {
  for (const good of ["postgres://a:b%2F@db/x", "mqtt://[::1]:1883", "https://cloud.example/x?y=1"]) {
    expect([good, isPlainUrl(good)]).toEqual([good, true]);
  }
  for (const wrong of [
    "postgres://a:b/c@db/x",
    "postgres://a:b@c@db/x",
    "mqtt://",
    "db/x",
    "mqtt://host:port",
    "https://a b",
  ]) {
    expect([wrong, isPlainUrl(wrong)]).toEqual([wrong, false]);
  }
});
