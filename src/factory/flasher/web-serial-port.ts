/// <reference types="w3c-web-serial" />
/** An open line in the shape of the browsers' Web Serial, which esptool-js is written for. */
import type { ControlLines, OpenLine } from "#factory/serial/serial-line.ts";

interface Signals {
  readonly dataTerminalReady?: boolean | undefined;
  readonly requestToSend?: boolean | undefined;
}

/** Opening and closing it start and end its streams; the line itself stays open. */
export function webSerialPort(line: OpenLine): SerialPort {
  let readable: ReadableStream<Uint8Array> | null = null;
  let writable: WritableStream<Uint8Array> | null = null;
  let control: ControlLines = { dtr: false, rts: false };
  const port = {
    get readable() {
      return readable;
    },
    get writable() {
      return writable;
    },
    async open({ baudRate }: { readonly baudRate: number }) {
      await line.setSpeed(baudRate);
      let stop: () => void = () => undefined;
      readable = new ReadableStream({
        start(controller) {
          stop = line.onBytes((bytes) => controller.enqueue(bytes));
          void line.ended.then(() => {
            stop();
            readable = null;
            // A reader may have cancelled it before.
            try {
              controller.close();
            } catch {
              return;
            }
          });
        },
        cancel: () => stop(),
      });
      writable = new WritableStream({ write: (bytes) => line.write(bytes) });
    },
    async close() {
      readable = null;
      writable = null;
    },
    getInfo: () => (line.usb === undefined ? {} : { usbVendorId: line.usb.vendor, usbProductId: line.usb.product }),
    async setSignals({ dataTerminalReady, requestToSend }: Signals) {
      control = { dtr: dataTerminalReady ?? control.dtr, rts: requestToSend ?? control.rts };
      await line.setControl?.(control);
    },
    setBaudRate: (bitPerS: number) => line.setSpeed(bitPerS),
  };
  return port as unknown as SerialPort;
}
