/** The interface that the cloud requires of an MQTT broker: the embedded one, or mosquitto or EMQX by URL. */

/** A client that proved who it is. */
export interface LinkedDevice {
  readonly id: string;
  readonly fleet: string;
}

/** What a broker tells the cloud. */
export interface BrokerEvents {
  /**
   * A device published below its own topic. When this resolves, what it said is durable; only then is it acknowledged
   * to the device, where the broker lets us choose.
   */
  message(device: LinkedDevice, name: string, payload: Uint8Array): Promise<void>;
  online(device: LinkedDevice): void;
  offline(device: LinkedDevice): void;
  /** Somebody was not let in. */
  refused(): void;
  /** Takes one line for the log. */
  log(line: string): void;
  /** A caller that was admitted said something. */
  callerSaid(name: string, payload: Uint8Array): void;
  /** A caller's connection ended; not every broker tells. */
  callerGone(name: string): void;
}

export interface Broker {
  /** The port it listens on, or undefined when it is somebody else's. */
  readonly port: number | undefined;
  /** Whether proofs are handed in over HTTP before connecting, since this broker can't check them itself. */
  readonly wantsProofs: boolean;
  /** Whether devices may speak MQTT 5 to it as well as 3.1.1. */
  readonly speaksMqtt5: boolean;
  /** Sets what this device must show as its password within the next minute, and what it may do. */
  admit(device: LinkedDevice, password: string): Promise<void>;
  /** Lets a caller connect with this name and password within the next minute, and use its own two topics only. */
  admitCaller(name: string, password: string): Promise<void>;
  /** Ends a caller's connection, and the password with it. */
  dismissCaller(name: string): Promise<void>;
  /** Publishes to the one topic on which a caller hears. */
  toCaller(name: string, payload: Uint8Array): Promise<void>;
  /**
   * Publishes below a device's own topic. Resolves once the bytes are handed over, so that waiting for it is
   * back-pressure; false when the device is not connected. Retained: kept for when it is.
   */
  toDevice(device: LinkedDevice, name: string, payload: Uint8Array, retain: boolean): Promise<boolean>;
  /** Publishes, retained, to every unit of a fleet. */
  toFleet(fleet: string, name: string, payload: Uint8Array): Promise<void>;
  /** Resolves once everything that was published before has left our hands. */
  settled(): Promise<void>;
  close(): Promise<void>;
}
