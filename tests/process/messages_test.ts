/** Telling messages from what is none. */
import { assert, assertEquals } from "@std/assert";
import { isSupervisorMessage, isWorkerMessage, type WorkerOptions } from "../../lib/process/messages.ts";

const options: WorkerOptions = {
  requestTimeout: 60_000,
  workerId: 1,
  module: "/srv/app.ts",
  code: "/tmp/stackd-x/code-1",
  exportName: null,
  prefix: "/api",
  socket: { path: "/run/app.sock", mode: 0o660, owner: { uid: 1, gid: 2 } },
  backlog: 4_096,
  privateSocket: null,
  trustedProxies: { unix: false, networks: ["10.0.0.0/8"] },
  accessLog: { kind: "file", path: "/var/log/access.log" },
  logLevel: "warn",
  watch: null,
  permissions: null,
  learn: false,
};

Deno.test("isSupervisorMessage() takes what a supervisor says", () => {
  for (
    const changed of [
      {},
      { socket: null, privateSocket: "/tmp/x" },
      { socket: { ...options.socket, owner: null } },
      { accessLog: { kind: "off" } },
      { accessLog: { kind: "stdout", format: { kind: "json" } } },
      { exportName: "app" },
    ]
  ) assert(isSupervisorMessage({ type: "start", options: { ...options, ...changed } }), JSON.stringify(changed));
  assert(isSupervisorMessage({ type: "drain", timeout: 0 }));
  assert(isSupervisorMessage({ type: "ping" }));
  assert(isSupervisorMessage({ type: "reopen" }));
});

Deno.test("isSupervisorMessage() refuses anything else", () => {
  for (const key of Object.keys(options)) {
    const { [key as keyof WorkerOptions]: _, ...rest } = options;
    assertEquals(isSupervisorMessage({ type: "start", options: rest }), false, `without ${key}`);
  }
  for (
    const value of [
      null,
      "start",
      [],
      {},
      { type: "ready" },
      { type: "start" },
      { type: "drain" },
      { type: "drain", timeout: "1" },
      { type: "start", options: { ...options, workerId: "1" } },
      { type: "start", options: { ...options, socket: {} } },
      { type: "start", options: { ...options, accessLog: { kind: "file" } } },
      { type: "start", options: { ...options, trustedProxies: { unix: false, networks: [1] } } },
    ]
  ) assertEquals(isSupervisorMessage(value), false, JSON.stringify(value));
});

Deno.test("isWorkerMessage() takes what a worker says, and refuses anything else", () => {
  const failed = { type: "failed", code: "STACKD_HANDLER_LOAD", message: "x", detail: null, exitCode: 2 };
  for (
    const value of [
      { type: "loaded" },
      { type: "started" },
      { type: "pong", stats: { requests: 1, exceptions: 0, inFlight: 1, rss: 1, runningTime: 0.5 } },
      { type: "ready", handler: "x", socket: null },
      { type: "ready", handler: "x", socket: { device: 1, inode: 2 } },
      failed,
      { ...failed, detail: "y", exitCode: 1 },
    ]
  ) assert(isWorkerMessage(value), JSON.stringify(value));
  for (
    const value of [
      undefined,
      { type: "drain", timeout: 1 },
      { type: "pong" },
      { type: "pong", stats: { requests: "1", exceptions: 0, inFlight: 1, rss: 1, runningTime: 0.5 } },
      { type: "ready" },
      { type: "ready", handler: "x" },
      { type: "ready", handler: "x", socket: { device: 1 } },
      { ...failed, exitCode: 0 },
      { ...failed, code: "ENOENT" },
      { ...failed, detail: 1 },
    ]
  ) assertEquals(isWorkerMessage(value), false, JSON.stringify(value));
});
