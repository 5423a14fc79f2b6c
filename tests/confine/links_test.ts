/** A confined handler makes no links out of what it may write. With the compiled binary. @module */
import { assertEquals } from "@std/assert";
import { landlockVersion } from "../../lib/confine/landlock.ts";
import { startGateway, TestDirectory } from "../support/stackd.ts";

/** A program of WASI that links /etc as "link", and ends with what comes of it: path_symlink("/etc", 3, "link"). */
const PROGRAM =
  "AGFzbQEAAAABEQNgBX9/f39/AX9gAABgAX8AAkoCFndhc2lfc25hcHNob3RfcHJldmlldzEMcGF0aF9zeW1saW5rAAAWd2FzaV9zbmFwc2hvdF9wcmV2aWV3MQlwcm9jX2V4aXQAAgMCAQEFAwEAAQcTAgZtZW1vcnkCAAZfc3RhcnQAAgoTAREAQQBBBEEDQcgBQQQQABABCwsUAgBBAAsEL2V0YwBByAELBGxpbms=";

/** Runs it in the directory "data". */
const APP = `
import { WASI } from "node:wasi";
import { fileURLToPath } from "node:url";
const root = fileURLToPath(new URL("../data", import.meta.url));
const program = await WebAssembly.compile(Uint8Array.fromBase64("${PROGRAM}"));
export default async () => {
  const wasi = new WASI({ version: "preview1", preopens: { "/": root }, returnOnExit: true });
  return Response.json(wasi.start(await WebAssembly.instantiate(program, wasi.getImportObject())) === 0);
};
`;

const NO_LANDLOCK = landlockVersion() === 0;

Deno.test({
  name: `a confined handler links nothing by node:wasi where it may start no programs${
    NO_LANDLOCK ? " (skipped: no Landlock here)" : ""
  }`,
  ignore: NO_LANDLOCK,
  async fn() {
    for (const [more, links] of [[[], false], [["--allow-run=true"], true]] as const) {
      using directory = new TestDirectory();
      const app = directory.write("app/app.ts", APP), data = directory.at("data"), socket = directory.at("app.sock");
      Deno.mkdirSync(data);
      const flags = ["--access-log", "off", `--allow-read=${data}`, `--allow-write=${data}`, ...more];
      await using running = await startGateway(socket, app, flags);
      using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
      assertEquals(await (await fetch("http://localhost/", { client })).json(), links);
      assertEquals([...Deno.readDirSync(data)].map(({ isSymlink }) => isSymlink), links ? [true] : []);
      await running.stop();
    }
  },
});
