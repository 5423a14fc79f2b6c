/**
 * `deno task bench proxy`: what relaying costs, stackd beside nginx, HAProxy, Caddy and the stick.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { type Contestant, contestants, type Target } from "./contestants.ts";
import { compare, printTable, type Running } from "./compare.ts";
import type { Workload } from "./measure.ts";
import { CPU, FIRST_PORT, HERE, Processes, reachable, upstreamCommand } from "./processes.ts";

/** A browser's request: twelve fields. */
const BROWSER: Record<string, string> = {
  "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
  "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "Accept-Encoding": "gzip, deflate, br, zstd",
  "Accept-Language": "en-US,en;q=0.9,ko;q=0.8",
  "Cache-Control": "max-age=0",
  "Cookie": "session=0123456789abcdef0123456789abcdef; theme=dark; visits=42",
  "Referer": "http://127.0.0.1/index.html",
  "Sec-Ch-Ua": '"Chromium";v="141", "Not?A_Brand";v="8"',
  "Sec-Fetch-Mode": "navigate",
  "Sec-Fetch-Site": "same-origin",
  "Upgrade-Insecure-Requests": "1",
};

const WORKLOADS: readonly Workload[] = [
  { name: "GET, bare head", path: "/", script: "" },
  {
    name: "GET, browser's head",
    path: "/",
    script: Object.entries(BROWSER).map(([name, value]) =>
      `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`
    )
      .join("\n"),
  },
  { name: "POST 2 KB", path: "/", script: 'wrk.method = "POST"\nwrk.body = string.rep("x", 2048)' },
  { name: "GET 100 KB", path: "/100k", script: "" },
];

interface Options {
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  readonly log: boolean;
  readonly only: readonly string[];
  readonly workloads: readonly string[];
  readonly transports: readonly string[];
}

/** Runs the benchmark with the arguments behind its name; prints Markdown tables. */
export async function benchProxy(args: readonly string[]): Promise<void> {
  const flags = parseArgs(args, {
    string: ["rounds", "seconds", "connections", "only", "workload", "transport"],
    boolean: ["log"],
  });
  const list = (value: unknown) => typeof value === "string" && value !== "" ? value.split(",") : [];
  await run({
    rounds: Number(flags.rounds ?? 3),
    seconds: Number(flags.seconds ?? 2),
    connections: Number(flags.connections ?? 32),
    log: flags.log === true,
    only: list(flags.only),
    workloads: list(flags.workload),
    transports: list(flags.transport),
  });
}

async function run(options: Options): Promise<void> {
  await using processes = new Processes();
  const { directory } = processes;
  const socket = `${directory}/app.sock`, upstreamPort = FIRST_PORT - 1;
  processes.start(CPU.rest, upstreamCommand(socket, upstreamPort));
  await reachable(upstreamPort);
  const targets: Target[] = [{ transport: "unix", path: socket }, { transport: "tcp", port: upstreamPort }];
  const all = contestants(HERE("../dist/stackd"), HERE("stick.ts"))
    .filter(({ name }) => options.only.length === 0 || options.only.includes(name))
    .filter(isInstalled);
  let port = FIRST_PORT;
  for (const target of targets) {
    if (options.transports.length > 0 && !options.transports.includes(target.transport)) continue;
    const running: Running[] = [];
    for (const contestant of all) {
      const own = `${directory}/${contestant.name}-${target.transport}`;
      await Deno.mkdir(own);
      const command = contestant.command({ directory: own, port, target, log: options.log });
      const { pid } = processes.start(CPU.contestant, command);
      await reachable(port);
      running.push({ name: contestant.name, pid, url: `http://127.0.0.1:${port++}` });
    }
    for (const workload of WORKLOADS) {
      if (options.workloads.length > 0 && !options.workloads.some((part) => workload.name.includes(part))) continue;
      const medians = await compare(workload, running, options);
      printTable(
        `${workload.name}, over ${target.transport}${options.log ? ", access logs on" : ""}`,
        medians,
        "nginx",
      );
    }
  }
}

function isInstalled({ name, program }: Contestant): boolean {
  if (program === null) return true;
  try {
    new Deno.Command(program, { args: ["-v"], stdout: "null", stderr: "null" }).outputSync();
    return true;
  } catch {
    console.error(`${name} is not installed: left out`);
    return false;
  }
}
