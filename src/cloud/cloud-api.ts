/** `latchkey/cloud`: a maker's cloud in a program of their own, and the client that operators use. */

export { decodeReleaseFile, encodeReleaseFile, type ReleaseFile, ReleaseTrouble } from "#trust/host/release-file.ts";
export { type Cloud, type CloudOptions, startCloud } from "./cloud.ts";
export { CloudTrouble, type OperatorClient, operatorClient } from "./http/operator-client.ts";
