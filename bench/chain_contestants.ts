/**
 * The contestants of `deno task bench chain`: a front and the application's server behind it, one process or worker each, on a
 * unix socket between them.
 *
 * @module
 */
import { HERE } from "./processes.ts";

/** A program and its arguments. */
export type Command = readonly [program: string, ...args: string[]];

/** Where a chain runs. */
export interface Place {
  /** A directory of its own. */
  readonly directory: string;
  /** Where the front listens. */
  readonly port: number;
  /** Between the two. */
  readonly socket: string;
}

/** One chain. */
export interface Chain {
  readonly name: string;
  /** What must be installed. */
  readonly programs: readonly string[];
  front(place: Place): Command;
  back(place: Place): Command;
}

const APPS = HERE("apps");

/** All chains, given the compiled binary; the first is the base. */
export function chains(stackd: string): readonly Chain[] {
  const proxy = (target: (socket: string) => string) => ({ port, socket }: Place): Command => {
    const args = ["--listen", `127.0.0.1:${port}`, "--upstream", target(socket), "--access-log", "off"];
    return [stackd, "proxy", ...args, "--keepalive-requests", "1000000000"];
  };
  const gateway = (option: "--socket" | "--uwsgi-socket") => ({ socket }: Place): Command => {
    // nginx's worker runs as another user.
    return [stackd, "gateway", option, socket, "--chmod-socket", "666", "--access-log", "off", `${APPS}/hello.ts`];
  };
  return [
    { name: "nginx-uwsgi", programs: ["nginx", "uwsgi"], front: nginx("uwsgi"), back: uwsgi },
    { name: "stackd-stackd", programs: [], front: proxy((path) => `unix:${path}`), back: gateway("--socket") },
    { name: "nginx-stackd", programs: ["nginx"], front: nginx("http"), back: gateway("--socket") },
    { name: "nginx-stackd-uwsgi", programs: ["nginx"], front: nginx("uwsgi"), back: gateway("--uwsgi-socket") },
    { name: "stackd-uwsgi", programs: ["uwsgi"], front: proxy((path) => `uwsgi:unix:${path}`), back: uwsgi },
  ];
}

/** As it is run: with a master, and without a log. It takes TERM for "reload" unless told otherwise. */
function uwsgi({ socket }: Place): Command {
  const quiet = ["--master", "--die-on-term", "--disable-logging", "--processes", "1"];
  const where = ["--socket", socket, "--chmod-socket=666", "--listen", "128"];
  return ["uwsgi", "--plugins", "python3", ...quiet, ...where, "--chdir", APPS, "--module", "hello"];
}

/** The forwarding fields are those that stackd writes without being asked. */
function nginx(protocol: "uwsgi" | "http") {
  const fields = [
    ["X-Forwarded-For", "$remote_addr"],
    ["X-Real-IP", "$remote_addr"],
    ["X-Forwarded-Proto", "$scheme"],
    ["X-Forwarded-Host", "$http_host"],
    ["X-Request-Id", "$request_id"],
  ] as const;
  const pass = protocol === "uwsgi"
    ? [
      "uwsgi_pass app;",
      "include /etc/nginx/uwsgi_params;",
      ...fields.map(([name, value]) => `uwsgi_param HTTP_${name.toUpperCase().replaceAll("-", "_")} ${value};`),
    ]
    : [
      'proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;',
      ...fields.map(([name, value]) => `proxy_set_header ${name} ${value};`),
    ];
  const keepalive = protocol === "http" ? "keepalive 64; keepalive_requests 1000000000;" : "";
  return ({ directory, port, socket }: Place): Command => {
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((kind) => `${kind}_temp_path ${directory}/${kind};`).join(" ");
    const path = `${directory}/nginx.conf`;
    Deno.writeTextFileSync(
      path,
      `daemon off; worker_processes 1; pid ${directory}/nginx.pid; error_log stderr crit;
events { worker_connections 1024; }
http {
  ${temporary} access_log off; keepalive_requests 1000000000;
  upstream app { server unix:${socket}; ${keepalive} }
  server {
    listen 127.0.0.1:${port};
    location / { ${pass.join("\n      ")} }
  }
}`,
    );
    return ["nginx", "-p", directory, "-c", path];
  };
}
