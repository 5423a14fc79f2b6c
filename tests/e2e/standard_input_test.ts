/** A module on standard input, in the compiled binary: it is as if it stood in the directory that stackd was started in. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { BINARY, type Ended, Running, type StartOptions, TestDirectory } from "../support/stackd.ts";

const APP = `import { greeting } from "./lib/greeting.ts";
import { deep } from "~/deep.ts";
import limits from "./limits.json" with { type: "json" };
export default async (request: Request) => {
  const name: string = new URL(request.url).pathname.slice(1);
  const late = name === "" ? null : (await import(\`./lib/\${name}.ts\`)).default;
  return Response.json({
    greeting, deep, limits, late,
    url: import.meta.url, directory: import.meta.dirname, resolved: import.meta.resolve("./x.ts"),
  });
};
`;

/** A directory with a handler to be sent to standard input, and what it imports. */
function site(): TestDirectory {
  const directory = new TestDirectory();
  directory.write("input", APP);
  directory.write("deno.json", '{ "imports": { "~/": "./lib/" } }');
  directory.write("lib/greeting.ts", 'export { hi as greeting } from "./hi.ts";\n');
  directory.write("lib/hi.ts", 'export const hi: string = "hi";\n');
  directory.write("lib/deep.ts", 'export const deep = "deep";\n');
  directory.write("lib/late.ts", 'export default "late";\n');
  directory.write("limits.json", '{ "most": 3 }');
  return directory;
}

/** Starts the binary in `directory` with one of its files as standard input. */
function withInput(args: readonly string[], directory: TestDirectory, input = "input", options: StartOptions = {}) {
  const script = 'input="$1"; shift; exec "$0" "$@" < "$input"';
  return new Running("sh", ["-c", script, BINARY, input, ...args], { cwd: directory.path, ...options });
}

async function run(args: readonly string[], directory: TestDirectory, input?: string): Promise<Ended> {
  await using running = withInput(args, directory, input);
  return await running.ended;
}

/** What the handler says when it is in `directory`. */
const expected = ({ path }: TestDirectory, late: string | null) => ({
  greeting: "hi",
  deep: "deep",
  limits: { most: 3 },
  late,
  url: `file://${encodeURI(path)}/$stdin.ts`,
  directory: path,
  resolved: `file://${encodeURI(path)}/x.ts`,
});

Deno.test("stdin: a gateway's module imports from the working directory, also after a reload", async () => {
  using directory = site();
  const socket = directory.at("app.sock");
  await using gateway = withInput(["gateway", "--socket", socket, "--workers", "2", "-"], directory);
  await gateway.untilPrinted(/^ +pid +\d+$/m);
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
  const ask = async (path: string) => await (await fetch(`http://localhost${path}`, { client })).json();
  assertEquals(await ask("/"), expected(directory, null));
  assertEquals(await ask("/late"), expected(directory, "late"));
  directory.write("lib/hi.ts", 'export const hi: string = "hello";\n');
  gateway.kill("SIGHUP");
  await gateway.until("the import is loaded anew", async () => (await ask("/")).greeting === "hello");
  assertEquals((await gateway.stop()).code, 0);
});

Deno.test("stdin: stackd fetch and stackd check do the same, wherever --chdir leads", async () => {
  using directory = site();
  const fetched = await run(["fetch", "-", "/late", "--chdir", "/"], directory);
  assertEquals([fetched.code, fetched.stderr], [0, ""]);
  assertEquals(JSON.parse(fetched.stdout), expected(directory, "late"));
  const checked = await run(["check", "-"], directory);
  assertEquals([checked.code, checked.stderr], [0, ""]);
  assertMatch(checked.stdout, /^The module is fine: default export, function$/m);
  assertMatch(checked.stdout, /^ {2}lib\/hi\.ts$/m);
});

Deno.test("stdin: what is wrong is told with its place", async () => {
  using directory = site();
  directory.write("missing", 'import "./nope.ts";\nexport default () => new Response();\n');
  directory.write("broken", "export default () => {\n  const x = = 1;\n};\n");
  directory.write("throws", "const x: number = 1;\n\nthrow new Error('at load');\n");
  directory.write("fails", "interface A { b: 1 }\nexport default () => {\n  throw new Error('asked');\n};\n");
  const name = directory.at("$stdin.ts");
  const said = async (input: string) => (await run(["fetch", "-", "/"], directory, input)).stderr;
  assertStringIncludes(await said("missing"), `"./nope.ts", imported at ${name}:1:8\n`);
  assertStringIncludes(await said("broken"), `at ${name}:2:13\n`);
  assertMatch(await said("throws"), /it threw Error: at load\n.*\$stdin\.ts:3:7/);
  assertMatch(await said("fails"), /Error: asked\n +at .*\$stdin\.ts:3:9/);
  assertStringIncludes((await run(["check", "-"], directory, "missing")).stderr, `imported at ${name}:1:8\n`);
});

Deno.test("stdin: a confined module has its code, and no directory of its own", async () => {
  using directory = site();
  directory.write(
    "confined",
    `import { hi } from "./lib/hi.ts";
export default () => {
  const read = (path: string) => { try { return Deno.readTextFileSync(path); } catch (error) { return error.name; } };
  return Response.json([hi, read("limits.json"), read("lib/hi.ts").slice(0, 6)]);
};
`,
  );
  const socket = directory.at("app.sock");
  await using gateway = withInput(["gateway", "--socket", socket, "--allow-net", "-"], directory, "confined");
  await gateway.untilPrinted(/^ +pid +\d+$/m);
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
  const answer = await (await fetch("http://localhost/", { client })).json();
  assertEquals(answer, ["hi", "NotCapable", "export"]);
  assertEquals((await gateway.stop()).code, 0);
});
