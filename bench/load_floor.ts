/**
 * The least that a start can take: programs compiled by the same Deno that do nothing of what stackd does.
 *
 * @module
 */
import { compilePlain } from "./compile_plain.ts";

/**
 * Called with `worker PATH`, it answers requests on a unix socket; with anything else, it starts itself so, and waits. Called with `nothing`, it
 * ends.
 */
const PROGRAM = `const path = Deno.args[Deno.args.indexOf("--socket") + 1] ?? "";
if (Deno.args[0] === "worker") {
  Deno.serve({ path, onListen() {} }, () => new Response("answer"));
  while (await Deno.stdin.read(new Uint8Array(1)) !== null);
  Deno.exit();
} else if (Deno.args[0] !== "nothing") {
  const args = ["worker", "--socket", path];
  await new Deno.Command(Deno.execPath(), { args, stdin: "piped" }).spawn().status;
}
`;

/** Compiles it as stackd is compiled, into `directory`; gives its path. */
export async function compileFloor(directory: string): Promise<string> {
  const source = `${directory}/floor.ts`, output = `${directory}/floor`;
  Deno.writeTextFileSync(source, PROGRAM);
  await compilePlain(source, output);
  return output;
}
