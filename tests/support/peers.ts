/**
 * Servers of the field behind `stackd proxy`, each with an application that says what it was given and on which
 * connection: nginx and HAProxy relay to it, Node's http server and gunicorn are it.
 *
 * @module
 */
import { freePort } from "./free_port.ts";
import { Running, type TestDirectory } from "./stackd.ts";
import { accepts } from "./until.ts";

/** The field in which a peer names the connection that a request came on: of the peer's clients, which is the proxy. */
export const CONNECTION_FIELD = "x-connection";

/** The field in which an nginx gives the name it was started with. */
export const SERVER_FIELD = "x-server";

/** The file in the peer's directory that it sends for `/blob`. */
export const BLOB = "blob";

/** The key and the accept of RFC 6455 §1.3's example; the application answers any key rightly. */
export const WEBSOCKET_KEY = "dGhlIHNhbXBsZSBub25jZQ==", WEBSOCKET_ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/** A running peer, with whatever runs behind it. */
export interface RunningPeer extends AsyncDisposable {
  readonly port: number;
  /** Ends the peer itself, not what runs behind it, and waits for that. */
  stop(): Promise<unknown>;
}

/** A kind of peer. */
export interface Peer {
  readonly name: string;
  /** Programs it takes. */
  readonly needs: readonly string[];
  /** Whether `/echo` can be upgraded to a connection that sends everything back. */
  readonly upgrades: boolean;
  /** Starts it in `directory`, which has {@linkcode BLOB}, and waits until it accepts connections. */
  start(directory: TestDirectory): Promise<RunningPeer>;
}

/**
 * `/blob` is the file, in chunks; `POST /digest` the body's length and SHA-256; `/echo` an upgrade; the rest "hello". The
 * connections are numbered, as nobody may reuse a number.
 */
const NODE_APPLICATION = `
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { pipeline } from "node:stream/promises";

const numbers = new WeakMap();
let connections = 0;
const server = createServer(async (request, response) => {
  response.setHeader("X-Connection", numbers.get(request.socket));
  if (request.url === "/blob") {
    response.setHeader("Content-Type", "application/octet-stream");
    await pipeline(createReadStream("blob"), response).catch(() => response.destroy());
    return;
  }
  const hash = createHash("sha256");
  let length = 0;
  for await (const piece of request) {
    hash.update(piece);
    length += piece.length;
  }
  response.end(request.url === "/digest" ? length + " " + hash.digest("hex") : "hello");
});
server.on("connection", (socket) => numbers.set(socket, ++connections));
server.on("upgrade", (request, socket, head) => {
  const key = request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  const accept = createHash("sha1").update(key).digest("base64");
  socket.on("error", () => socket.destroy());
  socket.write("HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n" +
    "Sec-WebSocket-Accept: " + accept + "\\r\\n\\r\\n");
  socket.write(head);
  socket.pipe(socket);
});
server.listen(0, "127.0.0.1", () => console.log("listening on " + server.address().port));
`;

/** As the one for Node, without the upgrade. */
const WSGI_APPLICATION = `
import hashlib

def pieces(file):
    return iter(lambda: file.read(65536), b"")

def application(environ, start_response):
    fields = [("X-Connection", environ["REMOTE_PORT"])]
    if environ["PATH_INFO"] == "/blob":
        start_response("200 OK", fields + [("Content-Type", "application/octet-stream")])
        return pieces(open("blob", "rb"))
    digest, length = hashlib.sha256(), 0
    for piece in pieces(environ["wsgi.input"]):
        digest.update(piece)
        length += len(piece)
    body = "%d %s" % (length, digest.hexdigest()) if environ["PATH_INFO"] == "/digest" else "hello"
    start_response("200 OK", fields + [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body.encode()]
`;

/** Node's own http server. */
export const NODE: Peer = { name: "Node's http server", needs: ["node"], upgrades: true, start: startNode };

/** gunicorn with threads, the worker of its own that keeps connections alive. */
export const GUNICORN: Peer = {
  name: "gunicorn",
  needs: ["gunicorn"],
  upgrades: false,
  start: startGunicorn,
};

/** HAProxy before Node. */
export const HAPROXY: Peer = {
  name: "HAProxy",
  needs: ["haproxy", "node"],
  upgrades: true,
  start: (directory) => withNode(directory, startHaproxy),
};

/** nginx, which sends the file itself, before Node. */
export const NGINX: Peer = {
  name: "nginx",
  needs: ["nginx", "node"],
  upgrades: true,
  start: (directory) => withNode(directory, (directory, port) => startNginx(directory, port)),
};

/** Node, listening on a port that the system chose. */
export async function startNode(directory: TestDirectory): Promise<RunningPeer> {
  const module = directory.write("server.mjs", NODE_APPLICATION);
  const node = new Running("node", [module], { cwd: directory.path });
  const [, port] = await node.untilPrinted(/^listening on (\d+)$/m);
  return peerOf(Number(port), node);
}

async function startGunicorn(directory: TestDirectory): Promise<RunningPeer> {
  directory.write("app.py", WSGI_APPLICATION);
  const args = ["--bind", "127.0.0.1:0", "--worker-class", "gthread", "--threads", "4", "--keep-alive", "5"];
  const gunicorn = new Running("gunicorn", [...args, "app:application"], {
    cwd: directory.path,
    env: { PYTHONDONTWRITEBYTECODE: "1" },
  });
  const [, port] = await gunicorn.until(
    "it listens",
    () => /Listening at: http:\/\/127\.0\.0\.1:(\d+)/.exec(gunicorn.stderr),
  );
  return peerOf(Number(port), gunicorn);
}

async function startHaproxy(directory: TestDirectory, application: number): Promise<RunningPeer> {
  const port = freePort();
  const config = directory.write(
    "haproxy.cfg",
    `defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  timeout tunnel 30s
frontend web
  bind 127.0.0.1:${port}
  http-response set-header X-Connection %[src_port]
  default_backend app
backend app
  server node 127.0.0.1:${application}
`,
  );
  const haproxy = new Running("haproxy", ["-db", "-f", config]);
  await haproxy.until("it listens", () => accepts({ hostname: "127.0.0.1", port }));
  return peerOf(port, haproxy);
}

/** An nginx called `name` before the application on port `application`. */
export async function startNginx(directory: TestDirectory, application: number, name = "nginx"): Promise<RunningPeer> {
  const port = freePort();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) =>
    `${kind}_temp_path "${directory.at(`${name}.${kind}`)}";`
  );
  const config = directory.write(
    `${name}.conf`,
    `daemon off; pid "${directory.at(`${name}.pid`)}"; error_log stderr; worker_processes 1;
    events { worker_connections 64; }
    http {
      access_log off; client_max_body_size 20m; ${temporary.join(" ")}
      upstream app { server 127.0.0.1:${application}; keepalive 4; }
      server {
        listen 127.0.0.1:${port};
        proxy_hide_header X-Connection;
        add_header X-Connection "${name}-$connection";
        add_header X-Server "${name}";
        location = /${BLOB} { root "${directory.path}"; }
        location = /echo {
          proxy_pass http://app; proxy_http_version 1.1;
          proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";
        }
        location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; }
      }
    }`,
  );
  // nginx's workers run as another user, who must be able to reach the files.
  Deno.chmodSync(directory.path, 0o755);
  const nginx = new Running("nginx", ["-c", config, "-p", directory.path]);
  await nginx.until("it listens", () => accepts({ hostname: "127.0.0.1", port }));
  return peerOf(port, nginx);
}

/** Node, and before it what `start` starts. */
async function withNode(
  directory: TestDirectory,
  start: (directory: TestDirectory, application: number) => Promise<RunningPeer>,
): Promise<RunningPeer> {
  const node = await startNode(directory);
  const peer = await start(directory, node.port);
  return {
    port: peer.port,
    stop: () => peer.stop(),
    async [Symbol.asyncDispose]() {
      await peer[Symbol.asyncDispose]();
      await node[Symbol.asyncDispose]();
    },
  };
}

function peerOf(port: number, running: Running): RunningPeer {
  return { port, stop: () => running.stop(), [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() };
}
