/** Which servers are taken from a program, and which are let be. */
import { assertEquals, assertRejects } from "@std/assert";
import { createServer } from "node:http";
import { StackdError } from "../../lib/errors.ts";
import { hasExports, opensServer } from "../../lib/handler/code/program.ts";
import { takeServer } from "../../lib/handler/taken_server.ts";

const settled = () => Promise.resolve();

Deno.test("only a server on a port is taken; all others listen", async () => {
  const directory = Deno.makeTempDirSync();
  const path = createServer(), first = createServer(), same = createServer(), other = createServer();
  const listens = Promise.all(
    [path, first, other].map((server) => new Promise<void>((resolve) => server.once("listening", resolve))),
  );
  const { what } = await takeServer("/app.ts", () => {
    path.listen(`${directory}/x.sock`);
    first.listen({ port: 4_000, host: "::1" });
    same.listen(4_000);
    other.listen(0, "127.0.0.1");
    return settled();
  });
  await listens;
  assertEquals([what, first.listening, same.listening], ["node:http", true, true]);
  assertEquals(first.address(), { address: "::1", family: "IPv6", port: 4_000 });
  const address = other.address();
  await fetch(`http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`, {
    signal: AbortSignal.timeout(50),
  })
    .catch(({ name }) => assertEquals(name, "TimeoutError")); // somebody is there, and has no answer
  for (const server of [path, first, same, other]) {
    await new Promise<void>((resolve) => void server.close(() => resolve()));
    assertEquals(server.listening, false);
  }
  Deno.removeSync(directory, { recursive: true });
});

Deno.test("Deno.serve() is taken once, and is as before afterwards", async () => {
  const { serve } = Deno;
  const told: number[] = [];
  let shutdown = () => settled();
  const { what, form } = await takeServer("/app.ts", () => {
    const server = Deno.serve({ port: 5_000, onListen: ({ port }) => void told.push(port) }, () => new Response("x"));
    shutdown = () => server.shutdown().then(() => server.finished);
    return server.finished; // it never ends by itself
  });
  assertEquals([what, form.kind, told, Deno.serve === serve], ["Deno.serve()", "function", [5_000], true]);
  await shutdown();
});

Deno.test("a program that opens no server is an error, and so is what it throws", async () => {
  const { serve } = Deno, { listen } = Object.getPrototypeOf(createServer());
  const none = await assertRejects(() => takeServer("/app.ts", settled, 20), StackdError);
  assertEquals(
    none.message,
    'Cannot serve "/app.ts": it exports nothing, and has opened no server within 0.02 s',
  );
  await assertRejects(() => takeServer("/app.ts", () => Promise.reject(new TypeError("mine"))), TypeError, "mine");
  assertEquals([Deno.serve, Object.getPrototypeOf(createServer()).listen], [serve, listen]);
});

Deno.test("a program is told by its text", () => {
  const opening = [
    "app.listen(3000)",
    "server\n  .listen({ port })",
    "Deno.serve(handler)",
    "serve(app)",
    "await server.start()", // hapi
    "startStandaloneServer(server, { listen: { port } })", // Apollo
  ];
  const others = [
    "Deno.listen({ port })",
    "app.serve(x)",
    "listen(1)",
    "observe(x)",
    "addEventListener('x')",
    "span.startTime()",
    "start()",
  ];
  assertEquals(opening.map(opensServer), opening.map(() => true));
  assertEquals(others.map(opensServer), others.map(() => false));
  const exporting = [
    "export default 1",
    "  export { a }",
    "module.exports = app",
    "exports.handler = h",
    "exports['a'] = 1",
    "export const type = 1",
    "export { type }",
    "export { type, app }",
    "export { type as app }",
    "export { type App, app }",
  ];
  const silent = [
    "// export default app",
    "const exported = 1",
    " * export",
    "reexport(1)",
    "export {};",
    "export type AppRouter = typeof router;",
    "export type { App } from './app.ts'",
    "export type * from './app.ts'",
    "export { type App, type Router }",
    "export interface App {}",
    "export declare const app: App;",
  ];
  assertEquals(exporting.map(hasExports), exporting.map(() => true));
  assertEquals(silent.map(hasExports), silent.map(() => false));
});
