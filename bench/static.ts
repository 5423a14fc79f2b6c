/**
 * `deno task bench static`: what sending files costs, stackd beside nginx and Caddy.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { compare, printTable, type Running } from "./compare.ts";
import type { Workload } from "./measure.ts";
import { CPU, FIRST_PORT, HERE, Processes, reachable } from "./processes.ts";

/** How many files the workload of many asks for in turn. */
const MANY = 10_000;

/** A workload, and how many connections it takes at most: large files more than fill the way at few. */
interface FileWorkload extends Workload {
  readonly connections?: number;
}

const WORKLOADS: readonly FileWorkload[] = [
  { name: "1 KB, one file", path: "/1k.bin", script: "" },
  {
    name: `1 KB, ${MANY} files`,
    path: "/many/0.png",
    // As map tiles or thumbnails are. A stride that is prime to the number visits all, and no neighbours.
    script: `local n = 0
request = function()
  n = (n + 7919) % ${MANY}
  return wrk.format(nil, "/many/" .. n .. ".png")
end`,
  },
  { name: "100 KB", path: "/100k.bin", script: "" },
  { name: "10 MB", path: "/10m.bin", script: "", connections: 4 },
  {
    name: "not modified",
    path: "/1k.bin",
    // As browsers ask: with what the server said of the file.
    script: `local tag, modified
response = function(_, fields)
  if not tag then tag, modified = fields["ETag"], fields["Last-Modified"] end
end
request = function()
  if not tag then return wrk.format() end
  return wrk.format(nil, nil, { ["If-None-Match"] = tag, ["If-Modified-Since"] = modified })
end`,
  },
  { name: "not there", path: "/none.bin", script: "" },
];

/** A program that serves the directory `root` on a port; `own` is a directory for its files. */
interface Contestant {
  readonly name: string;
  command(root: string, port: number, own: string): readonly [program: string, ...args: string[]];
}

const contestants = (binary: readonly [string, ...string[]]): readonly Contestant[] => [
  { name: "nginx", command: nginx },
  { name: "caddy", command: caddy },
  {
    name: "stackd",
    command: (root, port) => {
      const args = ["proxy", "--listen", `127.0.0.1:${port}`, "--static", root, "--access-log", "off"];
      return [...binary, ...args, "--keepalive-requests", "1000000000"];
    },
  },
];

/** Runs the benchmark with the arguments behind its name; prints Markdown tables. `--source`: stackd is not the binary. */
export async function benchStatic(args: readonly string[]): Promise<void> {
  const flags = parseArgs(args, {
    string: ["rounds", "seconds", "connections", "workload", "only"],
    boolean: ["source"],
  });
  const load = {
    rounds: Number(flags.rounds ?? 3),
    seconds: Number(flags.seconds ?? 2),
    connections: Number(flags.connections ?? 32),
  };
  const binary = flags.source === true
    ? [Deno.execPath(), "run", "-A", "--frozen", HERE("../cli.ts")] as const
    : [HERE("../dist/stackd")] as const;
  const only = typeof flags.only === "string" && flags.only !== "" ? flags.only.split(",") : null;
  await using processes = new Processes();
  const root = makeFiles(processes.directory);
  const running: Running[] = [];
  for (const { name, command } of contestants(binary)) {
    if (only !== null && !only.includes(name)) continue;
    const port = FIRST_PORT + running.length, own = `${processes.directory}/${name}`;
    Deno.mkdirSync(own);
    const { pid } = processes.start(CPU.contestant, command(root, port, own));
    await reachable(port);
    running.push({ name, pid, url: `http://127.0.0.1:${port}` });
  }
  for (const workload of WORKLOADS) {
    if (typeof flags.workload === "string" && !workload.name.includes(flags.workload)) continue;
    const connections = Math.min(load.connections, workload.connections ?? Infinity);
    // Once to read the files, so that what is measured is how they are sent.
    await compare(workload, running, { rounds: 1, seconds: 3, connections });
    printTable(workload.name, await compare(workload, running, { ...load, connections }), "nginx");
  }
}

function makeFiles(directory: string): string {
  const root = `${directory}/www`;
  Deno.mkdirSync(`${root}/many`, { recursive: true });
  Deno.writeFileSync(`${root}/1k.bin`, new Uint8Array(1_024).fill(120));
  Deno.writeFileSync(`${root}/100k.bin`, new Uint8Array(102_400).fill(120));
  Deno.writeFileSync(`${root}/10m.bin`, new Uint8Array(10_485_760).fill(120));
  for (let i = 0; i < MANY; i++) Deno.writeFileSync(`${root}/many/${i}.png`, new Uint8Array(1_024).fill(120));
  return root;
}

function nginx(root: string, port: number, own: string): readonly [string, ...string[]] {
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path ${own}/${kind};`);
  Deno.writeTextFileSync(
    `${own}/nginx.conf`,
    `daemon off; worker_processes 1; pid ${own}/nginx.pid; error_log stderr crit;
events { worker_connections 1024; }
http {
  ${temp.join(" ")} access_log off; keepalive_requests 1000000000; sendfile on; tcp_nopush on;
  server { listen 127.0.0.1:${port}; root ${root}; }
}`,
  );
  return ["nginx", "-p", own, "-c", `${own}/nginx.conf`];
}

function caddy(root: string, port: number, own: string): readonly [string, ...string[]] {
  const config = `{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  root * ${root}
  file_server
}
`;
  Deno.writeTextFileSync(`${own}/Caddyfile`, config);
  return ["caddy", "run", "--adapter", "caddyfile", "--config", `${own}/Caddyfile`];
}
