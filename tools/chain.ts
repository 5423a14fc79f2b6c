/**
 * The whole chain from source, as processes: client to proxy to gateway to the handler in examples/. `deno task start`
 * runs it once, `deno task dev` again after every change.
 *
 * @module
 */
import { join } from "@std/path";
import { type Guard, guardAgainstDeath } from "./orphans.ts";
import { pause, ROOT, send, ToolError } from "./tool.ts";

const HOST = "127.0.0.1";
/** How long the chain may take until both ends accept connections, in milliseconds. */
const READY_TIMEOUT = 30_000;
/** How long requests in flight have when the chain is ended, in seconds. */
const GRACE = 5;
/** How long each process may take to end after TERM, in milliseconds: more than its grace. */
const STOP_TIMEOUT = 10_000;

type Address = Deno.ConnectOptions | Deno.UnixConnectOptions;

/** One process of the chain. */
interface Part {
  name: string;
  process: Deno.ChildProcess;
}

/**
 * Runs the chain until `stop` aborts or a part of it ends; nothing of it is left then.
 *
 * @returns Why it ended, or undefined when it was asked to.
 * @throws {ToolError} The port is taken.
 */
export async function runChain(port: number, stop: AbortSignal): Promise<string | undefined> {
  assertFree(port);
  const directory = await Deno.makeTempDir({ prefix: "stackd-start-" });
  const socket = join(directory, "app.sock");
  const parts: Part[] = [];
  const guards: Guard[] = [];
  const over = new AbortController();
  const begin = (command: string, ...options: string[]): Promise<string> => {
    const part = startPart(command, ...options);
    parts.unshift(part); // the proxy ends before the gateway that it needs
    guards.push(guardAgainstDeath([part.process.pid], directory));
    return endOf(part);
  };
  const gateway = begin("gateway", "--socket", socket, "examples/hello/app.ts");
  const ended = Promise.withResolvers<string | undefined>();
  const settle = (why: string | undefined) => {
    over.abort();
    ended.resolve(why);
  };
  aborted(stop).then(() => settle(undefined));
  gateway.then(settle);
  try {
    // The gateway first: a proxy that is ready before it would answer the first visitor with 502.
    let ready = await accepting({ transport: "unix", path: socket }, over.signal);
    if (ready) {
      const upstream = `/hello=unix:${socket}`;
      begin("proxy", "--listen", `${HOST}:${port}`, "--upstream", upstream, "--static", "/=examples/site").then(settle);
      ready = await accepting({ hostname: HOST, port }, over.signal);
    }
    if (ready) console.log(invitation(port));
    else if (!over.signal.aborted) {
      return `Cannot start: the chain did not accept connections within ${READY_TIMEOUT / 1000} s`;
    }
    return await ended.promise;
  } finally {
    for (const part of parts) await stopPart(part);
    for (const guard of guards) await guard.release();
    await Deno.remove(directory, { recursive: true });
  }
}

/** Starts one of stackd's commands from source, with the Deno that runs this. */
function startPart(command: string, ...options: string[]): Part {
  const stackd = [command, "--graceful-timeout", String(GRACE), ...options];
  const args = ["run", "--allow-all", "--frozen", "cli.ts", ...stackd];
  return { name: command, process: new Deno.Command(Deno.execPath(), { args, cwd: ROOT, stdin: "null" }).spawn() };
}

async function stopPart({ process }: Part): Promise<void> {
  send(process, "SIGTERM");
  const timer = setTimeout(() => send(process, "SIGKILL"), STOP_TIMEOUT);
  await process.status;
  clearTimeout(timer);
}

async function endOf({ name, process }: Part): Promise<string> {
  const { code } = await process.status;
  return `Cannot go on: the ${name} ended with exit code ${code}`;
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

/** Whether an address accepts connections; asked until it does, time is up or `over` aborts. */
async function accepting(address: Address, over: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + READY_TIMEOUT;
  while (!await accepts(address)) {
    if (over.aborted || performance.now() > deadline) return false;
    await pause(50);
  }
  return !over.aborted;
}

async function accepts(address: Address): Promise<boolean> {
  try {
    const connection = await ("path" in address ? Deno.connect(address) : Deno.connect(address));
    connection.close();
    return true;
  } catch {
    return false;
  }
}

/** Says that the port is taken before anything runs: whoever has it would look like a proxy that is ready. */
function assertFree(port: number): void {
  try {
    Deno.listen({ hostname: HOST, port }).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new ToolError(`Cannot start: the address "${HOST}:${port}" is in use; choose another port with --port`);
  }
}

function invitation(port: number): string {
  const url = `http://${HOST}:${port}/`;
  return `stackd is up; Ctrl-C ends it. Open ${url} or try\n\n    curl -s ${url}hello/say/\n`;
}
