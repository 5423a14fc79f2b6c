/** What a confined handler says as if it were its worker. With the compiled binary. @module */
import { assertEquals } from "@std/assert";
import { EVERYTHING } from "../../lib/config/permissions.ts";
import type { WorkerOptions, WorkerTouched } from "../../lib/process/messages.ts";
import { makePrivateDirectory } from "../../lib/process/private_dir.ts";
import { WorkerHandle } from "../../lib/process/worker_handle.ts";
import { BINARY, TestDirectory } from "../support/stackd.ts";

/** Takes the port by which its worker hears it; at the end it says what is no message. */
const APP = `
const say = MessagePort.prototype.postMessage;
MessagePort.prototype.postMessage = function (...args) {
  Reflect.apply(say, this, [{ type: "touched", kind: "read", value: "/what/was/never/touched" }]);
  Reflect.apply(say, this, args);
  const stats = { requests: NaN, exceptions: 0, inFlight: 0, rss: 0, runningTime: 0 };
  Reflect.apply(say, this, [{ type: "pong", stats }]);
};
export default () => new Response();
`;

Deno.test("what a confined handler says that it has touched is noted by nobody, so that it fills no memory", async () => {
  using directory = new TestDirectory();
  const channels = makePrivateDirectory(), noted: WorkerTouched[] = [];
  const options: WorkerOptions = {
    workerId: 1,
    module: directory.write("app/app.ts", APP),
    code: null,
    exportName: null,
    prefix: "",
    socket: null,
    backlog: 1,
    privateSocket: directory.at("private.sock"),
    trustedProxies: { unix: true, networks: [] },
    accessLog: { kind: "off" },
    logLevel: "error",
    requestTimeout: 0,
    watch: null,
    permissions: { ...EVERYTHING, read: [] },
    learn: false,
  };
  Deno.env.set("STACKD_EXECUTABLE", BINARY);
  try {
    const worker = new WorkerHandle({
      name: "Worker 1",
      options,
      directory: channels,
      bootTimeout: 10_000,
      env: {},
      cwd: null,
      onTouched: (touched) => noted.push(touched),
    });
    const { signal } = await worker.exited;
    assertEquals([signal, noted], ["SIGKILL", []]);
  } finally {
    Deno.env.delete("STACKD_EXECUTABLE");
    channels.remove();
  }
});
