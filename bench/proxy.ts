/**
 * `deno task bench proxy`: what relaying costs, stackd beside nginx, HAProxy, Caddy and the stick.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { fromFileUrl } from "@std/path";
import { type Contestant, contestants, type Target } from "./contestants.ts";
import { measure, median, type Sample, type Workload } from "./measure.ts";

const HERE = (name: string) => fromFileUrl(new URL(name, import.meta.url));

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

/** The CPU that contestants run on, one at a time, and the one for wrk and the upstream. */
const CPU = { contestant: "0", rest: "1" };
const FIRST_PORT = 18_100;

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
  const directory = await Deno.makeTempDir({ prefix: "stackd-bench-" });
  await Deno.chmod(directory, 0o755);
  const children: Deno.ChildProcess[] = [];
  const start = (cpu: string, [program, ...args]: readonly [string, ...string[]]) => {
    const child = new Deno.Command("taskset", {
      args: ["-c", cpu, program, ...args],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    })
      .spawn();
    children.push(child);
    return child;
  };
  try {
    const socket = `${directory}/app.sock`, upstreamPort = FIRST_PORT - 1;
    start(CPU.rest, [Deno.execPath(), "run", "-A", "--no-check", HERE("upstream.ts"), socket, String(upstreamPort)]);
    await reachable(upstreamPort);
    const targets: Target[] = [{ transport: "unix", path: socket }, { transport: "tcp", port: upstreamPort }];
    const all = contestants(HERE("../dist/stackd"), HERE("stick.ts"))
      .filter(({ name }) => options.only.length === 0 || options.only.includes(name))
      .filter(isInstalled);
    let port = FIRST_PORT;
    for (const target of targets) {
      if (options.transports.length > 0 && !options.transports.includes(target.transport)) continue;
      const running: { name: string; pid: number; url: string }[] = [];
      for (const contestant of all) {
        const own = `${directory}/${contestant.name}-${target.transport}`;
        await Deno.mkdir(own);
        const child = start(CPU.contestant, contestant.command({ directory: own, port, target, log: options.log }));
        await reachable(port);
        running.push({ name: contestant.name, pid: child.pid, url: `http://127.0.0.1:${port++}` });
      }
      for (const workload of WORKLOADS) {
        if (options.workloads.length > 0 && !options.workloads.some((part) => workload.name.includes(part))) continue;
        await compare(workload, target, running, options);
      }
    }
  } finally {
    for (const child of children) {
      try {
        child.kill("SIGTERM");
      } catch { /* it has ended */ }
    }
    await Promise.all(children.map(({ status }) => status));
    await Deno.remove(directory, { recursive: true });
  }
}

async function compare(
  workload: Workload,
  target: Target,
  running: readonly { name: string; pid: number; url: string }[],
  options: Options,
): Promise<void> {
  const samples = new Map<string, Sample[]>(running.map(({ name }) => [name, []]));
  const load = { connections: options.connections, cpu: CPU.rest };
  for (const { pid, url } of running) await measure(pid, url, workload, { ...load, seconds: 1 }); // warm
  for (let round = 0; round < options.rounds; round++) {
    for (const { name, pid, url } of running) {
      samples.get(name)?.push(await measure(pid, url, workload, { ...load, seconds: options.seconds }));
    }
  }
  const medians = new Map([...samples].map(([name, of]) => [name, median(of)]));
  const base = medians.get("nginx")?.cpu;
  console.log(`\n### ${workload.name}, over ${target.transport}${options.log ? ", access logs on" : ""}\n`);
  console.log("| who | CPU µs/request | × nginx | requests/s | p50 ms | p99 ms | errors |");
  console.log("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
  for (const [name, { cpu, rate, p50, p99, errors }] of medians) {
    const ratio = base === undefined ? "" : (cpu / base).toFixed(2);
    const cells = [cpu.toFixed(1), ratio, rate.toFixed(0), p50.toFixed(2), p99.toFixed(2), errors];
    console.log(`| ${name} | ${cells.join(" | ")} |`);
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

async function reachable(port: number): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  throw new Error(`nothing listens on port ${port}`);
}
