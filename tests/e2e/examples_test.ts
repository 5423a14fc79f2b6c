/** Each example's page, run as written in its directory: what it installs, starts, asks for and is answered. @module */
import { assert, assertEquals } from "@std/assert";
import { copy } from "../support/copy.ts";
import { runPage } from "../support/shell_blocks.ts";
import { ROOT, startGateway, TestDirectory } from "../support/stackd.ts";
import { until } from "../support/until.ts";

const EXAMPLES = `${ROOT}examples/`;
/** They have tests of their own: what `deno task start` serves, and what runs behind the proxy in a server that is not ours. */
const NOT_RUN = new Set(["site", "django"]);

const names = [...Deno.readDirSync(EXAMPLES)].filter(({ isDirectory, name }) => isDirectory && !NOT_RUN.has(name))
  .map(({ name }) => name).sort();

Deno.test("there is an example of each kind", () => {
  assertEquals(names, [
    "application",
    "express",
    "file-upload",
    "hello",
    "jsx-page",
    "multi-mount",
    "rest-api",
    "sse-clock",
    "websocket-chat",
  ]);
});

for (const name of names) {
  Deno.test(`examples/${name} does what its page says`, async () => {
    // A copy: what it installs and makes is not for the project's own directory.
    using directory = new TestDirectory();
    copy(`${EXAMPLES}${name}`, directory.at(name));
    const page = Deno.readTextFileSync(directory.at(`${name}/README.md`));
    const { printed, expected, code, log } = await runPage(page, directory.at(name));
    assert(
      expected.split("\n").some((line) => line !== "" && !line.startsWith("--- ")),
      "the page says what is printed",
    );
    assertEquals(printed, expected, log);
    assertEquals(code, 0, log);
  });
}

Deno.test("examples/websocket-chat tells everybody in the room what one says", async () => {
  using directory = new TestDirectory();
  const socket = directory.at("chat.sock");
  await using _gateway = await startGateway(socket, `${EXAMPLES}websocket-chat/app.ts`);
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
  const heard: string[][] = [];
  const sockets = await Promise.all([0, 1].map(async (index) => {
    const person = new WebSocket("ws://localhost/chat", { client });
    heard[index] = [];
    person.onmessage = ({ data }) => heard[index].push(data);
    await until("one is in the room", () => person.readyState === WebSocket.OPEN);
    return person;
  }));
  sockets[0].send("hello");
  await until("both have heard it", () => heard.every((messages) => messages.join() === "hello"));
  const said = await fetch("http://localhost/say", { method: "POST", body: "from afar", client });
  assertEquals(await said.text(), "2\n");
  await until("both have heard that", () => heard.every((messages) => messages.join() === "hello,from afar"));
  await Promise.all(sockets.map((person) => {
    const closed = new Promise((resolve) => person.onclose = resolve);
    person.close();
    return closed;
  }));
});
