/** The access log of fronts that are told to stop now. With the compiled binary. @module */
import { assert, assertEquals } from "@std/assert";
import { type Running, stackd, startProxy, TestDirectory } from "../support/stackd.ts";
import { within } from "../support/within.ts";

const REQUESTS = 20;
const HANDLER = `export default (request: Request) =>
  request.url.endsWith("/hang") ? new Promise(() => {}) : new Response("ok");`;

/** Asks for `REQUESTS` answers, and lets `end` follow at once; gives the lines that are in the log afterwards. */
async function loggedUntil(url: string, log: string, process: Running, end: () => void): Promise<string[]> {
  for (let i = 0; i < REQUESTS; i++) {
    await (await within("it answers", fetch(`${url}/${i}`))).body?.cancel();
  }
  end();
  const begun = performance.now();
  assertEquals((await within("it ends", process.ended)).code, 0);
  const took = performance.now() - begun;
  assert(took < 1_200, `it ends by itself, not by force: ${took} ms`);
  return Deno.readTextFileSync(log).trim().split("\n");
}

function isComplete(lines: string[]): void {
  const missing = Array.from({ length: REQUESTS }, (_, i) => i).filter((i) =>
    !lines.some((line) => line.includes(`"GET /${i} HTTP/1.1"`))
  );
  assertEquals(missing, []);
}

async function startGateway(directory: TestDirectory) {
  const module = directory.write("app.ts", HANDLER), log = directory.at("access.log");
  const gateway = stackd(["gateway", "--http", "127.0.0.1:0", "--access-log", log, module]);
  const [url] = await gateway.untilPrinted(/http:\/\/127\.0\.0\.1:\d+/);
  await gateway.untilPrinted(/^ +pid +\d+$/m);
  return { gateway, url, log };
}

for (const signal of ["SIGINT", "SIGQUIT"] as const) {
  Deno.test(`a gateway's front writes its access log out before ${signal} ends it`, async () => {
    using directory = new TestDirectory();
    const { gateway, url, log } = await startGateway(directory);
    await using _ = gateway;
    isComplete(await loggedUntil(url, log, gateway, () => gateway.kill(signal)));
  });
}

Deno.test("a second TERM cuts requests off, and loses no line of the access log", async () => {
  using directory = new TestDirectory();
  const { gateway, url, log } = await startGateway(directory);
  await using _ = gateway;
  const hanging = fetch(`${url}/hang`).catch(() => null);
  const lines = await loggedUntil(url, log, gateway, () => {
    gateway.kill("SIGTERM");
    setTimeout(() => gateway.kill("SIGTERM"), 20);
  });
  await (await hanging)?.body?.cancel();
  isComplete(lines);
});

Deno.test("the fronts of a proxy write their access log out before INT ends them", async () => {
  using directory = new TestDirectory();
  directory.write("files/a.txt", "a");
  const log = directory.at("access.log");
  const { proxy, url } = await startProxy(["-w", "2", "--static", directory.at("files"), "--access-log", log]);
  await using _ = proxy;
  isComplete(await loggedUntil(url, log, proxy, () => proxy.kill("SIGINT")));
});
