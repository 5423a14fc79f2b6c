/** Lines of the access log in formats of one's own. */
import { assertEquals, assertMatch } from "@std/assert";
import { parseLogFormat } from "../../lib/config/log_format.ts";
import { compileLogFormat } from "../../lib/observe/log_format.ts";
import type { LogRecord } from "../../lib/observe/log_record.ts";

const NOW = Date.UTC(2026, 10, 25, 16, 2, 3, 45);
const FIELDS: Readonly<Record<string, string>> = {
  referer: "http://a.example/",
  "user-agent": 'curl/8 "x" \\ \x00\x1f\x7f\xc3\xa9',
  "x-real-ip": "203.0.113.7",
};
const RECORD: LogRecord = {
  remoteAddress: "192.0.2.1",
  requestLine: "POST /a%20b?c=d&e HTTP/1.1",
  method: "POST",
  target: "/a%20b?c=d&e",
  protocol: "HTTP/1.1",
  host: "example.org",
  status: 200,
  bytes: 1_234,
  requestId: "abc-1",
  duration: 12.6,
  upstreams: [{ address: "unix:/run/a.sock", duration: 5_000 }, { address: "10.0.0.2:8000", duration: 3.4 }],
  field: (name) => FIELDS[name] ?? null,
};
const NOTHING: LogRecord = {
  remoteAddress: "unix:",
  requestLine: "",
  method: "",
  target: "",
  protocol: "",
  host: "",
  status: 400,
  bytes: null,
  requestId: "abc-2",
  duration: 0,
  upstreams: [],
  field: () => null,
};

function lineOf(format: string, record: LogRecord = RECORD, now = NOW): string {
  const write = compileLogFormat(parseLogFormat(format), () => now);
  if (write === null) throw new TypeError(`${format} is written without records`);
  return write(record);
}

Deno.test("compileLogFormat() leaves combined to the fast path", () => {
  assertEquals(compileLogFormat({ kind: "combined" }), null);
});

Deno.test("a template's variables are nginx's", async (t) => {
  const cases: [variable: string, value: string, nothing: string][] = [
    ["args", "c=d&e", "-"],
    ["body_bytes_sent", "1234", "-"],
    ["host", "example.org", "-"],
    ["msec", "1795622523.045", "1795622523.045"],
    ["pid", String(Deno.pid), String(Deno.pid)],
    ["remote_addr", "192.0.2.1", "unix:"],
    ["remote_user", "-", "-"],
    ["request", "POST /a%20b?c=d&e HTTP/1.1", "-"],
    ["request_id", "abc-1", "abc-2"],
    ["request_method", "POST", "-"],
    ["request_time", "0.013", "0.000"],
    ["request_uri", "/a%20b?c=d&e", "-"],
    ["server_protocol", "HTTP/1.1", "-"],
    ["status", "200", "400"],
    ["upstream_addr", "unix:/run/a.sock, 10.0.0.2:8000", "-"],
    ["upstream_response_time", "5.000, 0.003", "-"],
    ["http_referer", "http://a.example/", "-"],
    ["http_x_real_ip", "203.0.113.7", "-"],
    ["http_user_agent", "curl/8 \\x22x\\x22 \\x5C \\x00\\x1F\\x7F\\xC3\\xA9", "-"],
  ];
  for (const [variable, value, nothing] of cases) {
    await t.step(variable, () => {
      assertEquals([lineOf(`$${variable}`), lineOf(`$${variable}`, NOTHING)], [value, nothing]);
    });
  }
  await t.step("times", () => {
    assertMatch(lineOf("$time_local"), /^2[456]\/Nov\/2026:\d\d:\d2:03 [+-]\d{4}$/);
    const iso = lineOf("$time_iso8601");
    assertMatch(iso, /^2026-11-2\dT\d\d:\d\d:03[+-]\d\d:\d\d$/);
    assertEquals(Date.parse(iso), NOW - 45);
  });
  await t.step("texts", () => {
    assertEquals(lineOf('é "$status" $$${status}s'), 'é "200" $200s');
  });
});

Deno.test("the time is written anew when another second has begun, also an earlier one", () => {
  let now = NOW;
  const write = compileLogFormat(parseLogFormat("$time_iso8601"), () => now);
  const seconds = [0, 900, 955, 2_000, -5_000].map((later) => {
    now = NOW + later;
    return write?.(RECORD).slice(17, 19);
  });
  assertEquals(seconds, ["03", "03", "04", "05", "58"]);
});

Deno.test("json is one object a line, whatever a client sends", async (t) => {
  await t.step("everything", () => {
    const line = lineOf("json");
    assertEquals(JSON.parse(line), {
      time: "2026-11-25T16:02:03.045Z",
      remote_addr: "192.0.2.1",
      request_id: "abc-1",
      request_method: "POST",
      request_uri: "/a%20b?c=d&e",
      server_protocol: "HTTP/1.1",
      host: "example.org",
      status: 200,
      body_bytes_sent: 1_234,
      request_time: 0.013,
      upstream_addr: "unix:/run/a.sock, 10.0.0.2:8000",
      upstream_response_time: 5.003,
      http_referer: "http://a.example/",
      http_user_agent: 'curl/8 "x" \\ \x00\x1f\x7fé',
    });
    // deno-lint-ignore no-control-regex -- they are what must not be there
    assertEquals(/[\x00-\x1f]/.test(line), false);
  });
  await t.step("nothing", () => {
    const { status, ...others } = JSON.parse(lineOf("json", NOTHING));
    assertEquals(status, 400);
    const { request_method, body_bytes_sent, upstream_addr, upstream_response_time, http_referer } = others;
    assertEquals([request_method, body_bytes_sent, upstream_addr, upstream_response_time, http_referer], [
      null,
      null,
      null,
      null,
      null,
    ]);
  });
  await t.step("every byte", () => {
    const all = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join("");
    const line = lineOf("json", { ...RECORD, field: () => all });
    assertEquals(line.includes("\n"), false);
    const expected = new TextDecoder().decode(Uint8Array.from(all, (character) => character.charCodeAt(0)));
    assertEquals(JSON.parse(line).http_referer, expected);
  });
});

Deno.test("a value is cut where it is longer than any that is useful", () => {
  const long = { ...RECORD, field: () => "x".repeat(20_000) };
  assertEquals(lineOf("$http_x", long).length, 8_192);
  assertEquals(JSON.parse(lineOf("json", long)).http_referer.length, 8_192);
});
