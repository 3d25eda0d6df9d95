/**
 * The link to the maker's broker: fetches a nonce, proves the unit's key, connects, subscribes, publishes messages for
 * other machines and passes received messages to them. Every wait has a time limit. After a failure the unit waits with
 * exponential backoff and jitter, or for as long as the server said.
 * @source PROTOCOL 7.1 to 7.5, 7.8
 */
import { faultOf } from "#base/faults.ts";
import { createGathered } from "#base/gathered.ts";
import type { DeviceEvent, Machine, Step } from "#device/machine.ts";
import type { Primitives } from "#trust/primitives.ts";
import { publish, sendConnect, takeMqtt } from "./broker.ts";
import { conversationWakeAtMs, dueBy } from "./conversation.ts";
import { isBehind } from "./packets.ts";
import { begin, sendHttp, takeHttp } from "./proof.ts";
import { LINK_TIMES, type LinkTimes, readLinkSettings } from "./settings.ts";
import { close, fail, LINK_TAG, type Link, type LinkState, write } from "./state.ts";

function onTimer(link: Link, state: LinkState, nowMs: number): void {
  if (state.phase === "away" && nowMs >= state.deadlineMs) return begin(link, state, nowMs);
  if (state.conversation !== undefined && isBehind(state.conversation.reader)) {
    takeMqtt(link, state, nowMs, new Uint8Array(0));
  }
  if (nowMs >= state.deadlineMs) return fail(link, state, nowMs, "LINK_TIMEOUT");
  if (state.phase !== "up" || state.conversation === undefined) return;
  const due = dueBy(state.conversation, nowMs);
  if (due === "dead") return fail(link, state, nowMs, "LINK_TIMEOUT");
  write(link, state, due);
}

/** Ends the link until the unit is online again, or has a cloud again. */
function stop(link: Link, state: LinkState): void {
  close(link, state);
  state.phase = "off";
  state.deadlineMs = Number.POSITIVE_INFINITY;
}

function take(link: Link, state: LinkState, event: DeviceEvent): void {
  const { nowMs } = event;
  switch (event.kind) {
    case "online":
      if (state.isOnline) return;
      state.isOnline = true;
      state.failures = 0;
      return begin(link, state, nowMs);
    case "offline":
      state.isOnline = false;
      return stop(link, state);
    case "timer":
      return onTimer(link, state, nowMs);
    case "publish":
      return publish(link, state, event);
    case "tcp-opening":
      if (event.tag !== LINK_TAG) return;
      state.connection = event.connection;
      if (event.connection < 0) fail(link, state, nowMs, "LINK_REFUSED");
      return;
    case "tcp-connected":
      if (event.connection !== state.connection) return;
      return state.phase === "connecting" ? sendConnect(link, state, nowMs) : sendHttp(link, state);
    case "tcp-data":
      if (event.connection !== state.connection) return;
      if (state.conversation !== undefined) return takeMqtt(link, state, nowMs, event.bytes);
      return takeHttp(link, state, nowMs, event.bytes, false);
    case "tcp-closed":
      if (event.connection !== state.connection) return;
      state.connection = -1;
      if (state.http.length > 0) return takeHttp(link, state, nowMs, new Uint8Array(0), true);
      return fail(link, state, nowMs, (event.fault !== undefined && faultOf(event.fault)) || "LINK_REFUSED");
    case "cloud-moved":
      close(link, state);
      state.failures = 0;
      state.unsent = [];
      if (state.isOnline) begin(link, state, nowMs);
      return;
    case "time-taken":
      if (state.settings !== undefined) state.settings = { ...state.settings, time: event.time };
      return;
    default:
      return;
  }
}

function step(link: Link, old: LinkState, event: DeviceEvent): Step<LinkState> {
  link.effects = [];
  const state: LinkState = event.kind === "start" ? { ...old, facts: event.facts } : old;
  if ((event.kind === "start" || event.kind === "cloud-moved") && state.facts !== undefined) {
    const time = state.settings?.time;
    const read = readLinkSettings(link.crypto, state.facts, link.buildS);
    // What was learned of the time since the start is not stored, and stays.
    state.settings = read && time !== undefined ? { ...read, time } : read;
  }
  if (state.settings !== undefined) take(link, state, event);
  else if (event.kind === "cloud-moved") stop(link, state);
  const { conversation } = state;
  const spokenMs = conversation === undefined ? Number.POSITIVE_INFINITY : conversationWakeAtMs(conversation);
  const behindMs = conversation !== undefined && isBehind(conversation.reader) ? event.nowMs : Number.POSITIVE_INFINITY;
  const wakeAtMs = Math.min(state.deadlineMs, spokenMs, behindMs);
  const { effects } = link;
  return Number.isFinite(wakeAtMs) ? { state, effects, wakeAtMs } : { state, effects };
}

export function createLink(crypto: Primitives, times: LinkTimes = LINK_TIMES, buildS?: number): Machine<LinkState> {
  const link: Link = { crypto, times, buildS, effects: [] };
  return {
    name: "link",
    initial: {
      facts: undefined,
      settings: undefined,
      phase: "off",
      deadlineMs: Number.POSITIVE_INFINITY,
      connection: -1,
      isOnline: false,
      failures: 0,
      upSinceMs: 0,
      proof: undefined,
      version: 4,
      http: createGathered(),
      conversation: undefined,
      unsent: [],
    },
    step: (state, event) => step(link, state, event),
  };
}
