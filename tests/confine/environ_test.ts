/** What a confined handler that may read every file sees of other processes. With the compiled binary. @module */
import { assertEquals, assertMatch } from "@std/assert";
import { landlockVersion } from "../../lib/confine/landlock.ts";
import { startGateway, TestDirectory } from "../support/stackd.ts";

/** Imports the file that it is asked for, which Deno asks nobody for. */
const APP = `
export default async (request: Request): Promise<Response> => {
  try {
    return new Response((await import(await request.text(), { with: { type: "text" } })).default);
  } catch (thrown) {
    return new Response((thrown as Error).message, { status: 403 });
  }
};
`;

const NO_LANDLOCK = landlockVersion() === 0;

Deno.test({
  name: `a confined handler imports no other process's environment${NO_LANDLOCK ? " (skipped: no Landlock here)" : ""}`,
  ignore: NO_LANDLOCK,
  async fn() {
    using directory = new TestDirectory();
    const app = directory.write("app/app.ts", APP), socket = directory.at("app.sock");
    await using running = await startGateway(socket, app, ["--access-log", "off", "--allow-read"]);
    using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
    const read = async (path: string) => {
      const response = await fetch("http://localhost/", { client, method: "POST", body: path });
      return [response.status, await response.text()] as const;
    };
    assertEquals(await read(directory.write("outside", "outside")), [200, "outside"]);
    for (const pid of [running.pid, Deno.pid]) {
      const [status, text] = await read(`/proc/${pid}/environ`);
      assertEquals(status, 403);
      assertMatch(text, /Permission ?denied/);
    }
    await running.stop();
  },
});
