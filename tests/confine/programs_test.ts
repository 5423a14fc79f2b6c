/**
 * Programs that a confined handler starts are held by the kernel alone: they get at nothing but what it is allowed. With the compiled
 * binary.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { landlockVersion } from "../../lib/confine/landlock.ts";
import { startGateway, TestDirectory } from "../support/stackd.ts";

/** Runs what it is asked for in a shell; answers with its exit code. */
const APP = `
export default async (request: Request): Promise<Response> => {
  const args = ["-c", await request.text()];
  const { code } = await new Deno.Command("/bin/sh", { args, clearEnv: true, env: { PATH: "/usr/bin:/bin" } }).output();
  return new Response(String(code));
};
`;

/** Starts a gateway whose handler may run anything, and what `flags` say; gives the exit codes of shell commands. */
async function run(directory: TestDirectory, flags: readonly string[], commands: readonly string[]): Promise<number[]> {
  const socket = directory.at(`${crypto.randomUUID().slice(0, 8)}.sock`);
  const log = flags.includes("--access-log") ? [] : ["--access-log", "off"];
  const args = [...log, "--control", directory.at("control"), "--allow-run", ...flags];
  await using _gateway = await startGateway(socket, directory.at("app/app.ts"), args);
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
  const codes: number[] = [];
  for (const body of commands) {
    const response = await fetch("http://localhost/", { client, method: "POST", body });
    codes.push(Number(await response.text()));
  }
  return codes;
}

const NO_LANDLOCK = landlockVersion() === 0;

Deno.test({
  name: `programs of a confined handler get at what it is allowed${NO_LANDLOCK ? " (skipped: no Landlock here)" : ""}`,
  ignore: NO_LANDLOCK,
  async fn(t) {
    using directory = new TestDirectory();
    directory.write("app/app.ts", APP);
    const secret = directory.write("outside/secret", "secret\n"), control = directory.at("control");
    const reads = [`cat '${secret}'`, `ls '${directory.at("outside")}'`];
    // With all files to be read, too.
    const others = [`cat /proc/$PPID/environ`, `cat /proc/${Deno.pid}/environ`];
    // What Landlock knows nothing of.
    const changes = [`chmod 666 '${secret}'`, `touch -a '${secret}'`, `chown "$(id -u)" '${secret}'`];
    const asks = [`curl -s --max-time 5 --unix-socket '${control}' http://x/; test $? -ne 7`];
    const packets = [`bash -c 'echo > /dev/udp/127.0.0.1/9'`];
    // Of a process outside.
    const limits = [`prlimit --pid ${Deno.pid} --core=0:0`, `renice -n 19 -p ${Deno.pid}`, `taskset -p 1 ${Deno.pid}`];
    // What root may.
    const machine = ["unshare --uts true", "unshare --net true"];
    const fine = [
      "true",
      "ulimit -n 64",
      "taskset 1 true",
      "ls / >/dev/null || cat /etc/ld.so.cache >/dev/null",
      "echo a | cat",
    ];
    await t.step("nothing of what their worker needs for its socket and its log", async () => {
      const beside = directory.write("beside", ""), log = directory.at("access.log");
      const commands = [
        `rm '${beside}'`,
        `rm '${secret}'`,
        `mv '${directory.path}'/*.sock '${directory.at("moved.sock")}'`,
      ];
      const codes = await run(directory, ["--access-log", log], [...commands, `echo >> '${secret}'`]);
      assert(codes.every((code) => code !== 0), codes.join());
    });
    await t.step("what they may write, they may move and remove", async () => {
      const within = directory.at("data"), at = (name: string) => `'${within}/${name}'`;
      for (const name of ["a/one", "b/two"]) directory.write(`data/${name}`, "");
      const commands = [
        `mv ${at("a/one")} ${at("b/one")}`,
        `rm ${at("b/two")}`,
        `echo > ${at("a/three")}`,
        "echo > /dev/null",
      ];
      assertEquals(await run(directory, [`--allow-write=${within}`], commands), commands.map(() => 0));
    });
    await t.step("nothing without it", async () => {
      const codes = await run(directory, [], [
        ...reads,
        ...changes,
        ...asks,
        ...packets,
        ...limits,
        ...machine,
        ...fine,
      ]);
      const refused = codes.slice(0, -fine.length);
      assert(refused.every((code) => code !== 0), refused.join());
      assertEquals(codes.slice(-fine.length), fine.map(() => 0));
    });
    await t.step("no environment of other processes with --allow-read", async () => {
      const codes = await run(directory, ["--allow-read"], others);
      assert(codes.every((code) => code !== 0), codes.join());
    });
    const allowed = [
      ["reading", "--allow-read", reads],
      ["changing modes, owners and times", `--allow-write=${directory.at("outside")}`, changes],
      ["unix sockets", `--allow-net=unix:${control}`, asks],
      ["packets", "--allow-net=127.0.0.1:9", packets],
    ] as const;
    for (const [name, flag, commands] of allowed) {
      await t.step(`${name} with ${flag.split("=")[0]}`, async () => {
        assertEquals(await run(directory, [flag], commands), commands.map(() => 0));
      });
    }
  },
});
