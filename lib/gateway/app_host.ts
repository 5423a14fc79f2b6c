/**
 * What the applications of a gateway have in common, and what their workers are told.
 *
 * @module
 */
import type { AppOptions, GatewayOptions } from "../config/options.ts";
import { EVERYTHING } from "../config/permissions.ts";
import type { CodeCache } from "../handler/code/code_cache.ts";
import type { WorkerOptions } from "../process/messages.ts";
import type { PrivateDirectory } from "../process/private_dir.ts";
import type { WorkerHandle } from "../process/worker_handle.ts";

/** What an application has in common with the others of its gateway. */
export interface AppHost {
  readonly options: GatewayOptions;
  /** The text of the module that came on standard input; null for none. */
  input(): string | null;
  readonly directory: PrivateDirectory;
  /** Whether its one worker serves the public socket itself. */
  readonly direct: boolean;
  /** The path of a private socket that no process has had yet; null where there is no front. */
  newSocket(): string | null;
  /** Where what was found out about code is kept between starts; null: nowhere. */
  readonly cache: CodeCache | null;
  /** The path of a directory for code that nothing has been in yet. */
  newCode(): string;
  /** The code of a generation is prepared; its workers are not started yet. */
  prepared(): void;
  /** Which workers serve has changed; settles when requests go to them, and to no others. */
  changed(): Promise<void>;
  /** Which workers owe the answer to a ping has changed. */
  silenced(): void;
  /** A worker is stuck, and about to be replaced. */
  stuck(worker: WorkerHandle): void;
}

/** Which worker, of which load of the handler. */
export interface WorkerPlace {
  /** From 1. */
  readonly workerId: number;
  readonly generation: number;
  /** The handler module's absolute path. */
  readonly module: string;
  /** The directory with its code. */
  readonly code: string;
}

/** What a worker of an application is told; each has a private socket of its own. */
export function workerOptions(app: AppOptions, host: AppHost, place: WorkerPlace): WorkerOptions {
  const { prefix, exportName, permissions } = app, { workerId, generation, module, code } = place;
  const { socket, socketMode, socketOwner, listenBacklog, trustedProxies } = host.options;
  const { accessLog, logLevel, requestTimeout, watch, learn } = host.options;
  return {
    workerId,
    module,
    code,
    exportName,
    prefix: prefix === "/" ? "" : prefix,
    socket: host.direct && socket !== null ? { path: socket, mode: socketMode, owner: socketOwner } : null,
    backlog: listenBacklog,
    // Every process has a socket of its own, so that no request meant for one can reach another.
    privateSocket: host.newSocket(),
    trustedProxies,
    accessLog,
    logLevel,
    requestTimeout,
    watch: watch ? generation : null,
    permissions: learn ? EVERYTHING : permissions,
    learn,
  };
}
