/**
 * `deno task bench routes`: whether many routes, or many servers in a group, make a request dearer. stackd beside itself, with
 * more and more of either.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { compare, printTable, type Running } from "./compare.ts";
import type { Workload } from "./measure.ts";
import { CPU, FIRST_PORT, HERE, Processes, reachable, upstreamCommand } from "./processes.ts";

const SERVERS = 100;
const WORKLOAD: Workload = { name: "GET", path: "/area-0/section/page?query=1", script: "" };

/** A contestant: so many routes, to a group of so many servers. */
const CONTESTANTS = [
  { routes: 1, servers: 1, policy: "round-robin" },
  { routes: 100, servers: 1, policy: "round-robin" },
  { routes: 1_000, servers: 1, policy: "round-robin" },
  { routes: 1, servers: SERVERS, policy: "round-robin" },
  { routes: 1, servers: SERVERS, policy: "least-conn" },
];

/** Runs the benchmark with the arguments behind its name; prints a Markdown table. */
export async function benchRoutes(args: readonly string[]): Promise<void> {
  const flags = parseArgs(args, { string: ["rounds", "seconds", "connections"] });
  const load = {
    rounds: Number(flags.rounds ?? 5),
    seconds: Number(flags.seconds ?? 2),
    connections: Number(flags.connections ?? 32),
  };
  await using processes = new Processes();
  const socket = `${processes.directory}/app.sock`;
  processes.start(CPU.rest, upstreamCommand(socket, FIRST_PORT - 1, SERVERS));
  await reachable(FIRST_PORT - 1);
  const running: Running[] = [];
  for (const [index, { routes, servers, policy }] of CONTESTANTS.entries()) {
    const port = FIRST_PORT + index, file = `${processes.directory}/${index}.toml`;
    Deno.writeTextFileSync(file, configuration(port, socket, routes, servers, policy));
    const { pid } = processes.start(CPU.contestant, [HERE("../dist/stackd"), "proxy", "-c", file]);
    await reachable(port);
    const name = `${routes} route${routes === 1 ? "" : "s"}, ${servers} server${servers === 1 ? "" : "s"}, ${policy}`;
    running.push({ name, pid, url: `http://127.0.0.1:${port}` });
  }
  printTable("Routes and servers, over unix", await compare(WORKLOAD, running, load), running[0].name);
}

function configuration(port: number, socket: string, routes: number, servers: number, policy: string): string {
  const targets = Array.from({ length: servers }, (_, i) => `"unix:${socket}${i === 0 ? "" : `.${i}`}"`);
  // The first is the one that is asked for; all are as long as each other.
  const paths = Array.from({ length: routes }, (_, i) => `[[proxy.route]]\npath = "/area-${i}"\nupstream = "app"\n`);
  return `[proxy]
listen = "127.0.0.1:${port}"
access-log = "off"
keepalive-requests = 1000000000
[upstream.app]
servers = [${targets.join(", ")}]
policy = "${policy}"
${paths.join("")}`;
}
