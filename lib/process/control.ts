/**
 * The control socket: how `stackd reload`, `stop` and `status` talk to the one that runs. A request is one line of JSON, its
 * answer another; who may open the socket, mode 600, may do everything.
 *
 * @module
 */
import { messageOf, StackdError } from "../errors.ts";
import { logError } from "../observe/log.ts";
import { type ClientServer, endClient, serveClients, writeAll } from "./client_server.ts";
import { type Status, toUwsgiStats, type UwsgiStats } from "./status.ts";

/** What can be asked for. */
export type ControlRequest =
  | { readonly command: "status" }
  /** Answered when the new generation serves, or has failed to. */
  | { readonly command: "reload" }
  /** Answered when the program that is on disk now serves, or has failed to. */
  | { readonly command: "upgrade" }
  /** Answered at once; the end follows. */
  | { readonly command: "stop" }
  /** `app`: the prefix of the app that is meant; may be missing where there is one only. */
  | { readonly command: "workers"; readonly change: 1 | -1; readonly app?: string };

/** It was done. */
export interface ControlDone {
  readonly ok: true;
  /** To "status". */
  readonly status?: UwsgiStats;
  /** To "upgrade": the process that serves now. */
  readonly pid?: number;
  /** To "workers": how many there are to be now. */
  readonly workers?: number;
}

/** It was not done, and why. */
export interface ControlFailure {
  readonly ok: false;
  readonly message: string;
  /** As a `StackdError` has it. */
  readonly detail: string | null;
}

/** What comes back. */
export type ControlAnswer = ControlDone | ControlFailure;

/** What the requests do. */
export interface ControlHandlers {
  status(): Status;
  /** Throws a `StackdError` when the new generation cannot serve. Clients may ask for several reloads at once. */
  reload(): Promise<void>;
  /** Begins the stop. Called when the answer is on its way. */
  stop(): void;
  /** Gives the process that serves now. Throws a `StackdError` when none does. */
  upgrade(): Promise<number>;
  /** Ends this process after an upgrade. Called when the answer is on its way. */
  retire(): void;
  /** Returns how many workers the app is to have now; null names the only one. Missing where their number is fixed. */
  changeWorkers?(by: 1 | -1, app: string | null): number;
}

/** The longest request, characters. */
const MAX_REQUEST = 4_096;
/** How long a client may take over its next request, and over reading an answer, ms. */
const CLIENT_TIMEOUT = 10_000;
const MAX_CLIENTS = 32;

/**
 * Serves the control socket at `path`.
 *
 * @param path Absolute.
 * @param timeout After this time, ms, a client that sends no whole request, or does not read its answer, is dropped.
 * @throws {StackdError} As `claimSocketPath()` and `bindSocket()` do (exit 1).
 */
export function startControl(
  path: string,
  handlers: ControlHandlers,
  timeout: number = CLIENT_TIMEOUT,
): Promise<ClientServer> {
  const serve = (conn: Deno.Conn, answering: (answer: Promise<unknown>) => void) =>
    new ControlClient(conn, handlers, timeout).serve(answering);
  return serveClients({ transport: "unix", path }, { mode: 0o600, most: MAX_CLIENTS, serve });
}

/** One client of the control socket. */
class ControlClient {
  readonly #conn: Deno.Conn;
  readonly #handlers: ControlHandlers;
  readonly #timeout: number;
  readonly #lines: LineReader;

  constructor(conn: Deno.Conn, handlers: ControlHandlers, timeout: number) {
    this.#conn = conn;
    this.#handlers = handlers;
    this.#timeout = timeout;
    this.#lines = new LineReader(conn, MAX_REQUEST);
  }

  /** Answers one request after the other, and tells `answering` of each. Rejects when the client is gone or too slow. */
  async serve(answering: (answer: Promise<unknown>) => void): Promise<void> {
    while (true) {
      const line = await this.#inTime(() => this.#lines.next());
      if (line === null) return;
      const request = line === "too long" ? null : parseJson(line.text);
      if (request === null) {
        const state = line === "too long" ? `longer than ${MAX_REQUEST} characters` : "no JSON object";
        return await this.#refuse(`Cannot take a request: ${state}`);
      }
      const answer = this.#answer(request);
      answering(answer);
      await answer;
    }
  }

  async #answer(request: object): Promise<void> {
    const stop = Reflect.get(request, "command") === "stop";
    const answer: ControlAnswer = stop ? { ok: true } : await answerTo(request, this.#handlers);
    try {
      await this.#send(answer);
    } finally {
      // The client's leaving does not take it back.
      if (stop) this.#handlers.stop();
      if (answer.ok && answer.pid !== undefined) this.#handlers.retire();
    }
  }

  /** Answers what is no request. What follows it would make no sense either, and is passed over. */
  async #refuse(message: string): Promise<void> {
    await this.#send({ ok: false, message, detail: null });
    await this.#inTime(async () => {
      await this.#conn.closeWrite();
      // A socket that is closed with bytes unread takes the answer with it.
      for (const rest = new Uint8Array(4_096); await this.#conn.read(rest) !== null;);
    });
  }

  #send(answer: ControlAnswer): Promise<void> {
    return this.#inTime(() => writeAll(this.#conn, `${JSON.stringify(answer)}\n`));
  }

  async #inTime<T>(act: () => Promise<T>): Promise<T> {
    const timer = setTimeout(() => endClient(this.#conn), this.#timeout);
    try {
      return await act();
    } finally {
      clearTimeout(timer);
    }
  }
}

async function answerTo(request: object, handlers: ControlHandlers): Promise<ControlAnswer> {
  try {
    switch (Reflect.get(request, "command")) {
      case "status":
        return { ok: true, status: toUwsgiStats(handlers.status()) };
      case "reload":
        await handlers.reload();
        return { ok: true };
      case "upgrade":
        return { ok: true, pid: await handlers.upgrade() };
      case "workers": {
        const change = Reflect.get(request, "change"), app = Reflect.get(request, "app") ?? null;
        if (change !== 1 && change !== -1) return failure("Cannot change the workers: the change is 1 or -1");
        if (handlers.changeWorkers === undefined) {
          return failure("Cannot change the workers: their number is fixed here");
        }
        if (app !== null && typeof app !== "string") return failure("Cannot change the workers: the app is no prefix");
        return { ok: true, workers: handlers.changeWorkers(change, app) };
      }
      default:
        return failure("Cannot take a request: its command is none of status, reload, upgrade, stop, workers");
    }
  } catch (thrown) {
    if (thrown instanceof StackdError) return failure(thrown.message, thrown.detail);
    logError(`A request on the control socket failed, this is a bug in stackd: ${messageOf(thrown)}`);
    return failure(`Cannot do that: ${messageOf(thrown)}`);
  }
}

function failure(message: string, detail: string | null = null): ControlFailure {
  return { ok: false, message, detail };
}

/**
 * Asks the stackd whose control socket is at `path`. A failure there is an answer, not an error.
 *
 * @param timeout How long the answer may take, ms; null for any time. @default {null} for a reload and an upgrade, else 10 s
 * @throws {StackdError} Exit 1, when nobody answers or somebody else does.
 */
export async function askControl(
  path: string,
  request: ControlRequest,
  timeout: number | null = request.command === "reload" || request.command === "upgrade" ? null : CLIENT_TIMEOUT,
): Promise<ControlAnswer> {
  const fail = (state: string, cause?: unknown) =>
    new StackdError(UNREACHABLE, `Cannot ask stackd at "${path}" to ${VERBS[request.command]}: ${state}`, {
      exitCode: 1,
      cause,
    });
  const conn = await Deno.connect({ transport: "unix", path }).catch((thrown) => {
    throw fail(whyUnreachable(path, thrown), thrown);
  });
  let late = false;
  const timer = timeout === null ? undefined : setTimeout(() => {
    late = true;
    conn.close();
  }, timeout);
  try {
    const lines = new LineReader(conn, MAX_ANSWER);
    const line = await writeAll(conn, `${JSON.stringify(request)}\n`).then(() => lines.next()).catch(() => null);
    if (late) throw fail("it does not answer");
    if (line === null) throw fail("it ended before it answered");
    const answer = line === "too long" ? null : parseJson(line.text);
    if (!isAnswer(answer)) throw fail("who answers there is no stackd");
    return answer;
  } finally {
    clearTimeout(timer);
    if (!late) conn.close();
  }
}

/** The code of every failure to get an answer. */
const UNREACHABLE = "STACKD_CONTROL";
/** The longest answer that is taken, characters: the status of a thousand workers. */
const MAX_ANSWER = 1_048_576;
const VERBS = {
  status: "tell its status",
  reload: "reload",
  upgrade: "upgrade",
  stop: "stop",
  workers: "change its workers",
} as const;

function whyUnreachable(path: string, thrown: unknown): string {
  if (thrown instanceof Deno.errors.PermissionDenied) return "permission denied, only the user that runs it may";
  if (thrown instanceof Deno.errors.NotFound || thrown instanceof Deno.errors.NotADirectory) {
    return "no stackd is running there";
  }
  if (!(thrown instanceof Deno.errors.ConnectionRefused)) return messageOf(thrown);
  try {
    if (!Deno.statSync(path).isSocket) return "it is no socket";
  } catch { /* it was removed just now */ }
  return "no stackd is running there, it left its socket behind";
}

function isAnswer(value: object | null): value is ControlAnswer {
  if (value === null) return false;
  const [ok, message, detail] = ["ok", "message", "detail"].map((name) => Reflect.get(value, name));
  return ok === true ||
    (ok === false && typeof message === "string" && (detail === null || typeof detail === "string"));
}

function parseJson(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

/** Reads a connection line by line. */
class LineReader {
  readonly #conn: Deno.Conn;
  readonly #most: number;
  #pending = "";
  readonly #decoder = new TextDecoder();
  readonly #chunk = new Uint8Array(16_384);

  /** @param most The longest line, in characters. */
  constructor(conn: Deno.Conn, most: number) {
    this.#conn = conn;
    this.#most = most;
  }

  /** The next line, the last one also without its newline; null at the end. */
  async next(): Promise<{ readonly text: string } | "too long" | null> {
    let newline = this.#pending.indexOf("\n");
    while (newline === -1 && this.#pending.length <= this.#most) {
      const count = await this.#conn.read(this.#chunk);
      if (count === null) return this.#pending === "" ? null : this.#take(this.#pending.length);
      const text = this.#decoder.decode(this.#chunk.subarray(0, count), { stream: true });
      const at = text.indexOf("\n");
      if (at !== -1) newline = this.#pending.length + at;
      this.#pending += text;
    }
    return newline === -1 || newline > this.#most ? "too long" : this.#take(newline);
  }

  #take(end: number): { readonly text: string } {
    const text = this.#pending.slice(0, end);
    this.#pending = this.#pending.slice(end + 1);
    return { text };
  }
}
