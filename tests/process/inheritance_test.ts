/** What a process is given by who started it, read from its environment. */
import { assert, assertEquals } from "@std/assert";
import { canInherit, closeDescriptor, duplicate, openedBy } from "../../lib/process/descriptors.ts";
import { type Inheritance, takeInheritance, VARIABLE } from "../../lib/process/inheritance.ts";

const PID = 4_711;
const NOTHING: Inheritance = { sockets: [], predecessor: null };

const env = (...entries: [name: string, value: string][]) => new Map(entries);

Deno.test("nothing is inherited without variables, or with another process's", async (t) => {
  const cases: [name: string, env: Map<string, string>][] = [
    ["none", env()],
    ["another pid", env(["LISTEN_FDS", "1"], ["LISTEN_PID", "1"])],
    ["no pid", env(["LISTEN_FDS", "1"])],
    ["no number", env(["LISTEN_FDS", "many"], ["LISTEN_PID", String(PID)])],
    ["none are passed", env(["LISTEN_FDS", "0"], ["LISTEN_PID", String(PID)])],
    ["nonsense", env([VARIABLE, "{}"])],
    ["no JSON", env([VARIABLE, "yes"])],
  ];
  for (const [name, variables] of cases) {
    await t.step(name, () => {
      assertEquals(takeInheritance(variables, PID), NOTHING);
      assertEquals(variables.size, 0, "children do not see them");
    });
  }
});

Deno.test("what is no listener is passed over", () => {
  // The first descriptors of this process are the runtime's own.
  const variables = env(["LISTEN_FDS", "2"], ["LISTEN_PID", String(PID)], ["LISTEN_FDNAMES", "a:b"]);
  assertEquals(takeInheritance(variables, PID), NOTHING);
});

Deno.test({
  name: "a predecessor's word is taken as it is, and its sockets are inherited no further",
  ignore: !canInherit(),
  fn() {
    const { server, descriptor } = openedBy(() => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
    const copy = duplicate(descriptor ?? -1);
    assert(copy !== null);
    const socket = { descriptor: copy, name: "", passed: false, opened: ":0", address: server.addr };
    const handed = { sockets: [socket], predecessor: { pid: 1, channel: "/tmp/x", paths: ["/run/a"] } };
    const variables = env(
      [VARIABLE, JSON.stringify(handed)],
      ["LISTEN_FDS", "1"],
      ["LISTEN_PID", String(PID)],
    );
    assertEquals(JSON.stringify(takeInheritance(variables, PID)), JSON.stringify(handed));
    assertEquals(variables.size, 0);
    const flags = /^flags:\s+(\d+)$/m.exec(Deno.readTextFileSync(`/proc/self/fdinfo/${copy}`))?.[1] ?? "";
    const O_CLOEXEC = 0o2000000, O_NONBLOCK = 0o4000;
    assertEquals(parseInt(flags, 8) & (O_CLOEXEC | O_NONBLOCK), O_CLOEXEC | O_NONBLOCK);
    closeDescriptor(copy);
    server.close();
  },
});
