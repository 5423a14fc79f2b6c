/**
 * A request that a route does not take, though there is nothing wrong with it.
 *
 * @module
 */
import type { Field } from "../http1/answer.ts";
import { Reject } from "../http1/reject.ts";

/** 401, 403 or 429, with what the answer says beyond its status. */
export class Refusal extends Reject {
  readonly fields: readonly Field[];

  constructor(status: number, why: string, fields: readonly Field[] = []) {
    super(status, why);
    this.fields = fields;
  }
}
