/** What a service manager hears of reloads and stops, in which order. */
import { assertEquals, assertRejects } from "@std/assert";
import { serviceManager } from "../../lib/process/service_manager.ts";
import { TestDirectory } from "../support/stackd.ts";
import { until } from "../support/until.ts";

/** A service manager, and the first lines of what it hears. */
function listen(directory: TestDirectory) {
  const path = directory.at("notify");
  const socket = Deno.listenDatagram({ transport: "unixpacket", path });
  const heard: string[] = [];
  (async () => {
    for await (const [bytes] of socket) heard.push(new TextDecoder().decode(bytes).split("\n")[0] ?? "");
  })();
  Deno.env.set("NOTIFY_SOCKET", path);
  const service = serviceManager();
  const dispose = () => {
    service.close();
    socket.close();
  };
  return { service, heard, [Symbol.dispose]: dispose };
}

Deno.test("reloads that overlap are over when the last one is", async () => {
  using directory = new TestDirectory();
  using manager = listen(directory);
  const { service, heard } = manager;
  service.ready();
  const first = Promise.withResolvers<void>(), second = Promise.withResolvers<void>();
  const both = [
    service.during(first.promise),
    assertRejects(() => service.during(second.promise), Error, "no handler"),
  ];
  first.resolve();
  await both[0];
  service.ready(); // to be heard in its order
  await until("that is heard", () => heard.length === 4);
  assertEquals(heard, ["READY=1", "RELOADING=1", "RELOADING=1", "READY=1"]);
  second.reject(new Error("no handler"));
  await both[1];
  await until("the end is heard", () => heard.length === 5);
  assertEquals(heard[4], "READY=1");
});

Deno.test("a reload that a stop has ended makes nothing ready", async () => {
  using directory = new TestDirectory();
  using manager = listen(directory);
  const { service, heard } = manager;
  const reload = Promise.withResolvers<void>();
  const during = service.during(reload.promise);
  service.stopping();
  reload.resolve();
  await during;
  service.stopping(); // to be heard in its order
  await until("that is heard", () => heard.filter((line) => line === "STOPPING=1").length === 2);
  assertEquals(heard, ["RELOADING=1", "STOPPING=1", "STOPPING=1"]);
});
