import { expect, test } from "vitest";
import { fromHex, toHex } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";
import { browserPrimitives } from "#trust/host/browser-primitives.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";

const bytes = (hex: string) => fromHex(hex.replaceAll(" ", "")) as Uint8Array;

test.each(Object.entries({ node: nodePrimitives, browser: browserPrimitives }))(
  "%s agrees with the published vectors",
  (_, primitives) => {
    // RFC 8032 section 7.1, test 2
    const seed = bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    expect(toHex(primitives.ed25519PublicKey(seed))).toMatch(/^3d4017c3e843895a92b70aa74d1b7ebc/);
    expect(toHex(primitives.ed25519Sign(bytes("72"), seed))).toMatch(/^92a009a9f0d4cab8720e820b5f642540/);
    // RFC 7748 section 5.2
    const scalar = bytes("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
    const point = bytes("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
    expect(toHex(primitives.x25519(scalar, point))).toMatch(/^c3da55379de9c6908e94ea4df28d084f/);
    expect(toHex(primitives.x25519(scalar, new Uint8Array(32)))).toBe("00".repeat(32));
    // FIPS 180-4
    expect(toHex(primitives.sha256(utf8("abc")))).toMatch(/^ba7816bf8f01cfea/);
    expect(toHex(primitives.sha512(utf8("abc")))).toMatch(/^ddaf35a193617aba/);
    // RFC 8439 section 2.8.2
    const key = bytes("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
    const nonce = bytes("070000004041424344454647");
    const aad = bytes("50515253c0c1c2c3c4c5c6c7");
    const text = utf8(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
    );
    const sealed = primitives.chacha20Poly1305Seal(key, nonce, aad, text);
    expect(toHex(sealed)).toMatch(/^d31a8d34648e60db7b86afbc53ef7ec2.*1ae10b594f09e26a7e902ecbd0600691$/);
    expect(primitives.chacha20Poly1305Open(key, nonce, aad, sealed)).toEqual(text);
    sealed[0] = (sealed[0] as number) ^ 1;
    expect(primitives.chacha20Poly1305Open(key, nonce, aad, sealed)).toBeUndefined();
    expect(primitives.chacha20Poly1305Open(key, nonce, aad, sealed.subarray(0, 15))).toBeUndefined();
    // FIPS 197 appendix C.1
    const aesKey = bytes("000102030405060708090a0b0c0d0e0f");
    const block = bytes("00112233445566778899aabbccddeeff");
    expect(toHex(primitives.aes128EncryptBlock(aesKey, block))).toBe("69c4e0d86a7b0430d8cdb78070b4c55a");
    expect(primitives.aes128DecryptBlock(aesKey, primitives.aes128EncryptBlock(aesKey, block))).toEqual(block);
    expect(primitives.random(16)).not.toEqual(primitives.random(16));
  },
);
