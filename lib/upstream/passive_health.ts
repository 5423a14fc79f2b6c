/**
 * What the requests themselves say about a server: nginx's max_fails and fail_timeout.
 *
 * A server that has failed `maxFails` times, with less than `failTimeout` between two failures, rests for `failTimeout`.
 * Then one request at a time is let through as a trial: its success ends the rest, its failure begins another. A trial that
 * says nothing for `failTimeout` is given up, and another is let through. As nginx's, a success between failures forgives
 * none of them, or a server that fails every second request would never rest: only time does.
 *
 * A group's only server is never taken out, for there is no other to ask; the caller sees to that and does not ask here.
 *
 * @module
 */
import type { GroupOptions } from "../config/group_options.ts";

/** `maxFails` 0: the server never rests. `failTimeout` in ms. */
export type PassiveOptions = Pick<GroupOptions, "maxFails" | "failTimeout">;

/** What is known of one server. The functions below change it; times are monotonic ms. */
export interface PassiveHealth {
  /** Failures that count. With `maxFails` of them the server rests. */
  fails: number;
  /** When it failed last or, later, was given a trial (nginx's `checked`). */
  checked: number;
  /** Whether a trial is under way. */
  trying: boolean;
}

/** A server that nothing bad is known of. */
export function newPassiveHealth(): PassiveHealth {
  return { fails: 0, checked: -Infinity, trying: false };
}

/** Whether the server may be given a request: it does not rest, or its next trial is due. */
export function isAvailable(state: PassiveHealth, now: number, options: PassiveOptions): boolean {
  return !isResting(state, options) || now - state.checked >= options.failTimeout;
}

/** The server has been given a request; true when that is a trial, and others must wait for what it says. */
export function picked(state: PassiveHealth, now: number, options: PassiveOptions): boolean {
  if (!isResting(state, options)) return false;
  state.checked = now;
  state.trying = true;
  return true;
}

/** A request to the server failed; true when its rest begins with that, for the log. */
export function failed(state: PassiveHealth, now: number, options: PassiveOptions): boolean {
  const rested = isResting(state, options);
  // While it rests there is nothing to count: the rest begins anew.
  if (!rested) state.fails = now - state.checked < options.failTimeout ? state.fails + 1 : 1;
  state.checked = now;
  state.trying = false;
  return !rested && isResting(state, options);
}

/** A request to the server succeeded; true when its rest ends with that, for the log and the slow start. */
export function succeeded(state: PassiveHealth): boolean {
  if (!state.trying) return false;
  state.fails = 0;
  state.trying = false;
  return true;
}

function isResting(state: PassiveHealth, { maxFails }: PassiveOptions): boolean {
  return maxFails > 0 && state.fails >= maxFails;
}
