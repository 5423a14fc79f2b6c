/**
 * What went wrong in a process that loads a handler, as it is told to whoever started it.
 *
 * @module
 */
import { type ErrorCode, StackdError } from "../errors.ts";
import { describeThrown } from "./stack.ts";

/** Longest detail that is told, characters. */
const MAX_DETAIL = 32_768;

/** An error of ours, and its detail no longer than it may be. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly detail: string | null;
  readonly exitCode: 1 | 2;
}

/** `thrown` as it is told; what is no `StackdError`, which takes a mistake of ours, is told as `otherwise`, with its stack. */
export function failureOf(thrown: unknown, otherwise: Pick<Failure, "code" | "message">): Failure {
  if (!(thrown instanceof StackdError)) {
    return { ...otherwise, detail: describeThrown(thrown).slice(0, MAX_DETAIL), exitCode: 1 };
  }
  const { code, message, detail, exitCode } = thrown;
  return { code, message, detail: detail?.slice(0, MAX_DETAIL) ?? null, exitCode };
}
