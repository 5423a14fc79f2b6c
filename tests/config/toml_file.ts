/** Configuration files for tests, in a directory of their own. @module */
import { join } from "@std/path";
import { type FlagValues, type ProxyFile, readProxyFile } from "../../lib/config/file/load.ts";
import { realSystem } from "../../lib/config/system.ts";

/** bcrypt of cost 4, as `htpasswd -B` writes it. */
export const HASH = "$2y$04$abcdefghijklmnopqrstuuPp1nXEzvV6Pr7lE8Gy0WlJQYWEF9lZe";

/** Reads files as `stackd.toml`; `public` is a directory beside it, `404.html`, `50x.html` and `htpasswd` are files. */
export class TomlDirectory implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<TomlDirectory> {
    const path = await Deno.makeTempDir();
    await Deno.mkdir(join(path, "public"));
    const files = {
      "404.html": "none",
      "50x.html": "ours",
      "page.zzz": "?",
      "htpasswd": `# users\nbob:${HASH}\n`,
      "empty": "# nobody\n",
      "broken": "bob:secret\n",
    };
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(join(path, name), text);
    return new TomlDirectory(path);
  }

  async read(toml: string, flags: FlagValues = {}): Promise<ProxyFile> {
    await Deno.writeTextFile(join(this.path, "stackd.toml"), toml);
    return await readProxyFile("stackd.toml", { ...realSystem(), cwd: this.path }, flags);
  }

  /** What is wrong with a file, with `DIR` for the directory. */
  async mistakesOf(toml: string): Promise<string[]> {
    return (await this.read(toml)).mistakes.list().map((message) => message.replaceAll(this.path, "DIR"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}
