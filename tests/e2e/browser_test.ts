/** A site as a generator of the field builds it, served by the compiled proxy and opened in a real browser. @module */
import { assert, assertEquals } from "@std/assert";
import { Browser } from "../support/browser.ts";
import { installed, Running, startProxy, TestDirectory } from "../support/stackd.ts";
import { until } from "../support/until.ts";

const missing = ["chromium", "npm"].filter((program) => !installed(program));

const PAGES = {
  "package.json": '{ "private": true, "type": "module", "devDependencies": { "vitepress": "1.6.4" } }\n',
  "docs/index.md": "# 처음\n\n[Guide](./guide)\n\n[한글 이름](./한글 이름)\n\n```ts\nexport default 1;\n```\n",
  "docs/guide.md": "# Guide\n\n[Home](./)\n",
  "docs/한글 이름.md": "# 한글\n\n![점](./점.svg)\n",
  "docs/점.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="4" cx="4" cy="4"/></svg>\n',
  "docs/.vitepress/config.mjs":
    'export default { title: "A site", cleanUrls: true, head: [["link", { rel: "icon", href: "data:," }]], themeConfig: { search: { provider: "local" } } };\n',
};

Deno.test({
  name: `a built site works in Chromium without a complaint${
    missing.length === 0 ? "" : ` (no ${missing.join(", no ")} here)`
  }`,
  ignore: missing.length > 0,
  async fn() {
    using directory = new TestDirectory();
    Deno.mkdirSync(directory.at("docs/.vitepress"), { recursive: true });
    for (const [name, text] of Object.entries(PAGES)) Deno.writeTextFileSync(directory.at(name), text);
    await run("npm", ["install", "--no-audit", "--no-fund"], directory.path);
    await run("npx", ["vitepress", "build", "docs"], directory.path);
    const file = directory.at("stackd.toml");
    Deno.writeTextFileSync(
      file,
      `[[proxy.route]]
static = ${JSON.stringify(directory.at("docs/.vitepress/dist"))}
try-files = ["$uri", "$uri.html", "$uri/", "=404"]
immutable = true
error-pages = { 404 = ${JSON.stringify(directory.at("docs/.vitepress/dist/404.html"))} }
`,
    );
    const { proxy, url } = await startProxy(["-c", file]);
    await using _proxy = proxy;
    await using browser = await Browser.start();

    await browser.open(`${url}/`);
    await browser.untilTrue('document.querySelector("h1")?.textContent.includes("처음") === true');
    // Only the page's own scripts draw what the search opens, and the next page without loading it.
    await browser.untilTrue(
      '(document.querySelector(".VPNavBarSearch button")?.click(), document.querySelector(".VPLocalSearchBox") !== null)',
    );
    await browser.open(`${url}/guide`);
    await browser.untilTrue('document.querySelector("h1")?.textContent.includes("Guide") === true');
    await browser.open(`${url}/${encodeURIComponent("한글 이름")}`);
    await browser.untilTrue('document.querySelector("img")?.naturalWidth === 9');

    assertEquals(browser.complaints, []);
    const types = [".js", ".css", ".woff2"];
    for (const type of types) assert([...browser.answers.keys()].some((answered) => answered.endsWith(type)), type);
    assertEquals([...browser.answers.values()].filter((status) => status >= 400), []);

    // What would have been noticed is: the generator's own page for what is not there.
    await browser.open(`${url}/nothing`);
    await browser.untilTrue('document.body?.textContent.includes("PAGE NOT FOUND") === true');
    await until("the browser complains", () => browser.complaints.length > 0);
    assertEquals(browser.answers.get(`${url}/nothing`), 404);
  },
});

async function run(program: string, args: readonly string[], cwd: string): Promise<void> {
  await using running = new Running(program, args, { cwd });
  const { code, stdout, stderr } = await running.ended;
  assertEquals(code, 0, stdout + stderr);
}
