/** The end of a whole gateway under load, wanted or not. With the compiled binary. @module */
import { assert, assertEquals } from "@std/assert";
import { test } from "../support/confinement.ts";
import { freePort } from "../support/free_port.ts";
import { Load } from "../support/load.ts";
import { accepts, until } from "../support/until.ts";
import { FaultyGateway, isRunning, report } from "./faults_app.ts";

test("faults: workers and front leave with a supervisor that is killed, and the next one has its addresses", async (t) => {
  for (const stuck of [false, true]) {
    await t.step(stuck ? "a worker is stuck" : "all is well", async () => {
      await using gateway = new FaultyGateway();
      const socket = gateway.directory.at("app.sock");
      const args = ["--http", `127.0.0.1:${freePort()}`, "--socket", socket, "--workers", "2"];
      await gateway.start(args);
      await using load = await gateway.load();
      const pids = [...gateway.children("worker"), ...gateway.children("front")];
      assertEquals(pids.length, 3);
      if (stuck) {
        gateway.ask("/loop").catch(() => {}); // nobody answers it any more
        await until("it loops", () => gateway.notes.length === 1);
      }
      const killed = performance.now();
      await gateway.running.stop("SIGKILL");
      await until("they are gone", () => !pids.some(isRunning), 2_000);
      const gone = performance.now();
      await gateway.start(args);
      const back = performance.now();
      await load.answers(200);
      await load.stop();
      for (const { outcome, from, until, why } of load.failed) {
        assert(outcome === "lost" || outcome === "refused", `${outcome}: ${why}`);
        assert(from < back && until > killed, "a request failed while somebody served");
      }
      const overSocket = new Load({ transport: "unix", path: socket });
      await overSocket.answers(100);
      await overSocket.stop();
      assertEquals(overSocket.failed, []);
      assertEquals((await gateway.running.stop()).code, 0);
      const left = [...Deno.readDirSync(gateway.directory.path)].map(({ name }) => name);
      assert(!left.includes("app.sock"), `left: ${left}`);
      const times = `all gone after ${Math.round(gone - killed)} ms, the next one served ${
        Math.round(back - gone)
      } ms later`;
      report(`kill -9 of the supervisor${stuck ? ", a worker stuck" : ""}`, load, times);
    });
  }
});

test("faults: TERM under load answers every request that was accepted", async (t) => {
  for (const over of ["TCP", "a unix socket"]) {
    await t.step(over, async () => {
      await using gateway = new FaultyGateway();
      const socket = gateway.directory.at("app.sock");
      await gateway.start(["--http", "127.0.0.1:0", "--socket", socket, "--workers", "2"]);
      if (over !== "TCP") gateway.address = { transport: "unix", path: socket };
      await using load = await gateway.load();
      const slow = Array.from({ length: 4 }, () => gateway.ask("/slow"));
      await load.answers(50);
      const asked = performance.now();
      gateway.running.kill("SIGTERM");
      const answers = (await Promise.all(slow)).map(({ status }) => status);
      const { code, stderr } = await gateway.running.ended;
      const took = performance.now() - asked;
      await load.stop();
      assertEquals([code, answers], [0, [200, 200, 200, 200]], stderr);
      for (const { outcome, from, why } of load.failed) {
        assertEquals(outcome, "refused", why);
        assert(from > asked);
      }
      assert(load.failed.length > 0, "new connections are refused");
      assert(!await accepts({ transport: "unix", path: socket }));
      report(`TERM, clients on ${over}`, load, `ended after ${Math.round(took)} ms, a request of 1 s in flight`);
    });
  }
});
