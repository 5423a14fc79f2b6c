/** Telling supervisors from other processes. */
import { assert, assertEquals } from "@std/assert";
import { isSupervisor, processOf, type ShownProcess } from "../../lib/process/whose_pid.ts";

const shown = (line: string, executable: string | null): ShownProcess => ({ args: line.split(" "), executable });

const STACKD = shown("/usr/bin/stackd reload --pidfile a", "/usr/bin/stackd");
const RENAMED = shown("edge reload --pidfile a", "/opt/edge");
const SOURCE = shown("/usr/bin/deno run -A cli.ts reload --pidfile a", "/usr/bin/deno");

Deno.test("isSupervisor() knows gateways and proxies, however stackd is called", () => {
  const cases: [line: string, executable: string | null, self: ShownProcess][] = [
    ["/usr/bin/stackd gateway app.ts", "/usr/bin/stackd", STACKD],
    ["./stackd proxy -c gateway", null, STACKD],
    ["stackd gateway app.ts", "/opt/stackd-0.2/stackd", RENAMED],
    ["stackd gateway app.ts", "/srv/one", STACKD],
    ["/opt/current gateway app.ts", "/opt/stackd-0.2", STACKD],
    ["edge proxy --listen 80", "/opt/edge", RENAMED],
    ["/usr/bin/deno run -A --quiet /src/stackd/cli.ts gateway app.ts", "/usr/bin/deno", STACKD],
    ["/usr/bin/deno run -A cli.ts proxy --listen 80", "/usr/bin/deno", SOURCE],
  ];
  for (const [line, executable, self] of cases) assert(isSupervisor(shown(line, executable), self), line);
});

Deno.test("isSupervisor() knows that others are none", () => {
  const cases: [line: string, executable: string | null, self: ShownProcess][] = [
    ["sleep 60", "/bin/sleep", STACKD],
    ["kubectl proxy", "/usr/bin/kubectl", STACKD],
    ["stackd worker /tmp/stackd-1/worker-1", "/usr/bin/stackd", STACKD],
    ["stackd front gateway", "/usr/bin/stackd", STACKD],
    ["grep gateway", "/bin/grep", STACKD],
    ["vi stackd gateway", "/usr/bin/vi", STACKD],
    ["deno run other.ts gateway", "/usr/bin/deno", SOURCE],
    ["edge proxy", "/opt/edge", STACKD],
    ["gateway", null, STACKD],
  ];
  for (const [line, executable, self] of cases) assert(!isSupervisor(shown(line, executable), self), line);
});

Deno.test({
  name: "processOf() shows a process, and that there is none",
  ignore: Deno.build.os !== "linux",
  fn() {
    const self = processOf("self");
    assert(self !== null && self !== "unseen");
    assertEquals(self.executable, Deno.execPath());
    assertEquals(processOf(4_194_305), null); // no pid is above 2^22
  },
});
