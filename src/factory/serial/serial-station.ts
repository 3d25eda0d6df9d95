/** A place of the line for boards on a serial port: the chip's loader writes the flash, the same line carries the console. */
import { faultNumber } from "#base/faults.ts";
import type { Flasher } from "#factory/flasher/flasher.ts";
import type { FlashImage } from "#factory/images.ts";
import type { Station } from "#factory/station.ts";
import {
  decodeFactoryLine,
  encodeFactoryLine,
  type FactoryAnswer,
  type FactoryRequest,
} from "#wire/lines/factory-line.ts";
import { type OpenLine, SerialLineError } from "./serial-line.ts";
import { onTextLine } from "./text-lines.ts";

/** A unit compiles its bundle in its first start; an emulated one on a busy machine takes a minute for that. */
const ANSWER_MS = 180_000;
/** What is sent while a board starts is lost: a request that changes nothing twice is sent again. */
const AGAIN_MS = 2_000;

/** What a unit says at its start where its chip can seal the device key. */
const DEVICE_KEY = /^device key: ([ -~]{1,100})$/;

/** What answers nothing else: what was asked for twice is answered twice, the second time when something else is asked. */
const ANSWERS: Readonly<Record<string, FactoryRequest["kind"]>> = { identity: "identify", state: "check" };

/**
 * @param flasher Of the same line.
 * @param boot    What the chip starts first, beside the images of a release.
 */
export function openSerialStation(line: OpenLine, flasher: Flasher, boot: readonly FlashImage[]): Station {
  let said = "";
  let deviceKey: string | undefined;
  onTextLine(line, (text) => {
    if (/^[~!]/.test(text)) return;
    said = text;
    deviceKey = DEVICE_KEY.exec(text)?.[1] ?? deviceKey;
  });
  return {
    deviceKey: () => deviceKey,
    async flash(images) {
      deviceKey = undefined;
      await flasher.detect();
      await flasher.erase();
      await flasher.write([...boot, ...images]);
    },
    // Its power comes over the cable: a start takes the place of power that comes, and nothing that of power that goes.
    power: (on) => (on ? flasher.reset() : Promise.resolve()),
    ask(request) {
      const text = new TextEncoder().encode(encodeFactoryLine(request));
      return new Promise<FactoryAnswer>((resolve, reject) => {
        const end = () => {
          clearInterval(again);
          clearTimeout(timer);
          stop();
        };
        const fail = (why: string) => {
          end();
          reject(new SerialLineError(why));
        };
        const stop = onTextLine(line, (answer) => {
          const message = decodeFactoryLine(answer);
          if (message === undefined) return;
          if (!message.ok) return fail("the unit's answer is damaged; check the cable");
          const { value } = message;
          if ((ANSWERS[value.kind] ?? request.kind) !== request.kind) return;
          // The board's start took a piece out of it: it is sent again.
          const isDamaged = value.kind === "done" && value.fault === faultNumber("FACTORY_LINE");
          if (isDamaged && request.kind !== "provision") return;
          end();
          resolve(value as FactoryAnswer);
        });
        const again = setInterval(() => {
          if (request.kind !== "provision") line.write(text);
        }, AGAIN_MS);
        const timer = setTimeout(() => {
          const last = said === "" ? "it said nothing" : `it said last: ${said}`;
          fail(`the unit did not answer "${request.kind}" in ${ANSWER_MS / 1000} s (${last}); flash it again`);
        }, ANSWER_MS);
        void line.ended.then(() => fail(`the line ${line.name} ended; check the cable, then make the unit again`));
        line.write(text);
      });
    },
  };
}
