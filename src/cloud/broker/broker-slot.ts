/**
 * A placeholder that breaks a cycle at start: the broker needs a handler for devices' messages, and the handlers need a
 * broker to answer with. The slot is made first, passed to all of them, and filled once the broker is up.
 */
import type { Broker } from "./broker.ts";

export interface BrokerSlot extends Broker {
  /** From now on everything goes to this broker. */
  fill(broker: Broker): void;
}

export function createBrokerSlot(): BrokerSlot {
  let broker: Broker | undefined;
  return {
    fill: (filled) => {
      broker = filled;
    },
    get port() {
      return broker?.port;
    },
    get wantsProofs() {
      return broker?.wantsProofs ?? false;
    },
    get speaksMqtt5() {
      return broker?.speaksMqtt5 ?? false;
    },
    admit: async (device, password) => broker?.admit(device, password),
    admitCaller: async (name, password) => broker?.admitCaller(name, password),
    dismissCaller: async (name) => broker?.dismissCaller(name),
    toCaller: async (name, payload) => broker?.toCaller(name, payload),
    toDevice: async (device, name, payload, retain) =>
      broker === undefined ? false : broker.toDevice(device, name, payload, retain),
    toFleet: async (fleet, name, payload) => broker?.toFleet(fleet, name, payload),
    settled: async () => broker?.settled(),
    close: async () => broker?.close(),
  };
}
