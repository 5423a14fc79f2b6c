/** README's shell blocks, run as written, one shell for all of them; each `# …` line after a command is what it prints. @module */
import { assertEquals } from "@std/assert";
import { BINARY, ROOT, TestDirectory } from "../support/stackd.ts";

/** The `sh` blocks of a page, and what each says that it prints. */
function shellBlocks(page: string): { readonly script: string; readonly prints: string }[] {
  return [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, script]) => {
    const lines = script.split("\n");
    const inHere = new Set<number>();
    for (let i = 0, inside = false; i < lines.length; i++) {
      if (inside) inHere.add(i);
      if (lines[i].includes("<<'EOF'")) inside = true;
      else if (lines[i] === "EOF") inside = false;
    }
    const prints = lines.filter((line, i) => line.startsWith("# ") && !inHere.has(i)).map((line) =>
      `${line.slice(2)}\n`
    );
    return { script, prints: prints.join("") };
  });
}

Deno.test("README's steps work as written, in order, in an empty directory", async () => {
  using directory = new TestDirectory();
  const blocks = shellBlocks(Deno.readTextFileSync(`${ROOT}README.md`));
  // Servers print to a file of their own, so that only the answers are compared.
  using bin = new TestDirectory();
  Deno.chmodSync(
    bin.write("stackd", `#!/bin/sh\nexec '${BINARY}' "$@" >>'${directory.at("servers.log")}' 2>&1\n`),
    0o755,
  );
  const script = [
    "set -m -e", // `kill %1` needs job control
    "trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT",
    ...blocks.map(({ script }, i) => `${script}\necho "--- ${i}"`),
  ].join("\n");
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", script],
    cwd: directory.path,
    env: { PATH: `${bin.path}:${Deno.env.get("PATH")}` },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const printed = text(stdout).replaceAll("}--- ", "}\n--- ").replace(/\}(?=body)/g, "}\n");
  const log = () => Deno.readTextFileSync(directory.at("servers.log"));
  assertEquals(printed, blocks.map(({ prints }, i) => `${prints}--- ${i}\n`).join(""), `${text(stderr)}\n${log()}`);
  assertEquals(code, 0, text(stderr));
});
