/**
 * The main of the isolate in which a confined handler runs: a Web Worker with the handler's permissions, inside of a process that
 * the kernel confines.
 *
 * @module
 */
import { mayCache } from "../confine/environment.ts";
import { limitThread } from "../confine/thread_limits.ts";
import { giveUpStart } from "../confine/worker_permissions.ts";
import { accessLogTo, openAccessLog } from "../observe/access_log.ts";
import { setLogLevel } from "../observe/log.ts";
import type { SocketFile } from "../process/unix_path.ts";
import { temporaryPath } from "../process/unix_path.ts";
import { denyCaches, reportDenials } from "./denials.ts";
import type { IsolateCommand, IsolateMessage } from "./isolate_messages.ts";
import { Serving, type ServingHost } from "./serving.ts";
import { surviveMistakes } from "./survive.ts";

const self = globalThis as unknown as {
  onmessage: ((event: MessageEvent<IsolateCommand>) => void) | null;
};

self.onmessage = ({ data, ports: [port] }) => {
  self.onmessage = null;
  if (data.type !== "start" || port === undefined) return;
  leaveNoTrace();
  run(data, port);
};

function run(start: Extract<IsolateCommand, { type: "start" }>, port: MessagePort): void {
  const { options, permissions, needs, limits, gated } = start;
  setLogLevel(options.logLevel);
  const say = (message: IsolateMessage) => port.postMessage(message);
  const exit = Deno.exit;
  const logged: (() => void)[] = [];
  const host: ServingHost = {
    say,
    openLog: (target) =>
      target.kind === "off" ? openAccessLog(target) : accessLogTo({
        write(bytes) {
          say({ type: "log", bytes: new Uint8Array(bytes) });
          return new Promise((resolve) => logged.push(() => resolve(bytes.length)));
        },
        close() {},
      }, target.format),
    bind: (file: SocketFile, listen) => ({
      server: listen(temporaryPath(file.path)),
      identity: { device: 0, inode: 0 }, // the process knows, which puts it in its place
    }),
    async sealed() {
      if (needs.libc !== null) limitThread(limits, needs.libc);
      await giveUpStart(permissions, needs);
      say({ type: "sealed" });
      if (options.learn) {
        const { learn } = await import("./learn.ts");
        return learn(needs.readable, options.code, (kind, value) => say({ type: "touched", kind, value }));
      }
      // In this order: a denied import is reported as every other access.
      reportDenials();
      if (!mayCache(permissions)) denyCaches(permissions);
      if (!gated) return;
      const { gateImports } = await import("./import_gate.ts");
      gateImports(needs.readable, permissions.read);
    },
  };
  const serving = new Serving(options, host);
  const end = (code: number) => {
    say({ type: "exit", code });
    exit(code);
  };
  // In a Web Worker it would end the isolate alone. `process.exit()` calls it; to name that here would load node's half.
  Deno.exit = (code = 0) => end(code) as never;
  surviveMistakes();
  port.onmessage = ({ data }: MessageEvent<IsolateCommand>) => {
    if (data.type === "ping") say({ type: "pong", stats: serving.stats() });
    else if (data.type === "broken") serving.break(data.text);
    else if (data.type === "drain") serving.drain(data.timeout).then(end);
    else if (data.type === "logged") logged.shift()?.();
  };
  serving.start().then((serves) => serves || end(1));
}

/** A handler is to find what it finds unconfined: it is nobody's Web Worker. */
function leaveNoTrace(): void {
  for (const name of ["postMessage", "onmessage", "onmessageerror", "close", "name"]) {
    Object.defineProperty(globalThis, name, { value: undefined, configurable: true, writable: true });
  }
}
