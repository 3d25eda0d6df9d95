/** The firmware's TLS on both emulated boards, against mosquitto and OpenSSL. Needs mosquitto (test/system-packages.json). */
import { expect, test } from "vitest";
import { certify } from "../tls/authority.ts";
import { describeLink } from "../tls/link-cases.ts";
import { startLinkedBoard } from "../tls/linked-board.ts";
import { inTheClear, openFront } from "../tls/servers.ts";

describeLink("qemu-mps2", true);
describeLink("qemu-sf2", true);

test("an image without TLS sends nothing to a cloud that was pinned", async () => {
  const connected: string[] = [];
  const front = await openFront((socket) => {
    connected.push("a connection");
    inTheClear(socket);
  });
  const pinned = ["cloud.test", certify({ name: "Authority", isAuthority: true }).der] as const;
  const ports = { mqttPort: front.port, httpPort: front.port };
  const unit = await startLinkedBoard("qemu-mps2", { ...ports, pinned, tls: false });
  try {
    await unit.next(/^link: LINK_TLS_ABSENT in nonce/);
    await unit.next(/^link: LINK_TLS_ABSENT in nonce/);
    expect(connected).toEqual([]);
  } finally {
    await unit.close();
    front.close();
  }
});
