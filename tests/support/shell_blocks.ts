/**
 * Pages of documentation run as written: their `sh` blocks, one shell for all of them. Each `# …` line after a command is what it
 * prints.
 *
 * @module
 */
import { BINARY, TestDirectory } from "./stackd.ts";

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

/** What came of a page. */
export interface PageRun {
  /** What its commands printed to standard output, block by block. */
  readonly printed: string;
  /** What the page says that they print. */
  readonly expected: string;
  readonly code: number;
  /** What they printed to standard error, and the servers anywhere, for a failure's message. */
  readonly log: string;
}

/** Runs the blocks of a page in `cwd`, with the compiled binary as `stackd`; whatever they leave running is ended. */
export async function runPage(page: string, cwd: string): Promise<PageRun> {
  const blocks = shellBlocks(page);
  // Servers print to a file of their own, so that only the answers are compared.
  using bin = new TestDirectory();
  const log = bin.at("servers.log");
  const script = `#!/bin/sh\ncase $1 in\n` +
    `gateway | proxy) exec '${BINARY}' "$@" >>'${log}' 2>&1 ;;\n*) exec '${BINARY}' "$@" 2>>'${log}' ;;\nesac\n`;
  Deno.chmodSync(bin.write("stackd", script), 0o755);
  const whole = [
    "set -m -e", // `kill %1` needs job control
    "trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT",
    ...blocks.map(({ script }, i) => `${script}\necho "--- ${i}"`),
  ].join("\n");
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", whole],
    cwd,
    env: { PATH: `${bin.path}:${Deno.env.get("PATH")}` },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return {
    printed: text(stdout),
    expected: blocks.map(({ prints }, i) => `${prints}--- ${i}\n`).join(""),
    code,
    log: `${text(stderr)}\n${readIfThere(log)}`,
  };
}

function readIfThere(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
