/**
 * What a running stackd says of itself, with uWSGI's names where it has them.
 *
 * @module
 */
import { formatAddress } from "../config/address.ts";
import type { ListenAddress } from "../config/options.ts";
import type { FrontCounts } from "./front_process.ts";
import type { ProcessState } from "./process_handle.ts";

/** One worker, as its supervisor knows it. Counters go on when its process is replaced, as uWSGI's do. */
export interface WorkerStatus {
  /** The prefix of the app that it serves; `/` where there is one app only. */
  readonly app: string;
  /** 1 for the first one of an app. */
  readonly id: number;
  /** Null while there is no process: it waits to be started again. */
  readonly pid: number | null;
  /** What it does. */
  readonly state: "starting" | "ready" | "draining" | "stopped";
  /** Whether it owes the answer to a ping, so that requests go to others. */
  readonly silent: boolean;
  /** Which load of the module it serves, from 1. */
  readonly generation: number;
  /** Requests that it has now. */
  readonly inFlight: number;
  /** Requests that were answered. */
  readonly requests: number;
  /** Requests whose handler threw. */
  readonly exceptions: number;
  /** Requests that were given up by --request-timeout, or died with a stuck process. */
  readonly timeouts: number;
  /** Resident memory, bytes. */
  readonly rss: number;
  /** Address space, bytes. */
  readonly vsz: number;
  /** Time spent on all requests, ms. */
  readonly runningTime: number;
  /** Time that a request takes at present, ms. */
  readonly averageTime: number;
  /** When its process was started, ms since 1970; 0 for never. */
  readonly spawnedAt: number;
  /** How often its process was started again. */
  readonly respawns: number;
  /** Bytes that were sent to clients. */
  readonly sent: number;
}

/** A process that takes clients' requests to workers, as it last said of itself. */
export interface FrontStatus extends FrontCounts {
  readonly pid: number;
  readonly state: ProcessState;
}

/** A running stackd. */
export interface Status {
  readonly version: string;
  readonly state: "starting" | "ready" | "draining";
  readonly pid: number;
  /** Null where the system has no such thing. */
  readonly uid: number | null;
  readonly gid: number | null;
  readonly cwd: string;
  /** ms. */
  readonly uptime: number;
  /** How many generations of workers there have been. */
  readonly generation: number;
  readonly listen: readonly ListenAddress[];
  /** Requests that a worker, or its upstream, has now. */
  readonly inFlight: number;
  /** Clients that have connected, and that nobody has accepted yet. */
  readonly listenQueue: number;
  readonly fronts: readonly FrontStatus[];
  readonly workers: readonly WorkerStatus[];
}

/** The JSON's shape: uWSGI's units are µs, s and bytes. */
export type UwsgiStats = ReturnType<typeof toUwsgiStats>;

/** What uwsgitop and exporters for uWSGI read, and what is stackd's own. Only looks: no counter changes by being read. */
export function toUwsgiStats(status: Status) {
  const queued = status.fronts.reduce((sum, front) => sum + front.queued, 0);
  return {
    version: status.version,
    listen_queue: status.listenQueue,
    listen_queue_errors: 0,
    signal_queue: 0,
    load: status.listenQueue + queued, // with uWSGI too: what waits, not what is being done
    pid: status.pid,
    uid: status.uid ?? 0,
    gid: status.gid ?? 0,
    cwd: status.cwd,
    state: status.state,
    uptime: Math.floor(status.uptime / 1_000),
    generation: status.generation,
    listen: status.listen.map(formatAddress),
    in_flight: status.inFlight,
    queued,
    fronts: status.fronts.map(({ pid, state, connections, inFlight, queued }) => ({
      pid,
      state,
      connections,
      in_flight: inFlight,
      queued,
    })),
    // Each app has a worker 1, and who reads this tells workers apart by their numbers.
    workers: status.workers.map((worker, index) => toUwsgiWorker(worker, index + 1)),
  };
}

function toUwsgiWorker(worker: WorkerStatus, id: number) {
  const { pid, state, inFlight, requests, exceptions } = worker;
  return {
    id,
    pid: pid ?? 0,
    accepting: state === "ready" && !worker.silent ? 1 : 0,
    requests,
    exceptions,
    harakiri_count: worker.timeouts,
    signals: 0,
    signal_queue: 0,
    // "cheap" is uWSGI's word for a worker without a process.
    status: pid === null ? "cheap" : inFlight > 0 ? "busy" : "idle",
    rss: worker.rss,
    vsz: worker.vsz,
    running_time: Math.round(worker.runningTime * 1_000),
    last_spawn: Math.floor(worker.spawnedAt / 1_000),
    respawn_count: worker.respawns,
    tx: worker.sent,
    avg_rt: Math.round(worker.averageTime * 1_000),
    apps: [{
      id: 0,
      modifier1: 0,
      mountpoint: worker.app === "/" ? "" : worker.app,
      startup_time: 0,
      requests,
      exceptions,
      chdir: "",
    }],
    cores: [],
    state,
    app: worker.app,
    worker_id: worker.id,
    generation: worker.generation,
    in_flight: inFlight,
  };
}
