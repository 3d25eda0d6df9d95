/** One session for each unit, requests in turn, and none repeated that may have been done. */
import { expect, it } from "vitest";
import { ok, type Result, refuse } from "#base/faults.ts";
import type { Cbor } from "#codec/cbor.ts";
import { createUnitConnection } from "#gateway/units/unit-connection.ts";
import type { Session } from "#phone/session.ts";
import type { SessionRequest } from "#wire/sessions/session.ts";

/** A unit whose answers the test gives. */
function fakeUnit() {
  const asked: string[] = [];
  const waiting: ((answer: Result<Cbor>) => void)[] = [];
  let opened = 0;
  let isReachable = true;
  const session = (): Session => ({
    unitKey: new Uint8Array(32),
    request(request: SessionRequest) {
      asked.push(request.op === "call" ? request.name : request.op);
      return new Promise((resolve) => waiting.push(resolve));
    },
    close: async () => undefined,
  });
  const connection = createUnitConnection(async () => {
    opened++;
    return isReachable ? ok(session()) : refuse("SESSION_UNREACHABLE");
  });
  const turn = () => new Promise((resolve) => setTimeout(resolve, 0));
  return {
    ...{ connection, asked },
    opened: () => opened,
    leave: () => {
      isReachable = false;
    },
    async answer(result: Result<Cbor>) {
      await turn();
      waiting.shift()?.(result);
      await turn();
    },
    waiting: () => waiting.length,
    turn,
  };
}
const call = (name: string): SessionRequest => ({ op: "call", name, args: new Uint8Array(0) });

it("asks one thing after the other over one session, and refuses when too many wait", async () => {
  const unit = fakeUnit();
  const answers = Array.from({ length: 16 }, (_, number) => unit.connection.request(call(`f${number}`), false));
  expect(await unit.connection.request(call("late"), false)).toEqual({ ok: false, fault: "BUSY" });
  for (let number = 0; number < 16; number++) {
    await unit.turn();
    expect([unit.waiting(), unit.asked.length]).toEqual([1, number + 1]);
    await unit.answer(ok(number));
  }
  expect((await Promise.all(answers)).map((answer) => answer.ok && answer.value)).toEqual([...Array(16).keys()]);
  expect([unit.opened(), unit.asked.at(-1)]).toEqual([1, "f15"]);
});

it("repeats what may be repeated, in a new session, and says of anything else that it may have been done", async () => {
  const unit = fakeUnit();
  const first = unit.connection.request(call("warm"), false);
  await unit.answer(ok(1));
  expect(await first).toEqual(ok(1));
  const read = unit.connection.request(call("light"), true);
  await unit.answer(refuse("SESSION_UNKNOWN"));
  await unit.answer(ok(512));
  expect(await read).toEqual(ok(512));
  const done = unit.connection.request(call("open"), false);
  await unit.answer(refuse("SESSION_UNREACHABLE"));
  expect(await done).toEqual({ ok: false, fault: "UNCERTAIN" });
  expect(unit.asked).toEqual(["warm", "light", "light", "open"]);
});

it("leaves a unit that is away alone for a while, and says that it is away", async () => {
  const unit = fakeUnit();
  unit.leave();
  expect(await unit.connection.request(call("a"), false)).toEqual(refuse("SESSION_UNREACHABLE"));
  expect(await unit.connection.request(call("b"), false)).toEqual(refuse("SESSION_UNREACHABLE"));
  expect([unit.opened(), unit.connection.isOnline, unit.asked]).toEqual([1, false, []]);
});

it("asks for nothing that was allowed when it came and is not when its turn comes", async () => {
  const unit = fakeUnit();
  let isAllowed = true;
  const ask = (name: string) => unit.connection.request(call(name), false, async () => isAllowed);
  const [first, second] = [ask("a"), ask("b")];
  await unit.turn();
  isAllowed = false;
  await unit.answer(ok(1));
  expect([await first, await second]).toEqual([ok(1), { ok: false, fault: "ENDED" }]);
  expect(unit.asked).toEqual(["a"]);
});
