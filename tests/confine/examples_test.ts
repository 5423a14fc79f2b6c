/** The examples do confined, with the options that `--learn` prints for them, what their pages say. With the compiled binary. @module */
import { assert, assertEquals } from "@std/assert";
import { copy } from "../support/copy.ts";
import { runPage } from "../support/shell_blocks.ts";
import { ROOT, TestDirectory } from "../support/stackd.ts";

const EXAMPLES = `${ROOT}examples/`;
/** No handler of ours is in these. */
const NOT_RUN = new Set(["site", "django"]);

/** The options that a log has, for all handlers together. */
function learned(log: string): string {
  const lines = [...log.matchAll(/may touch what it was seen to touch:\n {2}(.+)$/gm)].map(([, flags]) => flags);
  return [...new Set(lines)].join(" ");
}

const names = [...Deno.readDirSync(EXAMPLES)].filter(({ isDirectory, name }) => isDirectory && !NOT_RUN.has(name))
  .map(({ name }) => name).sort();

for (const name of names) {
  Deno.test(`examples/${name} runs confined as --learn says`, async () => {
    using directory = new TestDirectory();
    copy(`${EXAMPLES}${name}`, directory.at(name));
    const uploads = directory.at("uploads");
    const page = Deno.readTextFileSync(directory.at(`${name}/README.md`)).replaceAll("$(mktemp -d)", `'${uploads}'`);
    const run = async (flags: string) => {
      Deno.mkdirSync(uploads, { recursive: true });
      const { printed, expected, code, log } = await runPage(
        page.replaceAll("stackd gateway ", () => `stackd gateway ${flags} `),
        directory.at(name),
      );
      assertEquals([printed, code], [expected, 0], log);
      return log;
    };
    const flags = learned(await run("--learn"));
    assert(/^'?--allow-/.test(flags), flags);
    const log = await run(flags);
    assert(!log.includes("was denied"), log);
  });
}
