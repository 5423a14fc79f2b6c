/** The compiled gateway behind a real nginx's uwsgi_pass: nothing is lost when it loads its module anew, or is replaced. @module */
import { assertEquals } from "@std/assert";
import { Load } from "../support/load.ts";
import { installed } from "../support/stackd.ts";
import { Upgradable } from "../support/upgradable.ts";
import { startUwsgiNginx } from "../support/uwsgi_gateway.ts";

const missing = installed("nginx") ? "" : " (no nginx here)";

Deno.test({
  name: `behind nginx's uwsgi_pass, reloads and upgrades lose nothing${missing}`,
  ignore: missing !== "",
  async fn() {
    await using gateway = new Upgradable();
    gateway.directory.write(
      "app.js",
      `export default async (request) => {
      await request.bytes();
      await new Promise((resolve) => setTimeout(resolve, 15));
      return new Response("here");
    };`,
    );
    const args = ["--uwsgi-socket", "./app.sock", "--chmod-socket", "666", "--workers", "2", "--access-log", "off"];
    await gateway.start(["gateway", ...args, "app.js"]);
    const socket = gateway.directory.at("app.sock"), { ino } = Deno.lstatSync(socket);
    await using nginx = await startUwsgiNginx(
      gateway.directory,
      `location / { uwsgi_pass "unix:${socket}"; PARAMS uwsgi_next_upstream off; }`,
    );
    await using load = new Load({ transport: "tcp", hostname: "127.0.0.1", port: nginx.port });
    await load.answers(50);
    for (let generation = 2; generation <= 6; generation++) {
      Deno.kill(gateway.pid, "SIGHUP");
      await gateway.logged(new RegExp(`generation ${generation} serves`));
    }
    for (const release of ["two", "one"] as const) {
      await gateway.upgrade(release);
      await load.answers(100);
    }
    await load.stop();
    assertEquals(load.failed, []);
    assertEquals(Deno.lstatSync(socket).ino, ino, "it is the same socket all the time");
    assertEquals(nginx.running.stderr, "");
  },
});
