/** systemd's notifications, against a socket that stands for systemd's. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { notifier } from "../../lib/process/notify.ts";
import { TestDirectory } from "../support/stackd.ts";
import { within } from "../support/within.ts";

const env = (...entries: [name: string, value: string][]) => new Map(entries);

/** A socket that takes notifications at `path`. */
function listen(path: string) {
  const socket = Deno.listenDatagram({ transport: "unixpacket", path });
  return {
    async next(): Promise<string> {
      const [bytes] = await within("a notification comes", socket.receive(new Uint8Array(65_536)));
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    },
    [Symbol.dispose]: () => socket.close(),
  };
}

Deno.test("a notifier sends what sd_notify(3) says, in order, and leaves no file", async () => {
  using directory = new TestDirectory();
  const path = directory.at("notify");
  using systemd = listen(path);
  const notify = notifier(env(["NOTIFY_SOCKET", path]));
  assert(notify !== null);
  await notify.status("Loading the handler");
  assertEquals(await systemd.next(), "STATUS=Loading the handler");
  notify.ready("3 workers");
  notify.watchdog();
  const last = notify.stopping();
  assertEquals(await systemd.next(), "READY=1\nSTATUS=3 workers");
  assertEquals(await systemd.next(), "WATCHDOG=1");
  assertEquals(await systemd.next(), "STOPPING=1");
  await last;
  await notify.mainProcess(4_711);
  assertEquals(await systemd.next(), "MAINPID=4711");
  await notify.ready();
  assertEquals(await systemd.next(), "READY=1");
  assertEquals([...Deno.readDirSync(directory.path)].map(({ name }) => name), ["notify"]);
  notify.close();
  notify.close();
  await notify.status("after the end"); // no error
});

Deno.test("reloading() tells the monotonic clock", async () => {
  using directory = new TestDirectory();
  using systemd = listen(directory.at("notify"));
  const notify = notifier(env(["NOTIFY_SOCKET", directory.at("notify")]));
  assert(notify !== null);
  const times: number[] = [];
  for (let i = 0; i < 2; i++) {
    await notify.reloading();
    const message = await systemd.next();
    assertMatch(message, /^RELOADING=1\nMONOTONIC_USEC=\d+$/);
    times.push(Number(message.split("=")[2]));
  }
  notify.close();
  const [first = NaN, second = NaN] = times;
  const uptime = Number(Deno.readTextFileSync("/proc/uptime").split(" ")[0]) * 1_000_000;
  assert(first < second && second < uptime + 20_000, `${first} ${second} ${uptime}`);
});

Deno.test("a notifier reaches an abstract socket", async () => {
  const name = `stackd-test-${crypto.randomUUID()}`;
  using systemd = listen(`\0${name}`);
  const notify = notifier(env(["NOTIFY_SOCKET", `@${name}`]));
  assert(notify !== null);
  await notify.ready();
  assertEquals(await systemd.next(), "READY=1");
  notify.close();
});

Deno.test("a status is one line of bounded length", async (t) => {
  using directory = new TestDirectory();
  using systemd = listen(directory.at("notify"));
  const notify = notifier(env(["NOTIFY_SOCKET", directory.at("notify")]));
  assert(notify !== null);
  const cases: [text: string, sent: string][] = [
    ["", ""],
    ["in two\nREADY=1", "in two READY=1"],
    ["\0a\r\n\tb\x7f", " a b "],
    ["한글", "한글"],
    ["\ud800", "\ufffd"],
    ["x".repeat(100_000), "x".repeat(1_000)],
    ["😀".repeat(1_001), "😀".repeat(1_000)],
  ];
  for (const [text, sent] of cases) {
    await t.step(JSON.stringify(text.slice(0, 20)), async () => {
      await notify.status(text);
      assertEquals(await systemd.next(), `STATUS=${sent}`);
    });
  }
  notify.close();
});

Deno.test("there is no notifier where nobody is named, and no error where nobody listens", async (t) => {
  for (const value of ["", "/", "@", "relative", "vsock:2:1234"]) {
    await t.step(`"${value}"`, () => assertEquals(notifier(env(["NOTIFY_SOCKET", value])), null));
  }
  assertEquals(notifier(env()), null);
  using directory = new TestDirectory();
  for (const path of [directory.at("nobody"), directory.write("file", ""), `/${"x".repeat(200)}`, "@nobody-here"]) {
    await t.step(path.slice(0, 60), async () => {
      const notify = notifier(env(["NOTIFY_SOCKET", path]));
      await notify?.ready();
      await notify?.stopping();
      notify?.close();
    });
  }
});

Deno.test("watchdogInterval is half of what is allowed, for the process that is meant", async (t) => {
  const cases: [usec: string | null, pid: string | null, interval: number | null][] = [
    [null, null, null],
    ["30000000", null, 15_000],
    ["30000000", "77", 15_000],
    ["30000000", "78", null],
    ["30000000", "", 15_000],
    ["1", null, 1],
    ["0", null, null],
    ["-5", null, null],
    ["soon", null, null],
    ["9223372036854775807", null, 2_147_483_647],
    ["99999999999999999999", null, null],
  ];
  for (const [usec, pid, interval] of cases) {
    await t.step(`${usec} for ${pid}`, () => {
      const variables = env(["NOTIFY_SOCKET", "@somebody"]);
      if (usec !== null) variables.set("WATCHDOG_USEC", usec);
      if (pid !== null) variables.set("WATCHDOG_PID", pid);
      const notify = notifier(variables, 77);
      assertEquals(notify?.watchdogInterval, interval);
      notify?.close();
    });
  }
});
