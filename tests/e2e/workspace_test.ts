/** Deno's workspaces, in the compiled binary. */
import { assertEquals } from "@std/assert";
import { runStackd, TestDirectory } from "../support/stackd.ts";

const FILES: Readonly<Record<string, string>> = {
  "deno.jsonc": `{
  "workspace": ["./app", "packages/*"],
  "imports": { "shared": "./shared.ts", "both": "./shared.ts", "~/": "./" },
  "compilerOptions": { "jsx": "react-jsx", "jsxImportSource": "@scope/add" },
}`,
  "shared.ts": 'export default "root";\n',
  "app/deno.json": '{ "imports": { "own": "./own.ts", "both": "./own.ts" } }',
  "app/own.ts": 'export default "member";\n',
  "packages/add/deno.json": `{ "name": "@scope/add", "exports": { ".": "./mod.ts", "./jsx-runtime": "./jsx.ts" },
    "imports": { "inner": "./inner.ts" } }`,
  "packages/add/mod.ts":
    'import inner from "inner";\nexport { default as shared } from "both";\nexport default inner;\n',
  "packages/add/inner.ts": "export default 7;\n",
  "packages/add/jsx.ts": "export const jsx = (tag: string) => tag;\nexport const jsxs = jsx;\n",
  "packages/odd/deno.json": '{ "name": "@scope/odd", "exports": "./odd.ts" }',
  "packages/odd/odd.ts": 'export default "odd";\n',
};

const APP = `import shared from "shared";
import own from "own";
import both from "both";
import file from "~/shared.ts";
import seven, { shared as theirs } from "@scope/add";
import odd from "@scope/odd";
const name = "inner";
const hidden = await import(name).catch(() => "hidden");
const late = (await import("own".slice())).default;
export default () => Response.json([shared, own, both, file, seven, theirs, odd, <main />, hidden, late]);
`;

Deno.test("a workspace's members have the root's imports and their own, and find each other by name", async () => {
  using directory = new TestDirectory();
  for (const [name, text] of Object.entries(FILES)) directory.write(name, text);
  const { stdout, stderr } = await runStackd(["fetch", directory.write("app/app.tsx", APP), "/"]);
  assertEquals(stderr, "");
  assertEquals(JSON.parse(stdout), ["root", "member", "member", "root", 7, "root", "odd", "main", "hidden", "member"]);
  const root = 'import odd from "@scope/odd";\nexport default () => new Response(odd);\n';
  const asked = await runStackd(["fetch", directory.write("root.ts", root), "/"]);
  assertEquals([asked.stdout, asked.stderr], ["odd", ""]);
});
