/** What a link under TLS must do on every board: whom it believes, whom it refuses and why, and that it comes back. */
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEVICE, type Mosquitto, type NonceServer, startMosquitto, startNonceServer } from "../device/link/peers.ts";
import { certify } from "./authority.ts";
import { type LinkedBoard, startLinkedBoard } from "./linked-board.ts";
import { type Answer, type Front, inTheClear, openFront, passOn, secured } from "./servers.ts";

const NAME = "cloud.test";
/** When the unit's bundle says that it was built: the present is not before. */
const BUILT_S = Math.floor(Date.now() / 1000) - 3600;

const authority = certify({ name: "Test authority", isAuthority: true });
/** What is pinned beside it for the day when the first is lost. */
const spare = certify({ name: "Spare authority", isAuthority: true });
const stranger = certify({ name: "Test authority", isAuthority: true });
const server = certify({ name: NAME }, authority);
const between = certify({ name: "Authority between", isAuthority: true }, authority);
const pinned = [NAME, Uint8Array.from([...authority.der, ...spare.der])] as const;

const TLS_1_1 = {
  minVersion: "TLSv1",
  maxVersion: "TLSv1.1",
  ciphers: "ALL:@SECLEVEL=0",
} as const;
/** OpenSSL's SSL_OP_NO_EXTENDED_MASTER_SECRET, which node:crypto does not name. */
const NO_EXTENDED_MASTER_SECRET = 1;

interface Refused {
  readonly what: string;
  readonly fault: string;
  answer(): Answer;
}

const REFUSED: readonly Refused[] = [
  {
    what: "one that an authority of the same name but another key vouches for",
    fault: "LINK_TLS_ISSUER",
    answer: () => secured(certify({ name: NAME }, stranger)),
  },
  {
    what: "one that only vouches for itself",
    fault: "LINK_TLS_ISSUER",
    answer: () => secured(certify({ name: NAME })),
  },
  {
    what: "one that a mere server of the authority vouches for",
    fault: "LINK_TLS_ISSUER",
    answer: () => secured(certify({ name: NAME }, server), {}, [server]),
  },
  {
    what: "one of another name",
    fault: "LINK_TLS_NAME",
    answer: () => secured(certify({ name: "other.test" }, authority)),
  },
  {
    what: "one that has the name only as its common name",
    fault: "LINK_TLS_NAME",
    answer: () => secured(certify({ name: NAME, isNamedBySubject: true }, authority)),
  },
  {
    what: "one that was over when the unit was built",
    fault: "LINK_TLS_TIME",
    answer: () => secured(certify({ name: NAME, notBeforeS: BUILT_S - 1000, notAfterS: BUILT_S - 1 }, authority)),
  },
  { what: "one of TLS 1.1", fault: "LINK_TLS_PROTOCOL", answer: () => secured(server, TLS_1_1) },
  {
    what: "one without an acceptable cipher",
    fault: "LINK_TLS_PROTOCOL",
    answer: () => secured(server, { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES256-SHA384" }),
  },
  { what: "one in the clear", fault: "LINK_TLS_PROTOCOL", answer: () => inTheClear },
];

const BELIEVED: readonly Omit<Refused, "fault">[] = [
  {
    what: "one through an authority between",
    answer: () => secured(certify({ name: NAME }, between), {}, [between]),
  },
  {
    what: "one that holds until 2110, beyond what 31 and 32 bits of seconds can name",
    answer: () => secured(certify({ name: NAME, notAfterS: Date.UTC(2110, 0, 1) / 1000 }, authority)),
  },
  {
    what: "one of the spare authority, which knows no key exchange but P-256",
    answer: () => secured(certify({ name: NAME }, spare), { ecdhCurve: "P-256" }),
  },
];

/** The cases of a board. @param isOurTls Whether the TLS below is the firmware's own, which is stricter than node's. */
export function describeLink(board: string, isOurTls: boolean): void {
  describe(`a link under TLS on ${board}`, () => {
    let broker: Mosquitto & { readonly tlsPort: number };
    let nonces: NonceServer;
    let http: Front;
    let mqtt: Front;
    let unit: LinkedBoard;
    let operator: MqttClient;

    beforeAll(async () => {
      const tls = { key: server.keyPem, cert: server.certificatePem };
      broker = await startMosquitto(tls);
      nonces = await startNonceServer({ tls, register: (password) => broker.allow(DEVICE, password) });
      http = await openFront(passOn(nonces.port));
      mqtt = await openFront(passOn(broker.tlsPort));
      const account = { username: "operator", password: "operator" };
      operator = await connectAsync({ host: "127.0.0.1", port: broker.port, ...account });
      unit = await startLinkedBoard(board, { mqttPort: mqtt.port, httpPort: http.port, pinned, builtS: BUILT_S });
    });
    afterAll(async () => {
      await unit?.close();
      await operator?.endAsync();
      http?.close();
      mqtt?.close();
      await nonces?.stop();
      await broker?.stop();
    });

    /** Lets the unit try again at once. @returns What it says of it. */
    async function sayAgain(): Promise<string> {
      const said = unit.next(/^link: (up|LINK_\w+ in \w+)/);
      unit.rejoin();
      return (await said)[1] as string;
    }

    async function comesUp(): Promise<void> {
      http.answer = passOn(nonces.port);
      mqtt.answer = passOn(broker.tlsPort);
      const up = unit.next(/^link: up/);
      unit.rejoin();
      await up;
    }

    test("carries messages both ways through mosquitto", async () => {
      await operator.subscribeAsync(`f/lamp/d/${DEVICE}/state`, { qos: 1 });
      const states: number[] = [];
      operator.on("message", (_, payload) => states.push(payload.length));
      await comesUp();
      await expect.poll(() => states.some((bytes) => bytes > 0)).toBe(true);
      const leaves = unit.next(/^link: LINK_REFUSED in up/);
      await operator.publishAsync(`f/lamp/d/${DEVICE}/away`, Buffer.from([0, 1]), { qos: 1 });
      await leaves;
    });

    test.each(REFUSED)("refuses $what: $fault", async ({ fault, answer }) => {
      const asked = nonces.asked;
      http.answer = answer();
      expect(await sayAgain()).toBe(`${fault} in nonce`);
      expect(nonces.asked).toBe(asked);
    });

    test("holds the broker to the same", async () => {
      http.answer = passOn(nonces.port);
      mqtt.answer = secured(certify({ name: "other.test" }, authority));
      expect(await sayAgain()).toBe("LINK_TLS_NAME in connecting");
    });

    test.each(BELIEVED)("believes $what", async ({ answer }) => {
      http.answer = answer();
      expect(await sayAgain()).toBe("LINK_REFUSED in nonce");
    });

    if (isOurTls) {
      test("refuses a server without the extended master secret", async () => {
        http.answer = secured(server, { maxVersion: "TLSv1.2", secureOptions: NO_EXTENDED_MASTER_SECRET });
        expect(await sayAgain()).toBe("LINK_TLS_PROTOCOL in nonce");
      });
    }

    test("comes up after a server that was gone in the middle of the handshake", async () => {
      http.answer = passOn(nonces.port, 400);
      expect(await sayAgain()).toBe("LINK_TLS_PROTOCOL in nonce");
      await comesUp();
    });

    test("comes up after its power went in the middle of the handshake", async () => {
      const begun = new Promise<void>((resolve) => {
        http.answer = (socket) => void socket.once("data", () => resolve());
      });
      unit.rejoin();
      await begun;
      await unit.power(false);
      http.answer = passOn(nonces.port);
      const up = unit.next(/^link: up/);
      await unit.power(true);
      await up;
    });
  });
}
