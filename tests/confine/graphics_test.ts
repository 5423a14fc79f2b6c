/** WebGPU does not make a confined handler's process load libraries. With the compiled binary. @module */
import { assertEquals } from "@std/assert";
import { landlockVersion } from "../../lib/confine/landlock.ts";
import { BINARY, installed, Running, startGateway, TestDirectory } from "../support/stackd.ts";

const APP = `export default async () => new Response(String(await navigator.gpu.requestAdapter()));`;

/** What the system has of those that are asked for. */
const LIBRARY = /\/lib(?:EGL|vulkan)\.so/;
const { stdout } = await new Deno.Command("sh", { args: ["-c", "ldconfig -p || /sbin/ldconfig -p"] }).output();
const missing = !LIBRARY.test(new TextDecoder().decode(stdout)) || landlockVersion() === 0;

Deno.test({
  name: `WebGPU loads no libraries into a confined handler's process${
    missing ? " (skipped: no libEGL or no Landlock here)" : ""
  }`,
  ignore: missing,
  async fn() {
    using directory = new TestDirectory();
    const app = directory.write("app/app.ts", APP), socket = directory.at("app.sock");
    for (const [flags, loads] of [[["--allow-net", "--allow-run"], false], [[], true]] as const) {
      await using running = await startGateway(socket, app, ["--access-log", "off", ...flags]);
      using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
      await (await fetch("http://localhost/", { client })).body?.cancel();
      const children = Deno.readTextFileSync(`/proc/${running.pid}/task/${running.pid}/children`).trim().split(" ");
      assertEquals(LIBRARY.test(Deno.readTextFileSync(`/proc/${children.at(-1)}/maps`)), loads);
      await running.stop();
    }
  },
});

const setarch = installed("setarch");

Deno.test({
  name: `a confined handler's programs run where addresses are not random${setarch ? "" : " (skipped: no setarch)"}`,
  ignore: !setarch,
  async fn() {
    using directory = new TestDirectory();
    const code = `export default () => new Response(String(new Deno.Command("/bin/true").outputSync().code));`;
    const app = directory.write("app/app.ts", code), socket = directory.at("app.sock");
    const args = ["gateway", "--socket", socket, "--access-log", "off", "--allow-run", app];
    await using running = new Running("setarch", ["-R", BINARY, ...args]);
    await running.untilPrinted(/^ +pid +\d+$/m);
    using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
    assertEquals(await (await fetch("http://localhost/", { client })).text(), "0");
    await running.stop();
  },
});
