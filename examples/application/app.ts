/** A WSGI application (PEP 3333) in TypeScript: a guest book that lives in memory. */
import type { Application, Environ } from "../../mod.ts";

const entries: string[] = [];
const TEXT = ["Content-Type", "text/plain; charset=utf-8"] as const;

export const application: Application = async (environ, startResponse) => {
  const { REQUEST_METHOD: method, PATH_INFO: path } = environ;
  if (path === "/environ") {
    startResponse("200 OK", [TEXT]);
    return describe(environ);
  }
  if (path !== "/") {
    startResponse("404 Not Found", [TEXT]);
    return ["Nothing here\n"];
  }
  if (method === "POST") {
    entries.push(await new Response(environ["wsgi.input"]).text());
    startResponse("201 Created", [TEXT]);
    return [`Entry ${entries.length}\n`];
  }
  startResponse("200 OK", [TEXT]);
  return entries.map((entry, index) => `${index + 1}. ${entry}\n`);
};

/** A generator is a body, too: each piece is sent as it comes. */
function* describe(environ: Environ): Generator<string> {
  yield `${environ.REQUEST_METHOD} ${environ.SCRIPT_NAME}${environ.PATH_INFO} ${environ.SERVER_PROTOCOL}\n`;
  yield `query: ${environ.QUERY_STRING}\n`;
  yield `agent: ${environ.HTTP_USER_AGENT ?? "none"}\n`;
}
