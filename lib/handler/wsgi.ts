/**
 * WSGI applications (PEP 3333) as request handlers: environ and start_response on one side, `Request` and `Response` on the
 * other.
 *
 * @module
 */
import { logError } from "../observe/log.ts";
import type { Application, Environ, ErrorStream, Handler, Info } from "./contract.ts";
import { targetOf } from "./request_view.ts";
import { describeThrown } from "./stack.ts";
import { PieceReader, ResponseHead } from "./wsgi_response.ts";

/** A WSGI application as a handler. What breaks the rules of PEP 3333 is thrown. */
export function fromApplication(application: Application): Handler {
  return async (request, info) => {
    const head = new ResponseHead(), environ = makeEnviron(request, info), isHead = request.method === "HEAD";
    const end = (failed: unknown) => {
      // The answer is not the worse for it.
      if (failed !== null) logError(`close() of an application's result failed: ${describeThrown(failed)}`);
      environ["wsgi.errors"].flush();
    };
    try {
      const result = await application(environ, head.startResponse);
      return await new PieceReader(result, head, end).respond(isHead, info);
    } catch (thrown) {
      environ["wsgi.errors"].flush();
      throw thrown;
    }
  };
}

/** The environment of a request. */
export function makeEnviron(request: Request, info: Info): Environ {
  const url = new URL(request.url);
  const scheme = url.protocol === "https:" ? "https" : "http";
  const { path, query } = targetOf(request);
  const fields: Record<`HTTP_${string}`, string> = {};
  const environ: Environ = {
    REQUEST_METHOD: request.method,
    SCRIPT_NAME: decodePath(info.prefix),
    PATH_INFO: decodePath(path),
    QUERY_STRING: query.slice(1),
    CONTENT_TYPE: request.headers.get("content-type") ?? "",
    CONTENT_LENGTH: request.headers.get("content-length") ?? "",
    SERVER_NAME: url.hostname,
    SERVER_PORT: url.port === "" ? scheme === "https" ? "443" : "80" : url.port,
    SERVER_PROTOCOL: "HTTP/1.1",
    REMOTE_ADDR: info.remoteAddr.hostname,
    "wsgi.version": [1, 0],
    "wsgi.url_scheme": scheme,
    "wsgi.input": request.body ?? new ReadableStream({ start: (controller) => controller.close() }),
    "wsgi.errors": errorStream(info),
    "wsgi.multithread": false,
    "wsgi.multiprocess": true, // in a reload at the latest
    "wsgi.run_once": false,
    "stackd.info": info,
  };
  request.headers.forEach((value, name) => {
    // Two names must not become one: X_Forwarded_For is nobody's. HTTP_PROXY is a setting for some libraries (httpoxy).
    if (name.includes("_") || name === "proxy" || name === "content-type" || name === "content-length") return;
    fields[`HTTP_${name.toUpperCase().replaceAll("-", "_")}`] = value;
  });
  return { ...environ, ...fields };
}

/** Takes the percent-encoding off; bytes that are no UTF-8 become U+FFFD, and a `%` that begins nothing stays. */
function decodePath(path: string): string {
  return path.replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) => {
    const codes = run.slice(1).split("%");
    return new TextDecoder().decode(Uint8Array.from(codes, (code) => parseInt(code, 16)));
  });
}

function errorStream(info: Info): ErrorStream {
  let line = "";
  const write = (text: string) => {
    const lines = (line + text).split("\n");
    line = lines.pop() ?? "";
    for (const whole of lines) logError(`${whole} (request id ${info.requestId})`);
  };
  return {
    write,
    writelines(lines) {
      for (const text of lines) write(text);
    },
    flush() {
      if (line !== "") write("\n");
    },
  };
}
