/** The access log: its format, its escapes, and readers that are slow or gone. */
import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { StackdError } from "../../lib/errors.ts";
import { latin1, text } from "../../lib/http1/bytes.ts";
import { type AccessLogEntry, accessLogTo, openAccessLog } from "../../lib/observe/access_log.ts";
import { localTime } from "../../lib/observe/local_time.ts";
import { TestDirectory } from "../support/stackd.ts";
import { ErrorLog } from "../support/test_front.ts";
import { until } from "../support/until.ts";

const ENTRY: AccessLogEntry = {
  remoteAddress: "192.0.2.1",
  requestLine: "GET /a?b HTTP/1.1",
  status: 200,
  bytes: 1_234,
  referer: "http://a.example/",
  userAgent: "curl/8.0",
};
const TIME = /\[(\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]/;

/** What a file log holds after it was written to and closed; the time of each line replaced. */
async function logged(write: (log: ReturnType<typeof openAccessLog>) => void): Promise<string[]> {
  using directory = new TestDirectory();
  const path = directory.at("access.log");
  const log = openAccessLog({ kind: "file", path });
  assertEquals(log.enabled, true);
  write(log);
  await log.close();
  const lines = text(Deno.readFileSync(path), 0, Deno.statSync(path).size).split("\n");
  assertEquals(lines.pop(), "", "every line is ended");
  return lines.map((line) => line.replace(TIME, "[time]"));
}

Deno.test("write() writes nginx's combined format", async () => {
  assertEquals(await logged((log) => log.write(ENTRY)), [
    '192.0.2.1 - - [time] "GET /a?b HTTP/1.1" 200 1234 "http://a.example/" "curl/8.0"',
  ]);
});

Deno.test("write() writes - for what is not there", async () => {
  const entry = {
    ...ENTRY,
    remoteAddress: "unix:",
    requestLine: "",
    status: 408,
    bytes: null,
    referer: null,
    userAgent: "",
  };
  assertEquals(await logged((log) => log.write(entry)), ['unix: - - [time] "-" 408 - "-" "-"']);
});

Deno.test("write() writes numbers whole", async () => {
  const values = [0, 9, 10, 999, 1_000, 4_294_967_296, Number.MAX_SAFE_INTEGER];
  const lines = await logged((log) => values.forEach((bytes) => log.write({ ...ENTRY, bytes })));
  assertEquals(lines.map((line) => Number(line.split(" ")[8])), values);
});

Deno.test("writeSpans() writes the same line from a head's bytes", async () => {
  const source = latin1('..GET /\x00\x1f"\\\x7f\x80\xff~ !..ref..agent..');
  const lines = await logged((log) => {
    log.writeSpans("::1", source, { start: 2, end: 16 }, 400, 0, { start: 19, end: 22 }, { start: 24, end: 29 });
    log.writeSpans("::1", source, { start: 5, end: 5 }, 400, 0, { start: 0, end: 0 }, { start: 9, end: 3 });
  });
  assertEquals(lines, [
    String.raw`::1 - - [time] "GET /\x00\x1F\x22\x5C\x7F\x80\xFF~ " 400 0 "ref" "agent"`,
    '::1 - - [time] "-" 400 0 "-" "-"',
  ]);
});

Deno.test("a line cannot be broken or forged by what a client sends", async () => {
  const lines = await logged((log) =>
    log.write({ ...ENTRY, userAgent: 'x"\r\n192.0.2.2 - - [now] "GET / HTTP/1.1" 200' })
  );
  assertEquals(lines.length, 1);
  assertStringIncludes(lines[0], String.raw`"x\x22\x0D\x0A192.0.2.2 - - [now] \x22GET / HTTP/1.1\x22 200"`);
});

Deno.test("lines larger than the buffer's rest, and many of them, are written whole and in order", async () => {
  const long = latin1("\x01".repeat(20_000));
  const lines = await logged((log) => {
    for (let i = 0; i < 200; i++) {
      log.write({ ...ENTRY, requestLine: `GET /${i} HTTP/1.1` });
      const span = { start: 0, end: 20_000 };
      if (i % 10 === 0) log.writeSpans("::1", long, span, 200, i, span, span);
    }
  });
  assertEquals(lines.length, 220);
  const numbers = lines.flatMap((line) => /GET \/(\d+) /.exec(line)?.[1] ?? []);
  assertEquals(numbers, Array.from({ length: 200 }, (_, i) => String(i)));
  // Each field is cut at 8 KiB before it is escaped.
  for (const line of lines.filter((line) => line.startsWith("::1"))) {
    assertMatch(line, /^::1 - - \[time\] "(\\x01){8192}" 200 \d+ "(\\x01){8192}" "(\\x01){8192}"$/);
  }
});

Deno.test("lines are written without being asked for, a moment later", async () => {
  using directory = new TestDirectory();
  const path = directory.at("access.log");
  const log = openAccessLog({ kind: "file", path });
  log.write(ENTRY);
  await until("the line is in the file", () => Deno.statSync(path).size > 0);
  await log.close();
});

Deno.test("openAccessLog() appends to a file, and makes one that others cannot read", async () => {
  using directory = new TestDirectory();
  const path = directory.write("access.log", "before\n");
  const log = openAccessLog({ kind: "file", path });
  log.write(ENTRY);
  await log.close();
  assertMatch(Deno.readTextFileSync(path), /^before\n192\.0\.2\.1 .*\n$/);
  const fresh = directory.at("fresh.log");
  await openAccessLog({ kind: "file", path: fresh }).close();
  assertEquals((Deno.statSync(fresh).mode ?? 0) & 0o137, 0);
});

Deno.test("openAccessLog() says which file it cannot open", () => {
  const path = "/nonexistent/access.log";
  const error = assertThrows(
    () => openAccessLog({ kind: "file", path }),
    StackdError,
    `Cannot open access log "${path}"`,
  );
  assertEquals({ code: error.code, exitCode: error.exitCode }, { code: "STACKD_CONFIG_INVALID", exitCode: 1 });
});

Deno.test("openAccessLog() opens nothing when it is off", async () => {
  const log = openAccessLog({ kind: "off" });
  assertEquals(log.enabled, false);
  log.write(ENTRY);
  await log.close();
});

Deno.test("a slow reader costs lines, which are counted, and nothing else", async () => {
  using directory = new TestDirectory();
  const path = directory.at("pipe");
  assert((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
  // Opened for both, so that neither end waits for the other; twice, because a file reads and writes one after the other.
  using reader = await Deno.open(path, { read: true, write: true });
  using ender = await Deno.open(path, { write: true });
  using errors = new ErrorLog();
  const log = openAccessLog({ kind: "file", path });
  const total = 100_000;
  const start = performance.now();
  for (let i = 0; i < total; i++) log.write(ENTRY);
  assert(performance.now() - start < 5_000, "writing does not wait for the reader");
  // A pipe that the test itself holds open has no end: a last line says that the log is closed.
  const closed = log.close().then(() => ender.write(new TextEncoder().encode("end\n")));
  const lost = () => Number(/Cannot write (\d+) access log lines: the reader is too slow/.exec(errors.text)?.[1] ?? 0);
  const buffer = new Uint8Array(65_536);
  let read = -1;
  for (let tail = ""; tail !== "end\n";) {
    const n = await reader.read(buffer);
    const piece = text(buffer, 0, n ?? 0);
    read += piece.split("\n").length - 1;
    tail = (tail + piece).slice(-4);
  }
  await closed;
  assert(lost() > 0 && read > 1_000, `${read} lines were read, ${lost()} lost`);
  assertEquals(read + lost(), total, "every line was read or counted");
});

Deno.test("a file costs no lines, however many are written between two of the runtime's turns", async () => {
  using errors = new ErrorLog();
  let written = 0;
  const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));
  const write = async (bytes: Uint8Array) => {
    await turn();
    written += bytes.filter((byte) => byte === 10).length;
    return bytes.length;
  };
  const log = accessLogTo({ write, close() {} });
  for (let i = 0; i < 40; i++) {
    for (let j = 0; j < 5_000; j++) log.write(ENTRY);
    await turn();
  }
  await log.close();
  assertEquals(written, 200_000);
  assertEquals(errors.text, "");
});

Deno.test("a reader that goes away ends nothing", async () => {
  const main = fromFileUrl(import.meta.resolve("./broken_pipe.ts"));
  const command = new Deno.Command("/bin/sh", {
    args: ["-c", '"$0" run -A "$1" | head -n 1', Deno.execPath(), main],
    stdout: "piped",
    stderr: "piped",
  });
  const { stdout, stderr } = await command.output();
  assertMatch(new TextDecoder().decode(stdout), /^192\.0\.2\.1 - - \[.*\] "GET \/0 HTTP\/1\.1" 200 0 "-" "-"\n$/);
  assertEquals(new TextDecoder().decode(stderr), "still there\n");
});

Deno.test("localTime() writes a date as nginx's $time_local", () => {
  // A date that has the offset it is given, whatever the machine's own is.
  const at = (local: string, offset: number) => {
    const date = new Date(`${local}Z`);
    return Object.assign(date, {
      getTimezoneOffset: () => offset,
      getDate: () => date.getUTCDate(),
      getMonth: () => date.getUTCMonth(),
      getFullYear: () => date.getUTCFullYear(),
      getHours: () => date.getUTCHours(),
      getMinutes: () => date.getUTCMinutes(),
      getSeconds: () => date.getUTCSeconds(),
    });
  };
  assertEquals(localTime(at("2026-11-23T15:06:31", 0)), "23/Nov/2026:15:06:31 +0000");
  assertEquals(localTime(at("2026-01-02T03:04:05", -540)), "02/Jan/2026:03:04:05 +0900");
  assertEquals(localTime(at("2026-12-31T23:59:59", 210)), "31/Dec/2026:23:59:59 -0330");
  assertEquals(localTime(at("2026-06-01T00:00:00", -345)), "01/Jun/2026:00:00:00 +0545");
});
