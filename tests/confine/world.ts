/** A gateway with a handler that tries to get out, and what it tries to get at. @module */
import { fromFileUrl, resolve } from "@std/path";
import { selfCommand } from "../../lib/process/self.ts";
import { freePort } from "../support/free_port.ts";
import { BINARY, Running, TestDirectory } from "../support/stackd.ts";
import type { World } from "./app/attempt.ts";

/** How stackd is run. */
export type Mode = "compiled" | "source";

/** How long an attempt may take, ms. */
const LONGEST = 3_000;

/** Starts stackd. */
export function start(mode: Mode, args: readonly string[], env: Record<string, string> = {}): Running {
  const options = { env: { STACKD_TEST_SECRET: "secret", ...env } };
  if (mode === "compiled") return new Running(BINARY, args, options);
  const { program, args: all } = selfCommand(args);
  return new Running(program, all, options);
}

/** A handler's directory, and what lies outside of it. */
export class Surroundings implements AsyncDisposable {
  readonly #directory = new TestDirectory();
  readonly #servers: { shutdown(): Promise<void> }[] = [];
  /** The handler's module. */
  readonly module: string;
  readonly world: Omit<World, "supervisor">;

  private constructor(port: number, free: number) {
    const at = (name: string) => this.#directory.at(name);
    const source = fromFileUrl(new URL("app/", import.meta.url));
    for (const { name } of Deno.readDirSync(source)) {
      this.#directory.write(`app/${name}`, Deno.readTextFileSync(resolve(source, name)));
    }
    const files = {
      "secret.txt": "secret\n",
      "secret.json": `{ "is": "secret" }`,
      "secret.ts": `export default "secret" as string;`,
      "secret.cjs": `module.exports = "secret";`,
      "worker.ts": `postMessage("secret" as string);`,
      ".env": "STACKD_TEST_LOADED=secret\n",
      "secret.db": "",
      "old-1": "",
      "old-2": "",
      "old-3": "",
    };
    for (const [name, text] of Object.entries(files)) this.#directory.write(`outside/${name}`, text);
    for (const name of ["txt", "ts", "cjs"]) Deno.symlinkSync(at(`outside/secret.${name}`), at(`app/link.${name}`));
    Deno.symlinkSync(at("outside"), at("app/linked"));
    this.module = at("app/main.ts");
    this.world = { outside: at("outside"), own: at("app"), socket: at("outside.sock"), port, free };
  }

  static async make(): Promise<Surroundings> {
    const answer = (request: Request) => {
      if (request.headers.get("upgrade") === "websocket") return Deno.upgradeWebSocket(request).response;
      return new Response("secret");
    };
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
    const made = new Surroundings(server.addr.port, await freePort());
    made.#servers.push(server, Deno.serve({ path: made.world.socket, onListen() {} }, answer));
    return made;
  }

  /** Starts a gateway for the handler. */
  async gateway(mode: Mode, flags: readonly string[]): Promise<Gateway> {
    const socket = this.#directory.at(`${crypto.randomUUID().slice(0, 8)}.sock`);
    const running = start(mode, ["gateway", "--socket", socket, "--access-log", "off", ...flags, this.module]);
    await running.untilPrinted(/^ +pid +\d+$/m);
    return new Gateway(running, socket, { ...this.world, supervisor: running.pid });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.shutdown()));
    this.#directory[Symbol.dispose]();
  }
}

/** A running gateway. */
export class Gateway implements AsyncDisposable {
  readonly #client: Deno.HttpClient;

  constructor(readonly running: Running, readonly socket: string, readonly world: World) {
    this.#client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
  }

  /** What comes of an attempt: "succeeded", or what it threw. */
  async attempt(group: string, name: string): Promise<string> {
    const url = `http://localhost/${group}/${encodeURIComponent(name)}`;
    const init = { method: "POST", body: JSON.stringify(this.world), client: this.#client };
    try {
      const response = await fetch(url, { ...init, signal: AbortSignal.timeout(LONGEST) });
      return response.ok ? await response.json() : `${response.status} ${await response.text()}`;
    } catch (thrown) {
      return `no answer: ${thrown}`;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
    await this.running[Symbol.asyncDispose]();
  }
}
