/**
 * The one place where defaults stand. Flags carry none; help and docs print these.
 *
 * @module
 */
import type { GroupOptions } from "./group_options.ts";
import type { AccessLogTarget, Limits, LogLevel, UpstreamLimits } from "./options.ts";

const limits: Limits = Object.freeze({
  maxHeadSize: 16_384, // Caddy's and Node's
  maxRequestLine: 8_192, // nginx's large_client_header_buffers
  maxFields: 100, // gunicorn's
  maxBody: 1_048_576, // nginx's client_max_body_size
  headerTimeout: 10_000,
  bodyTimeout: 30_000,
  keepaliveTimeout: 75_000, // nginx's
  writeTimeout: 60_000, // nginx's send_timeout
  keepaliveRequests: 1_000, // nginx's
  maxConnections: 4_096,
  maxConnectionsPerClient: 0,
  allowUnderscores: false, // nginx's underscores_in_headers
});

const upstream: UpstreamLimits = Object.freeze({
  connectTimeout: 5_000,
  readTimeout: 60_000, // nginx's proxy_read_timeout
  streamTimeout: null,
  idleTimeout: 60_000, // nginx's keepalive_timeout in an upstream block
  maxIdle: 64,
});

const group: Omit<GroupOptions, "name" | "servers" | "limits"> = Object.freeze({
  policy: "round-robin",
  hashKey: Object.freeze({ kind: "client" }),
  stickyCookie: null,
  maxFails: 1, // nginx's
  failTimeout: 10_000, // nginx's
  slowStart: 0,
  healthCheck: null,
  queue: 1_024,
  queueTimeout: 5_000,
  waitForServer: false,
  maxTries: 0,
  resolveInterval: 30_000,
});

const accessLog: AccessLogTarget = Object.freeze({ kind: "stdout" });

/** Every default, by the name of its option type; times in milliseconds, sizes in bytes. */
export const DEFAULTS = Object.freeze({
  limits,
  upstream,
  group,
  readAhead: 1_073_741_824, // nginx's proxy_max_temp_file_size
  socketMode: 0o660,
  uwsgiAllowFrom: Object.freeze(["127.0.0.0/8", "::1"]) as readonly string[],
  listenBacklog: 4_096, // what Linux caps it at by default; nginx asks for 511
  logLevel: "info" as LogLevel,
  accessLog, // as a container's log collector expects it
  gracefulTimeout: 30_000, // gunicorn's graceful_timeout
  bootTimeout: 30_000,
  workers: 1,
  workerRequests: 256,
  requestTimeout: 60_000,
  pingTimeout: 2_000,
});
