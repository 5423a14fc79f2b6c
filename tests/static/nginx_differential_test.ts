/**
 * The table of requests against real nginx on the same directory: where the two answer differently, there is a reason, and
 * docs/static-files.md has it. A difference without one fails, and so does a reason without a difference.
 */
import { assert, assertEquals } from "@std/assert";
import { plainRoute } from "../../lib/config/route_options.ts";
import { freePort } from "../support/free_port.ts";
import { fieldOf, RawClient } from "../support/raw_http.ts";
import { installed, Running, TestDirectory } from "../support/stackd.ts";
import { TestFront } from "../support/test_front.ts";
import { accepts } from "../support/until.ts";
import { type Answered, askFor } from "./ask.ts";
import type { Case } from "./case.ts";
import { CASES } from "./cases.ts";
import { makeSite } from "./site.ts";

/** The requests whose answers differ, by the reason: the first cell of a row in docs/static-files.md. */
const DIFFERENCES: Readonly<Record<string, readonly string[]>> = {
  "a directory without an index": [
    "GET /empty/",
    "GET /odd/",
  ],
  "an encoded slash": [
    "GET /..%2foutside/secret",
    "GET /..%2Foutside%2Fsecret",
    "GET /docs%2f..%2f..%2foutside%2fsecret",
    "GET /docs%2findex.html",
  ],
  "a name that is not UTF-8": [
    "GET /%c0%ae%c0%ae/outside/secret",
    "GET /%c0%ae%c0%ae%c0%afoutside",
    "GET /%e0%80%ae%e0%80%ae/secret",
    "GET /%f0%80%80%ae/secret",
    "GET /..%c0%afoutside",
    "GET /..%c1%9coutside",
    "GET /%ff",
    "GET /%ed%a0%80",
  ],
  "names that begin with a dot": [
    "GET /.env",
    "GET /%2eenv",
    "GET /.git/config",
    "GET /.git",
    "GET /docs/.hidden",
    "GET /.well-known/.secret",
  ],
  "symlinks out of the root": [
    "GET /link-out",
    "GET /dir-out/secret",
    "GET /dir-out",
    "GET /dir-out/",
  ],
  "a symlink that leads to itself": [
    "GET /loop",
  ],
  "HEAD with a Range": [
    "HEAD /a.txt Range: bytes=0-1",
  ],
  "POST to what is not there": [
    "POST /nothing Content-Length: 0",
  ],
  "a field that is given twice": [
    "GET /a.txt Range: bytes=0-1 Range: bytes=4-5",
    'GET /a.txt If-None-Match: "x" If-None-Match: {etag}',
  ],
  "ranges that touch or overlap": [
    "GET /a.txt Range: bytes=0-1,2-3",
    "GET /a.txt Range: bytes=0-5,3-7",
    "GET /a.txt Range: bytes=0-,0-,0-",
    "GET /a.txt Range: bytes=0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0",
  ],
  "a Range that is none, or ends far behind the file": [
    "GET /a.txt Range: bytes=4-2",
    "GET /a.txt Range: bytes=a-b",
    "GET /a.txt Range: bytes=1",
    "GET /a.txt Range: bytes=0-99999999999999999999",
  ],
  "If-Modified-Since with a later date": [
    "GET /a.txt If-Modified-Since: Fri, 02 Jan 2026 03:04:06 GMT",
  ],
  "an entity tag beside a date": [
    "GET /a.txt If-None-Match: {etag} If-Modified-Since: Fri, 02 Jan 2026 03:04:04 GMT",
    "GET /a.txt If-Match: {etag} If-Unmodified-Since: Fri, 02 Jan 2026 03:04:04 GMT",
  ],
  "a date that cannot be read": [
    "GET /a.txt If-Unmodified-Since: yesterday",
  ],
  "a file that is there compressed only": [
    "GET /only.txt Accept-Encoding: gzip",
  ],
  "what Accept-Encoding prefers": [
    "GET /lib.js Accept-Encoding: identity, gzip;q=0.5",
    "GET /lib.js Accept-Encoding: *",
  ],
  "`.br` and `.zst`": [
    "GET /lib.js Accept-Encoding: br",
    "GET /lib.js Accept-Encoding: zstd",
    "GET /lib.js Accept-Encoding: gzip, deflate, br, zstd",
    "GET /lib.js Accept-Encoding: gzip, zstd",
    "GET /lib.js Accept-Encoding: br;q=0, *;q=0.5",
    "GET /lib.js Accept-Encoding: gzip;q=0 Accept-Encoding: br",
    'GET /lib.js Accept-Encoding: br If-None-Match: "19b7ca98c88-5dc"',
  ],
  "ranges of precompressed files": [
    "HEAD /lib.js Accept-Encoding: gzip",
    "GET /lib.js Accept-Encoding: gzip",
    "GET /lib.js Accept-Encoding: x-gzip",
    "GET /lib.js Accept-Encoding: GZIP",
    "GET /lib.js Accept-Encoding: br;q=0.5, gzip;q=0.9",
    "GET /lib.js Accept-Encoding: br;q=0, gzip",
    "GET /lib.js Accept-Encoding: identity;q=0.5, gzip",
    "GET /lib.js Accept-Encoding: *;q=0, gzip",
    "GET /lib.js Accept-Encoding: identity;q=0, gzip;q=0.1",
    'GET /lib.js Accept-Encoding: gzip If-None-Match: "x"',
    "GET /one.txt Accept-Encoding: br, gzip",
  ],
};

Deno.test({
  name: `files are served as nginx serves them, but for what is explained${
    installed("nginx") ? "" : " (no nginx here)"
  }`,
  ignore: !installed("nginx"),
  async fn(t) {
    using site = await makeSite();
    using directory = new TestDirectory();
    await using front = new TestFront({ routes: [plainRoute("/", { kind: "static", root: site.root })] });
    const port = freePort();
    await using nginx = startNginx(directory, port, site.root);
    await nginx.until("it listens", () => accepts({ hostname: "127.0.0.1", port }));
    const expected = new Set<string>(Object.values(DIFFERENCES).flat());
    const found: string[] = [];
    for (const one of CASES) {
      // A connection for each: nginx closes some after an error.
      using ours = await RawClient.connect(front.address);
      using theirs = await RawClient.connect({ transport: "tcp", hostname: "127.0.0.1", port });
      const [a, b] = [summary(one, await askFor(ours, one)), summary(one, await askFor(theirs, one))];
      if (JSON.stringify(a) === JSON.stringify(b)) continue;
      found.push(one.name);
      if (!expected.has(one.name)) {
        await t.step(one.name, () => assertEquals(a, b, "not explained"));
      }
    }
    await t.step("each explanation is of a difference", () => {
      assertEquals([...expected].filter((name) => !found.includes(name)), []);
    });
    await t.step("each reason stands in the documentation", () => {
      const page = Deno.readTextFileSync(new URL("../../docs/static-files.md", import.meta.url));
      for (const reason of Object.keys(DIFFERENCES)) assert(page.includes(`| ${reason}`), reason);
    });
  },
});

function startNginx(directory: TestDirectory, port: number, root: string): Running {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) =>
    `${kind}_temp_path "${directory.at(kind)}";`
  );
  const config = directory.write(
    "nginx.conf",
    `daemon off; pid "${directory.at("pid")}"; error_log stderr crit; worker_processes 1;
    events { worker_connections 64; }
    http {
      access_log off; ${temporary.join(" ")}
      default_type application/octet-stream;
      types {
        text/html html; text/css css; text/plain txt; text/javascript js; application/json json; application/gzip gz;
      }
      server {
        listen 127.0.0.1:${port};
        root "${root}";
        absolute_redirect off; gzip_static on; gzip_vary on;
      }
    }`,
  );
  Deno.chmodSync(directory.path, 0o755);
  return new Running("nginx", ["-c", config, "-p", directory.path]);
}

/** What of an answer is compared: what a client goes by. Entity tags are each server's own, and so are errors' bodies. */
function summary({ method }: Case, response: Answered): Record<string, string | number | null> {
  const { status } = response;
  const type = fieldOf(response, "content-type")?.split(";")[0] ?? null;
  const length = method === "HEAD" && status < 300 ? fieldOf(response, "content-length") : null;
  return {
    status,
    type: status < 300 ? type : null,
    coding: fieldOf(response, "content-encoding"),
    range: status === 206 ? fieldOf(response, "content-range") : null,
    location: fieldOf(response, "location"),
    vary: fieldOf(response, "vary"),
    modified: status < 300 ? fieldOf(response, "last-modified") : null,
    ranges: status === 200 ? fieldOf(response, "accept-ranges") : null,
    body: status < 300 ? text(response, type) : null,
    length,
  };
}

/** A body; of several parts, with one boundary for all servers, and without a part's own fields' order and charset. */
function text(response: Answered, type: string | null): string {
  if (type !== "multipart/byteranges") {
    return response.text.length > 2_000 ? `${response.text.length} bytes` : response.text;
  }
  const boundary = /boundary=(\S+)/.exec(fieldOf(response, "content-type") ?? "")?.[1] ?? "";
  return response.text.replaceAll(boundary, "B").replace(/^\r\n/, "").replaceAll("; charset=utf-8", "");
}
