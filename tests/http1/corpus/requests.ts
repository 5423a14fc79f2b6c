/**
 * Every way a client can speak that stackd must take or refuse: bytes and their outcome, grouped by the section they stand on.
 *
 * @module
 */
import type { Group, RequestCase } from "./case.ts";
import { BODIES } from "./requests_body.ts";
import { FORWARDING } from "./requests_forwarding.ts";
import { HEADS } from "./requests_head.ts";

/** All of them. */
export const REQUESTS: readonly Group<RequestCase>[] = [...HEADS, ...BODIES, ...FORWARDING];
