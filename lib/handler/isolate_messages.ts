/**
 * What a confined worker's process and its handler's isolate say to each other. What the isolate says is believed of itself only,
 * as the supervisor believes a worker: the handler runs there.
 *
 * @module
 */
import type { Permissions } from "../config/permissions.ts";
import type { ThreadLimits } from "../confine/thread_limits.ts";
import type { StartNeeds } from "../confine/worker_permissions.ts";
import type { SupervisorMessage, WorkerMessage, WorkerOptions } from "../process/messages.ts";

/** From the process to the isolate; the first comes with the port on which all others do. */
export type IsolateCommand =
  | {
    readonly type: "start";
    readonly options: WorkerOptions;
    readonly permissions: Permissions;
    readonly needs: StartNeeds;
    /** What its thread, and what it starts, may not do when it listens. */
    readonly limits: ThreadLimits;
    /** Whether its imports are looked at. */
    readonly gated: boolean;
  }
  | Exclude<SupervisorMessage, { readonly type: "start" | "reopen" }>
  /** What was to be written to the access log is. */
  | { readonly type: "logged" };

/** From the isolate to the process. */
export type IsolateMessage =
  | WorkerMessage
  /** It listens, and has given the permission for that back. */
  | { readonly type: "sealed" }
  /** Lines of the access log. */
  | { readonly type: "log"; readonly bytes: Uint8Array<ArrayBuffer> }
  /** It has ended, or the handler has called `Deno.exit()`. */
  | { readonly type: "exit"; readonly code: number };
