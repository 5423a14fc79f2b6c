/**
 * The contestants of `deno task bench proxy`: each a reverse proxy with one worker, keep-alive on both sides, and the same
 * forwarding fields.
 *
 * @module
 */

/** What a contestant relays to. */
export type Target = { readonly transport: "unix"; readonly path: string } | {
  readonly transport: "tcp";
  readonly port: number;
};

/** Where a contestant runs. */
export interface Place {
  /** A directory of its own. */
  readonly directory: string;
  readonly port: number;
  readonly target: Target;
  /** Whether it logs each request to a file in its directory. */
  readonly log: boolean;
}

/** A program to measure. */
export interface Contestant {
  readonly name: string;
  /** The program that must be installed; null: always there. */
  readonly program: string | null;
  /** Writes its configuration, and gives the command that runs it in the foreground. */
  command(place: Place): readonly [program: string, ...args: string[]];
}

/** All, given the compiled binary and the stick's file. */
export function contestants(binary: string, stick: string): readonly Contestant[] {
  return [
    { name: "nginx", program: "nginx", command: nginx },
    { name: "haproxy", program: "haproxy", command: haproxy },
    { name: "caddy", program: "caddy", command: caddy },
    {
      name: "stick",
      program: null,
      command: ({ port, target }) => {
        const to = target.transport === "unix" ? target.path : String(target.port);
        return [Deno.execPath(), "run", "-A", "--no-check", stick, String(port), to];
      },
    },
    {
      name: "stackd",
      program: null,
      command: ({ port, target, log, directory }) => {
        const to = target.transport === "unix" ? `unix:${target.path}` : `http://127.0.0.1:${target.port}`;
        const logTo = log ? `${directory}/access.log` : "off";
        const args = ["--listen", `127.0.0.1:${port}`, "--upstream", to, "--access-log", logTo];
        return [binary, "proxy", ...args, "--keepalive-requests", "1000000000"];
      },
    },
  ];
}

function nginx({ directory, port, target, log }: Place): readonly [string, ...string[]] {
  const server = target.transport === "unix" ? `unix:${target.path}` : `127.0.0.1:${target.port}`;
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${directory}/${kind};`).join(" ");
  return [
    "nginx",
    "-p",
    directory,
    "-c",
    write(
      directory,
      "nginx.conf",
      `daemon off; worker_processes 1; pid ${directory}/nginx.pid; error_log stderr crit;
events { worker_connections 1024; }
http {
  ${temp} access_log ${log ? `${directory}/access.log combined` : "off"}; keepalive_requests 1000000000;
  upstream app { server ${server}; keepalive 64; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Request-Id $request_id;
    }
  }
}`,
    ),
  ];
}

function haproxy({ directory, port, target }: Place): readonly [string, ...string[]] {
  const server = target.transport === "unix" ? `unix@${target.path}` : `127.0.0.1:${target.port}`;
  return [
    "haproxy",
    "-f",
    write(
      directory,
      "haproxy.cfg",
      `global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend web
  bind 127.0.0.1:${port}
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Real-IP %[src]
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Request-Id %[uuid]
  default_backend app
backend app
  http-reuse always
  server app ${server}
`,
    ),
  ];
}

function caddy({ directory, port, target }: Place): readonly [string, ...string[]] {
  const to = target.transport === "unix" ? `unix/${target.path}` : `127.0.0.1:${target.port}`;
  const config = `{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  reverse_proxy ${to}
}
`;
  return ["caddy", "run", "--adapter", "caddyfile", "--config", write(directory, "Caddyfile", config)];
}

function write(directory: string, name: string, content: string): string {
  Deno.writeTextFileSync(`${directory}/${name}`, content);
  return `${directory}/${name}`;
}
