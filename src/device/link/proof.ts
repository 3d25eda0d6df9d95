/**
 * Proves the unit's key: fetches a nonce, signs it, and posts the proof over HTTP first where the broker requires
 * that.
 */
import { fromHex } from "#base/bytes.ts";
import { createGathered, gather, gatheredBytes } from "#base/gathered.ts";
import { encodeHttpPost, RESPONSE_BYTES_MAX, readHttpResponse } from "#codec/http-response.ts";
import { decodeNonceAnswer, encodeLinkProof, type LinkProof, linkToBeSigned } from "#wire/link/link-auth.ts";
import type { LinkSettings } from "./settings.ts";
import { connect, fail, type Link, type LinkState } from "./state.ts";

export function begin(link: Link, state: LinkState, nowMs: number): void {
  if (state.settings === undefined) return;
  state.http = createGathered();
  state.phase = state.proof === undefined ? "nonce" : "connecting";
  connect(link, state, state.phase === "nonce" ? state.settings.httpPort : state.settings.mqttPort, nowMs);
}

export function sendHttp(link: Link, state: LinkState): void {
  const { settings, proof, phase } = state;
  if (settings === undefined) return;
  const deviceId = fromHex(settings.deviceId) as Uint8Array;
  const bytes =
    phase === "proof"
      ? encodeHttpPost(settings.host, "/proof", encodeLinkProof(proof as LinkProof))
      : encodeHttpPost(settings.host, "/nonce", deviceId);
  link.effects.push({ kind: "tcp-write", connection: state.connection, bytes });
}

export function takeHttp(link: Link, state: LinkState, nowMs: number, bytes: Uint8Array, isClosed: boolean): void {
  const settings = state.settings as LinkSettings;
  if (!gather(state.http, bytes, RESPONSE_BYTES_MAX)) return fail(link, state, nowMs, "HTTP_RESPONSE");
  const response = readHttpResponse(gatheredBytes(state.http), isClosed);
  if (!response.ok) return fail(link, state, nowMs, response.fault);
  if (response.value === undefined) return;
  const { status, retryAfterS, body } = response.value;
  if (state.connection >= 0) link.effects.push({ kind: "tcp-close", connection: state.connection });
  state.connection = -1;
  state.http = createGathered();
  if (state.phase === "proof") {
    if (status !== 204) return fail(link, state, nowMs, "LINK_REFUSED", retryAfterS);
    state.phase = "connecting";
    return connect(link, state, settings.mqttPort, nowMs);
  }
  if (status !== 200) return fail(link, state, nowMs, "LINK_REFUSED", retryAfterS);
  const answer = decodeNonceAnswer(body);
  if (!answer.ok) return fail(link, state, nowMs, answer.fault);
  const { nonce, register, mqtt5 } = answer.value;
  const signature = link.crypto.ed25519Sign(linkToBeSigned(settings.broker, settings.deviceId, nonce), settings.seed);
  state.proof = { nonce, publicKey: settings.publicKey, signature };
  state.version = mqtt5 ? 5 : 4;
  state.phase = register ? "proof" : "connecting";
  connect(link, state, register ? settings.httpPort : settings.mqttPort, nowMs);
}
