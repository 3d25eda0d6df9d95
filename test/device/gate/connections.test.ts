/** Limits on what a client on the network may occupy: connections, and requests on them. */
import { describe, expect, it } from "vitest";
import { ADDRESS, createWorld, TCP_PORT, type World } from "./world.ts";

describe("connections", () => {
  const ascii = (text: string) => new TextEncoder().encode(text);
  const written = (world: World, connection: number) =>
    world.effects
      .filter((effect) => effect.kind === "tcp-write" && effect.connection === connection)
      .map((effect) => new TextDecoder("latin1").decode((effect as { bytes: Uint8Array }).bytes).split("\r\n")[0]);
  const closed = (world: World, connection: number) =>
    world.effects.some((effect) => effect.kind === "tcp-close" && effect.connection === connection);

  const accept = (world: World, connection: number, peer = "10.0.0.2", port = TCP_PORT) =>
    world.show({ kind: "tcp-accepted", connection, port, peer, isOnSubnet: true });
  const send = (world: World, connection: number, text: string) =>
    world.show({ kind: "tcp-data", connection, bytes: ascii(text) });
  const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: ${ADDRESS}\r\n\r\n`;

  it("carry one request after the other, in small pieces too", () => {
    const world = createWorld();
    accept(world, 1001);
    for (const letter of request("/latchkey/key")) send(world, 1001, letter);
    for (const letter of request("/nothing")) send(world, 1001, letter);
    expect(written(world, 1001)).toEqual(["HTTP/1.1 200 OK", "HTTP/1.1 404 Not Found"]);
    expect(closed(world, 1001)).toBe(true);
  });

  it("that ask again before they have their answer get that one answer and are closed", () => {
    const world = createWorld();
    accept(world, 1001);
    send(world, 1001, request("/latchkey/key").repeat(30));
    expect(written(world, 1001)).toEqual(["HTTP/1.1 200 OK"]);
    expect(closed(world, 1001)).toBe(true);
  });

  it("that bring nonsense, the wrong method or too much are closed", () => {
    const world = createWorld();
    const host = `Host: ${ADDRESS}\r\n`;
    const cases = [
      ["\r\n\r\n\r\n\r\n", "HTTP/1.1 400 Bad Request"],
      [`POST /latchkey/key HTTP/1.1\r\n${host}\r\n`, "HTTP/1.1 405 Method Not Allowed"],
      [`POST /latchkey HTTP/1.1\r\n${host}Content-Length: 99999\r\n\r\n`, "HTTP/1.1 413 Content Too Large"],
    ] as const;
    cases.forEach(([text, line], i) => {
      accept(world, 2000 + i);
      send(world, 2000 + i, text);
      expect(written(world, 2000 + i)).toEqual([line]);
      expect(closed(world, 2000 + i)).toBe(true);
    });
  });

  it("are at most five: of whoever holds the most, the one that asked longest ago gives way to a newcomer", () => {
    const world = createWorld();
    accept(world, 3000, "10.0.0.2");
    send(world, 3000, request("/latchkey/key"));
    for (let i = 1; i < 5; i++) accept(world, 3000 + i, "10.0.0.66");
    accept(world, 3100, "10.0.0.3");
    const open = () => [3000, 3001, 3002, 3003, 3004, 3100].filter((connection) => !closed(world, connection));
    expect(open()).toEqual([3000, 3002, 3003, 3004, 3100]);
    for (let i = 0; i < 100; i++) accept(world, 3200 + i, "10.0.0.66");
    expect(open()).toEqual([3000, 3100]);
    accept(world, 3900, "10.0.0.66", 80);
    expect(closed(world, 3900)).toBe(false);
  });

  it("end ten seconds after they began to ask, however many bytes come meanwhile, and after thirty of silence", () => {
    const world = createWorld();
    accept(world, 3000);
    accept(world, 3001);
    send(world, 3001, request("/latchkey/key"));
    for (let second = 0; second < 9; second++) {
      send(world, 3000, "P");
      world.advance(1_000);
    }
    expect(closed(world, 3000)).toBe(false);
    world.advance(1_000);
    expect([3000, 3001].map((connection) => closed(world, connection))).toEqual([true, false]);
    world.advance(19_000);
    expect(closed(world, 3001)).toBe(false);
    world.advance(1_000);
    expect(closed(world, 3001)).toBe(true);
  });

  it("in more than 64 pieces are closed", () => {
    const world = createWorld();
    accept(world, 3000);
    for (let i = 0; i < 64; i++) send(world, 3000, "P");
    expect(closed(world, 3000)).toBe(false);
    send(world, 3000, "P");
    expect(written(world, 3000)).toEqual(["HTTP/1.1 413 Content Too Large"]);
    expect(closed(world, 3000)).toBe(true);
  });
});
