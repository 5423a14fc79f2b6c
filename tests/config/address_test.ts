import { assertEquals, assertThrows } from "@std/assert";
import {
  formatAddress,
  parseHttpListen,
  parseListen,
  parseSocketPath,
  parseTarget,
  parseTargets,
  parseTcpListen,
} from "../../lib/config/address.ts";
import type { ListenAddress, ListenOption, UpstreamTarget } from "../../lib/config/options.ts";
import { ValueError } from "../../lib/config/values.ts";

const CWD = "/home/app";
const tcp = (hostname: string, port: number): ListenAddress => ({ transport: "tcp", hostname, port });
const unix = (path: string): ListenAddress => ({ transport: "unix", path });

Deno.test("parseListen() reads an address, formatAddress() prints it back", async (t) => {
  const cases: [string, ListenOption, string][] = [
    ["fd:web", { transport: "passed", name: "web" }, "fd:web"],
    ["fd:3", { transport: "passed", name: "3" }, "fd:3"],
    ["8080", tcp("", 8080), ":8080"],
    [":8080", tcp("", 8080), ":8080"],
    ["0", tcp("", 0), ":0"],
    ["65535", tcp("", 65_535), ":65535"],
    ["127.0.0.1:0", tcp("127.0.0.1", 0), "127.0.0.1:0"],
    ["0.0.0.0:80", tcp("0.0.0.0", 80), "0.0.0.0:80"],
    ["localhost:8080", tcp("localhost", 8080), "localhost:8080"],
    ["app_1.example.org:81", tcp("app_1.example.org", 81), "app_1.example.org:81"],
    ["[::1]:8080", tcp("::1", 8080), "[::1]:8080"],
    ["[::]:80", tcp("::", 80), "[::]:80"],
    ["unix:/run/app.sock", unix("/run/app.sock"), "unix:/run/app.sock"],
    ["unix:app.sock", unix("/home/app/app.sock"), "unix:/home/app/app.sock"],
    ["unix:../a b=c.sock", unix("/home/a b=c.sock"), "unix:/home/a b=c.sock"],
  ];
  for (const [text, address, printed] of cases) {
    await t.step(text, () => {
      assertEquals(parseListen(text, CWD), address);
      assertEquals(formatAddress(address), printed);
      assertEquals(parseListen(printed, CWD), address);
    });
  }
});

Deno.test("parseListen() refuses what is no address", async (t) => {
  const cases: [string, string][] = [
    ["", "it has no port"],
    [" ", "it has no port"],
    ["localhost", "it has no port"],
    ["127.0.0.1", "it has no port"],
    ["[::1]", "it has no port"],
    [":", "a port is a number from 0 to 65535"],
    ["65536", "a port is a number from 0 to 65535"],
    [":65536", "a port is a number from 0 to 65535"],
    ["123456789012345678901", "a port is a number from 0 to 65535"],
    [":-1", "a port is a number from 0 to 65535"],
    [":80a", "a port is a number from 0 to 65535"],
    [":8080 ", "a port is a number from 0 to 65535"],
    ["localhost:http", "a port is a number from 0 to 65535"],
    [" localhost:80", '" localhost" is no host name'],
    ["local host:80", '"local host" is no host name'],
    ["-a:80", '"-a" is no host name'],
    ["*:80", '"*" is no host name'],
    [`${"a".repeat(254)}:80`, "is no host name"],
    ["256.0.0.1:80", '"256.0.0.1" is no IPv4 address'],
    ["1.2.3:80", '"1.2.3" is no IPv4 address'],
    ["[::g]:80", '"::g" is no IPv6 address'],
    ["[127.0.0.1]:80", '"127.0.0.1" is no IPv6 address'],
    ["[]:80", '"" is no IPv6 address'],
    ["::1", 'an IPv6 address goes in brackets; write "[::1]:PORT"'],
    ["fe80:0:0:0:0:0:0:1:8080", 'an IPv6 address goes in brackets; write "[fe80:0:0:0:0:0:0:1]:8080"'],
    ["::1:7195", 'an IPv6 address goes in brackets; write "[::1]:7195"'],
    [":::80", 'an IPv6 address goes in brackets; write "[::]:80"'],
    ["2001:db8::1", 'an IPv6 address goes in brackets; write "[2001:db8::1]:PORT"'],
    ["1:2:3", "an address is HOST:PORT"],
    ["[::1]80", "an address is HOST:PORT"],
    ["a:b:80", "an address is HOST:PORT"],
    ["http://:8080", "an address is [HOST:]PORT or unix:PATH"],
    ["/run/app.sock", "an address is [HOST:]PORT or unix:PATH"],
    ["unix:", "the path is empty"],
    ["unix:/run/", "it names a directory"],
  ];
  for (const [text, message] of cases) {
    await t.step(`"${text.slice(0, 40)}"`, () => void assertThrows(() => parseListen(text, CWD), ValueError, message));
  }
});

Deno.test("parseHttpListen() takes what was passed, but no unix socket", () => {
  assertEquals(parseHttpListen("fd:web"), { transport: "passed", name: "web" });
  assertEquals(parseHttpListen(":80"), tcp("", 80));
  assertThrows(() => parseHttpListen("unix:/run/app.sock"), ValueError, "a unix socket is --socket PATH");
  for (const text of ["fd:", "fd:a:b", "fd:\n"]) {
    assertThrows(() => parseHttpListen(text), ValueError, "fd: is followed by a FileDescriptorName=");
  }
});

Deno.test("parseTcpListen() refuses unix sockets", () => {
  assertEquals(parseTcpListen(":0"), { transport: "tcp", hostname: "", port: 0 });
  assertThrows(() => parseTcpListen("unix:/run/app.sock"), ValueError, "a unix socket is --socket PATH");
});

Deno.test("parseTarget() reads a target, formatAddress() prints it back", async (t) => {
  const cases: [string, ListenAddress][] = [
    ["unix:/run/app.sock", unix("/run/app.sock")],
    ["unix:./app.sock", unix("/home/app/app.sock")],
    ["http://127.0.0.1:8000", tcp("127.0.0.1", 8000)],
    ["http://localhost", tcp("localhost", 80)],
    ["HTTP://localhost:1", tcp("localhost", 1)],
    ["http://[::1]", tcp("::1", 80)],
    ["http://[::1]:65535", tcp("::1", 65_535)],
  ];
  for (const [text, target] of cases) {
    await t.step(text, () => {
      assertEquals(parseTarget(text, CWD), target);
      const printed = formatAddress(target);
      assertEquals(parseTarget(target.transport === "tcp" ? `http://${printed}` : printed, CWD), target);
    });
  }
});

Deno.test("parseTarget() reads a uwsgi target, formatAddress() prints it back", async (t) => {
  const protocol = "uwsgi";
  const cases: [string, UpstreamTarget, string?][] = [
    ["uwsgi:unix:/run/app.sock", { protocol, transport: "unix", path: "/run/app.sock" }],
    [
      "uwsgi:unix:./app.sock",
      { protocol, transport: "unix", path: "/home/app/app.sock" },
      "uwsgi:unix:/home/app/app.sock",
    ],
    ["uwsgi:127.0.0.1:3031", { protocol, transport: "tcp", hostname: "127.0.0.1", port: 3031 }],
    ["uwsgi:[::1]:3031", { protocol, transport: "tcp", hostname: "::1", port: 3031 }],
  ];
  for (const [text, target, printed = text] of cases) {
    await t.step(text, () => {
      assertEquals(parseTarget(text, CWD), target);
      assertEquals(formatAddress(target), printed);
    });
  }
});

Deno.test("parseTargets() reads servers that speak the same", () => {
  assertEquals(parseTargets("unix:/a,http://b", CWD), [unix("/a"), tcp("b", 80)]);
  assertEquals(parseTargets("uwsgi:unix:/a,uwsgi:b:1", CWD).length, 2);
  assertThrows(() => parseTargets("uwsgi:unix:/a,unix:/b", CWD), ValueError, "all targets are uwsgi:, or none is");
  assertThrows(() => parseTargets("unix:/a,unix:/b/../a", CWD), ValueError, '"unix:/a" is named twice');
});

Deno.test("parseTarget() refuses what it cannot relay to", async (t) => {
  const goesOn = 'the path of a request goes on unchanged, so a target has none; write "http://localhost:3000"';
  const cases: [string, string][] = [
    ["", "a target is unix:PATH, http://HOST[:PORT], uwsgi:unix:PATH or uwsgi:HOST:PORT"],
    ["8000", "a target is unix:PATH, http://HOST[:PORT], uwsgi:unix:PATH or uwsgi:HOST:PORT"],
    ["/run/app.sock", "a target is unix:PATH, http://HOST[:PORT], uwsgi:unix:PATH or uwsgi:HOST:PORT"],
    ["localhost:3000", 'write "http://localhost:3000"'],
    ["http://localhost:3000/", goesOn],
    ["http://localhost:3000/api", goesOn],
    ["http://localhost:3000?a=b", goesOn],
    ["http://localhost:3000#a", goesOn],
    ["http://user:secret@localhost:3000", "a target names no user"],
    ["http://unix:/run/app.sock", 'write "unix:/run/app.sock"'],
    ["http://", "the host is empty"],
    ["http://:80", "the host is empty"],
    ["http://a b", '"a b" is no host name'],
    ["http://localhost:0", "a port is a number from 1 to 65535"],
    ["http://localhost:65536", "a port is a number from 1 to 65535"],
    ["http://localhost:", "a port is a number from 1 to 65535"],
    ["https://localhost", "only http:// and unix: are spoken to upstreams, not TLS"],
    ["HTTPS://localhost/x", "only http:// and unix: are spoken to upstreams, not TLS"],
    ["ftp://localhost", '"ftp" is not spoken to upstreams, only http://, unix: and uwsgi: are'],
    ["unix:", "the path is empty"],
    ["uwsgi:", "it has no port; a uwsgi target is uwsgi:unix:PATH or uwsgi:HOST:PORT"],
    ["uwsgi:localhost", "it has no port; a uwsgi target is uwsgi:unix:PATH or uwsgi:HOST:PORT"],
    ["uwsgi:localhost:0", "a port is a number from 1 to 65535"],
    ["uwsgi:/run/app.sock", 'write "uwsgi:unix:/run/app.sock"'],
    ["uwsgi:localhost:3031/x", "a uwsgi target is uwsgi:unix:PATH or uwsgi:HOST:PORT"],
    ["uwsgi://localhost:3031", 'write "uwsgi:localhost:3031"'],
    ["uwsgi:unix:", "the path is empty"],
  ];
  for (const [text, message] of cases) {
    await t.step(`"${text}"`, () => void assertThrows(() => parseTarget(text, CWD), ValueError, message));
  }
});

Deno.test("parseSocketPath() counts the bytes of the absolute path", async (t) => {
  const longest = `/run/${"a".repeat(102)}`; // 107 bytes
  await t.step("107 fit", () => assertEquals(parseSocketPath(longest, CWD), longest));
  await t.step("108 do not", () => {
    assertThrows(() => parseSocketPath(`${longest}a`, CWD), ValueError, "at most 107 bytes");
  });
  await t.step("a short relative path below a long directory does not", () => {
    assertThrows(() => parseSocketPath("a.sock", longest), ValueError, `"${longest}/a.sock" has 114`);
  });
  await t.step("letters of two bytes count twice", () => {
    assertEquals(parseSocketPath(`/run/${"é".repeat(51)}`, CWD).length, 56);
    assertThrows(() => parseSocketPath(`/run/${"é".repeat(52)}`, CWD), ValueError, "has 109");
  });
  await t.step("a NUL does not", () => void assertThrows(() => parseSocketPath("a\0b", CWD), ValueError, "NUL"));
});
