/** The compiled gateway on a uwsgi socket, and a real nginx in front of it. @module */
import { freePort } from "./free_port.ts";
import { Running, stackd, type StartOptions, type TestDirectory } from "./stackd.ts";
import { accepts } from "./until.ts";

/** A gateway that serves `module` to who speaks uwsgi on `socket`, ready to serve. */
export async function startUwsgiGateway(
  socket: string,
  module: string,
  args: readonly string[] = [],
  options: StartOptions = {},
): Promise<Running> {
  const gateway = stackd(["gateway", "--uwsgi-socket", socket, ...args, module], options);
  await gateway.untilPrinted(/^ +pid +\d+$/m);
  return gateway;
}

/** nginx's own uwsgi_params; what Debian ships under that name differs in one line. */
const PARAMS = `
  uwsgi_param QUERY_STRING $query_string; uwsgi_param REQUEST_METHOD $request_method;
  uwsgi_param CONTENT_TYPE $content_type; uwsgi_param CONTENT_LENGTH $content_length;
  uwsgi_param REQUEST_URI $request_uri; uwsgi_param PATH_INFO $document_uri;
  uwsgi_param DOCUMENT_ROOT $document_root; uwsgi_param SERVER_PROTOCOL $server_protocol;
  uwsgi_param REQUEST_SCHEME $scheme; uwsgi_param HTTPS $https if_not_empty;
  uwsgi_param REMOTE_ADDR $remote_addr; uwsgi_param REMOTE_PORT $remote_port;
  uwsgi_param SERVER_PORT $server_port; uwsgi_param SERVER_NAME $server_name;`;

/** A running nginx. */
export interface RunningNginx extends AsyncDisposable {
  readonly port: number;
  readonly running: Running;
}

/** An nginx whose server has these `locations`; a `PARAMS` in them stands for its uwsgi_params. */
export async function startUwsgiNginx(directory: TestDirectory, locations: string): Promise<RunningNginx> {
  const port = freePort();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) =>
    `${kind}_temp_path "${directory.at(`nginx.${kind}`)}";`
  );
  const config = directory.write(
    "nginx.conf",
    `daemon off; pid "${directory.at("nginx.pid")}"; error_log stderr; worker_processes 1; worker_rlimit_nofile 8192;
    events { worker_connections 4096; }
    http {
      access_log off; client_max_body_size 20m; ${temporary.join(" ")}
      server { listen 127.0.0.1:${port} backlog=4096; ${locations.replaceAll("PARAMS", PARAMS)} }
    }`,
  );
  // nginx's workers run as another user, who must be able to reach the sockets.
  Deno.chmodSync(directory.path, 0o755);
  const running = new Running("nginx", ["-c", config, "-p", directory.path]);
  await running.until("it listens", () => accepts({ hostname: "127.0.0.1", port }));
  return { port, running, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() };
}
