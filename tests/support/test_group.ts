/**
 * Groups of test upstreams, what they are asked with, and servers that misbehave.
 *
 * @module
 */
import { DEFAULTS } from "../../lib/config/defaults.ts";
import type { GroupOptions, ServerOptions } from "../../lib/config/group_options.ts";
import { plainGroup } from "../../lib/config/groups.ts";
import type { UpstreamTarget } from "../../lib/config/options.ts";
import { plainRoute, type RouteOptions } from "../../lib/config/route_options.ts";
import { get } from "../http1/corpus/case.ts";
import type { RawClient } from "./raw_http.ts";
import { until } from "./until.ts";
import { answering, reply, type Script, type TestUpstream } from "./test_upstream.ts";

/** A group called "g" of these servers; `servers` says what each of them has beside the defaults. */
export function groupOf(
  upstreams: readonly Pick<TestUpstream, "target">[],
  changes: Partial<GroupOptions> = {},
  servers: readonly Partial<ServerOptions>[] = [],
): GroupOptions {
  const group = plainGroup(upstreams.map(({ target }) => target), DEFAULTS.upstream);
  return { ...group, name: "g", servers: group.servers.map((server, i) => ({ ...server, ...servers[i] })), ...changes };
}

/** A route to a group. */
export function routeTo(group: GroupOptions, prefix = "/"): RouteOptions {
  return plainRoute(prefix, { kind: "upstream", group });
}

/** Answers every request with its name. */
export function named(name: string): Script {
  return answering(reply(name));
}

/** Closes the connection of every request that has come whole. */
export const DEAD: Script = async (request, peer) => {
  await request.finished;
  peer.close();
};

/** Takes every request and says nothing. */
export const SILENT: Script = () => {};

/** The body of a 200, or the status: what a group test wants to know. */
export async function ask(client: RawClient, request: string = get()): Promise<string> {
  await client.send(request);
  const response = await client.response({ toHead: request.startsWith("HEAD") });
  return response.status === 200 ? response.body : String(response.status);
}

/** {@linkcode ask} `n` times in a row. */
export async function askTimes(n: number, client: RawClient, request?: string): Promise<string[]> {
  const answers: string[] = [];
  for (let i = 0; i < n; i++) answers.push(await ask(client, request));
  return answers;
}

/** `GET path`. */
export function getPath(path: string, ...lines: string[]): string {
  return get(...lines).replace("GET / ", `GET ${path} `);
}

/** A server whose port refuses connections. */
export function refusing(): { readonly target: UpstreamTarget & { readonly transport: "tcp" } } {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return { target: { transport: "tcp", hostname: "127.0.0.1", port: listener.addr.port } };
}

/** Time since the call, ms. */
export function stopwatch(): () => number {
  const start = performance.now();
  return () => performance.now() - start;
}

/** A TCP listener that lets everybody wait: its queue is full and nobody is accepted. */
export class FullListener implements AsyncDisposable {
  readonly target: UpstreamTarget;
  readonly #listener: Deno.TcpListener;
  readonly #waiting: Promise<Deno.Conn | null>[] = [];

  private constructor(listener: Deno.TcpListener) {
    this.#listener = listener;
    this.target = { transport: "tcp", hostname: "127.0.0.1", port: listener.addr.port };
  }

  static async start(): Promise<FullListener> {
    const full = new FullListener(Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 }));
    while (await full.#fill());
    return full;
  }

  /** One more; false when it has to wait. */
  async #fill(): Promise<boolean> {
    const { port } = this.#listener.addr;
    const conn = Deno.connect({ hostname: "127.0.0.1", port }).catch(() => null);
    this.#waiting.push(conn);
    const late = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => late.resolve(false), 200);
    const entered = await Promise.race([conn.then(() => true), late.promise]);
    clearTimeout(timer);
    return entered;
  }

  /** Takes everybody who still wants to connect, and closes them. */
  async [Symbol.asyncDispose](): Promise<void> {
    const taken: Deno.Conn[] = [];
    const accepting = (async () => {
      for await (const conn of this.#listener) taken.push(conn);
    })();
    for (const conn of await Promise.all(this.#waiting)) conn?.close();
    await until("the others have come", () => taken.length >= this.#waiting.length);
    this.#listener.close();
    await accepting;
    for (const conn of taken) conn.close();
  }
}
