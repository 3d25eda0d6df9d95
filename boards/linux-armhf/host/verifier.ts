import { verifierOf } from "#boards/linux/host/verifier.ts";

export const startVerifier = verifierOf("linux-armhf");
