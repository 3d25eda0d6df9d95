/** What the cloud says of its own HTTP interface, held against the interface: a real process, every path and method. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type CloudProcess,
  enrolmentOf,
  noise,
  startCloudProcess,
  testClient,
  testKeys,
  testRelease,
  testUnit,
} from "./broker/linked-unit.ts";

const folder = mkdtempSync(join(tmpdir(), "latchkey-document-"));
const data = join(folder, "data");
const keysFolder = join(folder, "keys");
const keys = testKeys(keysFolder, "lamp");
let cloud: CloudProcess;

interface Operation {
  readonly summary: string;
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
  readonly security: readonly object[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: object }>> };
}
interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly components: { readonly securitySchemes: Readonly<Record<string, object>> };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

beforeAll(async () => {
  cloud = await startCloudProcess(["--data", data, "--keys", keysFolder]);
  const operator = testClient(cloud, data);
  const units = [0, 1, 2].map((number) => testUnit(number, keys));
  await operator.post(
    "/v1/devices",
    units.map((unit) => enrolmentOf(unit, "lamp")),
  );
  for (const sequence of [1, 2]) {
    await operator.post("/v1/releases", testRelease(keysFolder, "lamp", sequence, noise(5_000 + sequence)));
    await operator.post("/v1/rollouts", { product: "lamp", sequence });
  }
});

afterAll(() => {
  cloud.child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

const documentOf = async () => (await (await fetch(`${cloud.url}/v1/openapi.json`)).json()) as OpenApi;

describe("the OpenAPI document", () => {
  it("is one of version 3.1 whose parts belong together, and whose schemas compile", async () => {
    const { openapi, info, components, paths } = await documentOf();
    expect(openapi).toMatch(/^3\.1\.\d+$/);
    expect(info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    const ajv = new Ajv2020({ strict: false });
    let schemas = 0;
    for (const [path, operations] of Object.entries(paths)) {
      expect(path).toMatch(/^\//);
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const [method, operation] of Object.entries(operations)) {
        expect(["get", "post", "put", "patch", "delete"], `${method} ${path}`).toContain(method);
        expect(operation.summary, `${method} ${path}`).not.toBe("");
        const parameters = operation.parameters ?? [];
        for (const { in: where, required } of parameters) if (where === "query") expect(required).toBe(false);
        const declared = parameters
          .filter(({ in: where }) => where !== "query")
          .map((each) => [each.name, each.in, each.required]);
        expect(declared, `${method} ${path}`).toEqual(inPath.map((name) => [name, "path", true]));
        for (const { description } of Object.values(operation.responses)) expect(description).not.toBe("");
        for (const name of operation.security.flatMap(Object.keys)) {
          expect(components.securitySchemes).toHaveProperty(name);
        }
        for (const { schema } of Object.values(operation.requestBody?.content ?? {})) {
          if (schema === undefined) continue;
          ajv.compile(schema);
          schemas++;
        }
      }
    }
    expect(schemas).toBeGreaterThan(3);
    // Paths that differ only in what they call their parameters would be one and the same.
    const shapes = Object.keys(paths).map((path) => path.replace(/\{\w+\}/g, "{}"));
    expect(new Set(shapes).size).toBe(shapes.length);
  });

  it("tells of every path and method that is there, and of who may", async () => {
    const { paths } = await documentOf();
    for (const [path, operations] of Object.entries(paths)) {
      const url = cloud.url + path.replace(/\{\w+\}/g, "0".repeat(24));
      for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
        const answer = await fetch(url, { method, ...(method !== "GET" && { body: "" }) });
        const text = await answer.text();
        const operation = operations[method.toLowerCase()];
        const name = `${method} ${path}: ${answer.status} ${text.slice(0, 80)}`;
        if (operation === undefined) {
          expect(answer.status, name).toBe(405);
          continue;
        }
        expect(answer.status, name).not.toBe(405);
        expect(answer.status, name).toBeLessThan(500);
        expect(text, name).not.toContain("nothing is here");
        expect(answer.status === 401, name).toBe(operation.security.length > 0);
      }
    }
    const known = ["/metrics", "/healthz", "/nonce", "/v1/status", "/v1/devices/{device}/explain", "/v1/openapi.json"];
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(known));
    expect(Object.keys(paths).filter((path) => path.startsWith("/v1/rollouts")).length).toBeGreaterThan(4);
  });
});

describe("/metrics", () => {
  it("is Prometheus' text format 0.0.4: families told of first, series once, values numbers", async () => {
    const key = readFileSync(join(data, "operator.key"), "utf8").trim();
    const answer = await fetch(`${cloud.url}/metrics`, { headers: { authorization: `Bearer ${key}` } });
    expect(answer.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await answer.text();
    expect(text.endsWith("\n")).toBe(true);
    const kinds = new Map<string, string>();
    const helped = new Set<string>();
    const series = new Set<string>();
    let family = "";
    for (const line of text.trimEnd().split("\n")) {
      const help = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) \S.*$/.exec(line);
      const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line);
      if (help !== null) {
        expect(helped.has(help[1] as string), line).toBe(false);
        helped.add(help[1] as string);
      } else if (type !== null) {
        family = type[1] as string;
        expect(helped.has(family), line).toBe(true);
        expect(kinds.has(family), line).toBe(false);
        kinds.set(family, type[2] as string);
      } else {
        const label = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"`;
        const sample = new RegExp(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(\\{${label}(?:,${label})*\\})? (\\S+)$`).exec(line);
        expect(sample, line).not.toBeNull();
        const [, name, labels = "", value] = sample as RegExpExecArray;
        expect(name, line).toBe(family);
        expect(Number.isFinite(Number(value)), line).toBe(true);
        expect(series.has(`${name}${labels}`), line).toBe(false);
        series.add(`${name}${labels}`);
      }
    }
    for (const [name, kind] of kinds) expect(name.endsWith("_total"), name).toBe(kind === "counter");
    expect(kinds.size).toBeGreaterThan(10);
    expect(series).toContain('latchkey_rollout_running{rollout="lamp-2-1"}');
    expect(series).toContain('latchkey_device_versions{product="lamp",sequence="0"}');
  });
});
