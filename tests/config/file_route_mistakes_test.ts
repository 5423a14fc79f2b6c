import { assertEquals } from "@std/assert";
import { HASH, TomlDirectory } from "./toml_file.ts";

/** Routes; HASH stands for a hashed password. Each message follows `Cannot use stackd.toml:`. */
const CASES: [toml: string, mistakes: string[]][] = [
  ["[upstream.app]\nservers = [\"unix:/a\"]\n[[proxy.route]]\nupstream = 'ap'", [
    "4: upstream = 'ap': there is no [upstream.ap], did you mean \"app\"?",
  ]],
  ["[[proxy.route]]\nupstream = 'ap'", [
    "2: upstream = 'ap': there is no [upstream.ap], a target is unix:PATH, http://HOST[:PORT], uwsgi:unix:PATH or uwsgi:HOST:PORT",
  ]],
  ["[[proxy.route]]\nupstream = 'localhost:80'", [
    "2: upstream = 'localhost:80': a target is unix:PATH, http://HOST[:PORT], uwsgi:unix:PATH or uwsgi:HOST:PORT; write \"http://localhost:80\"",
  ]],
  ["[[proxy.route]]\nupstream = 'unix:/a,unix:/a'", ["2: upstream = 'unix:/a,unix:/a': \"unix:/a\" is named twice"]],
  ["[[proxy.route]]\n", ["1: [[proxy.route]] has no upstream, static, redirect or respond, and one is needed"]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nstatic = 'public'", [
    "1: [[proxy.route]] has upstream and static, and only one is allowed",
  ]],
  ["[[proxy.route]]\nstatic = 'pub'", ["2: static = 'pub': there is no directory \"DIR/pub\""]],
  ["[[proxy.route]]\nstatic = '404.html'", ["2: static = '404.html': \"DIR/404.html\" is no directory"]],
  ["[[proxy.route]]\nredirect = 'example.org'", [
    "2: redirect = 'example.org': a location begins with \"/\", a scheme as https:, or a variable",
  ]],
  ["[[proxy.route]]\nredirect = '/a b'", ["2: redirect = '/a b': a location holds no spaces; write \"%20\""]],
  ["[[proxy.route]]\nredirect = '/$hots'", [
    '2: redirect = \'/$hots\': there is no variable "$hots", did you mean "$host"?',
  ]],
  ["[[proxy.route]]\nredirect = { status = 301 }", ['2: redirect has no "to", and one is needed']],
  ["[[proxy.route]]\nredirect = { to = '/', status = 200 }", ["2: status = 200: 301, 302, 303, 307 or 308 is needed"]],
  ["[[proxy.route]]\nredirect = true", ["2: redirect = true: a text in quotes is needed"]],
  ["[[proxy.route]]\nrespond = 404", ["2: respond = 404: a table is needed, as { key = value }"]],
  ["[[proxy.route]]\nrespond = { status = 100 }", ["2: status = 100: a status from 200 to 599 is needed"]],
  ["[[proxy.route]]\nrespond = { status = 204, body = 'x' }", ["2: body = 'x': an answer of status 204 has none"]],
  ["[[proxy.route]]\nrespond = { type = 'html' }", [
    "2: type = 'html': a media type is needed, as \"text/html; charset=utf-8\"",
  ]],
  ["[[proxy.route]]\nrespond = { text = 'x' }", ['2: "text" is no key of respond, its keys are status, body, type']],
  ["[[proxy.route]]\nstatic = 'public'\ngzip = true", [
    "3: gzip = true: it is only for a route with an upstream, files have compress",
  ]],
  ["[[proxy.route]]\nrespond = {}\ngzip = true", ["3: gzip = true: it is only for a route with an upstream"]],
  ["[[proxy.route]]\nstatic = 'public'\nstrip-prefix = true", [
    "3: strip-prefix = true: it is only for a route with an upstream",
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\npath = 'api'", ["3: path = 'api': a prefix begins with \"/\""]],
  ['[[proxy.route]]\nupstream = "unix:/a"\npath = 1', ["3: path = 1: a text in quotes is needed"]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nhost = 'a b'", [
    "3: host = 'a b': a host name is needed, as example.org or *.example.org",
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nhost = 'a:80'", [
    "3: host = 'a:80': a host has no port here; write \"a\"",
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nhost = '*'", ["3: host = '*': leave host out to take every host"]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nhost = ['a', 'A']", ["3: host = 'A': it is named twice"]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nhost = '::1'", [
    "3: host = '::1': an IPv6 address goes in brackets; write \"[::1]\"",
  ]],
  ['[[proxy.route]]\nupstream = "unix:/a"\n[[proxy.route]]\nupstream = "unix:/a"\n', [
    '3: [[proxy.route]] has the path "/", which the one on line 1 has',
  ]],
  [
    "[[proxy.route]]\nupstream = \"unix:/a\"\nhost = ['a', 'b']\n[[proxy.route]]\nupstream = \"unix:/a\"\nhost = 'b'\n",
    ['4: [[proxy.route]] has the path "/" of "b", which the one on line 1 has'],
  ],
  ['[[proxy.route]]\nupstream = "unix:/a"\ngzip = 1', ["3: gzip = 1: true or false is needed"]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nmax-body = '1x'", [
    "3: max-body = '1x': a size is a number of bytes, or one with k, m or g, as 512k",
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nrequest-fields = 'x'", [
    "3: request-fields = 'x': a table is needed, as { key = value }",
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nrequest-fields = { set = { Content-Length = '1' } }", [
    '3: set "Content-Length": it frames messages or is for one connection, so it cannot be changed',
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nrequest-fields = { set = { 'a b' = '1' } }", [
    '3: set "a b": "a b" is no name of letters, digits and "-"',
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nrequest-fields = { add = { Host = '1' } }", [
    '3: add "Host": Host can only be set, in request-fields',
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nresponse-fields = { set = { Host = '1' } }", [
    '3: set "Host": Host can only be set, in request-fields',
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nresponse-fields = { set = { A = '1', a = '2' } }", [
    '3: set "a": it is the same field as "A"',
  ]],
  ['[[proxy.route]]\nupstream = "unix:/a"\nresponse-fields = { set = { A = 1 } }', [
    "3: A = 1: a text in quotes is needed",
  ]],
  ['[[proxy.route]]\nupstream = "unix:/a"\nresponse-fields = { set = { A = "a\\nb" } }', [
    '3: A = "a\\nb": a field\'s value holds no control characters',
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nresponse-fields = { set = { A = '$urn' } }", [
    '3: A = \'$urn\': there is no variable "$urn", did you mean "$uri"?',
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nresponse-fields = { remove = 'te' }", [
    "3: remove = 'te': it frames messages or is for one connection, so it cannot be changed",
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nresponse-fields = { remove = ['A'], set = { a = '1' } }", [
    '3: response-fields: "a" is in set and in remove, and set replaces it',
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nresponse-fields = { adds = { a = '1' } }", [
    '3: "adds" is no key of response-fields, did you mean "add"?',
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nerror-pages = { '40x' = '404.html' }", [
    '3: "40x" is no status of an error: 404 is one, and 5xx stands for all from 500 to 599',
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nerror-pages = { '404' = 'no.html' }", [
    "3: 404 = 'no.html': there is no file \"DIR/no.html\"",
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nerror-pages = { '404' = 'page.zzz' }", [
    "3: 404 = 'page.zzz': the type of \"DIR/page.zzz\" is not known; name it as 404.html",
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nerror-pages = { '404' = 'public' }", [
    "3: 404 = 'public': \"DIR/public\" is no file",
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nerror-pages = '404.html'", [
    "3: error-pages = '404.html': a table is needed, as { key = value }",
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nallow = 'localhost'", [
    "3: allow = 'localhost': an address, a network as 10.0.0.0/8, or \"unix\" is needed",
  ]],
  ['[[proxy.route]]\nupstream = "unix:/a,uwsgi:unix:/b"', [
    '2: upstream = "unix:/a,uwsgi:unix:/b": all targets are uwsgi:, or none is',
  ]],
  ['[[proxy.route]]\nrespond = { body = "" }\nbuffer-requests = true\nbuffer-responses = "1m"', [
    "3: buffer-requests = true: it is only for a route with an upstream",
    '4: buffer-responses = "1m": it is only for a route with an upstream',
  ]],
  ['[[proxy.route]]\nrespond = { body = "" }\ninternal-files = "."', [
    '3: internal-files = ".": it is only for a route with an upstream',
  ]],
  ['[[proxy.route]]\nupstream = "unix:/a"\ninternal-files = "nowhere"', [
    '3: internal-files = "nowhere": there is no directory "DIR/nowhere"',
  ]],
  ['[[proxy.route]]\nupstream = "unix:/a"\ninternal-files = { prefix = "/a" }', [
    '3: internal-files has no "root", and one is needed',
  ]],
  ['[[proxy.route]]\nupstream = "unix:/a"\nbuffer-requests = "yes"\nbuffer-responses = "much"', [
    '3: buffer-requests = "yes": true or false is needed',
    '4: buffer-responses = "much": true, false or a size, as "100m", is needed',
  ]],
  ['[[proxy.route]]\nupstream = "unix:/a"\nallow = []', ["3: allow = []: at least one value is needed"]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nallow = ['::1']\ndeny = ['::1']", [
    "4: deny = '::1': it is in allow too, which wins",
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nbasic-auth = 'bob:secret'", [
    "3: basic-auth: a table is needed, as { key = value }",
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nbasic-auth = { realm = 'a', users = ['bob:secret'] }", [
    '3: users: of "bob", a bcrypt hash ($2y$…, of htpasswd -B), $pbkdf2-sha256$ITERATIONS$SALT$HASH or {SHA}… is needed',
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nbasic-auth = { realm = 'a', users = ['bob'] }", [
    "3: users: a user is NAME:HASH",
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nbasic-auth = { realm = 'a', users = ['bob:HASH', 'bob:HASH'] }", [
    '3: users: "bob" is there before',
  ]],
  ['[[proxy.route]]\nupstream = "unix:/a"\nbasic-auth = { users = [1] }', [
    '3: basic-auth has no "realm", and one is needed',
    "3: users: a text in quotes is needed",
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nbasic-auth = { realm = 'a' }", [
    "3: basic-auth has no users or file, and one is needed",
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nbasic-auth = { realm = 'ä', users = ['bob:HASH'], file = 'htpasswd' }", [
    "3: basic-auth has users and file, and only one is allowed",
    "3: realm = 'ä': a realm has ASCII letters, digits and signs",
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nbasic-auth = { realm = 'a', file = 'nope' }", [
    "3: file = 'nope': there is no file \"DIR/nope\"",
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nbasic-auth = { realm = 'a', file = 'broken' }", [
    "3: file = 'broken': line 1: a bcrypt hash ($2y$…, of htpasswd -B), $pbkdf2-sha256$ITERATIONS$SALT$HASH or {SHA}… is needed",
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nbasic-auth = { realm = 'a', file = 'empty' }", [
    "3: file = 'empty': no user is in it",
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nrate-limit = '10'", [
    "3: rate-limit = '10': a rate is a number a second or a minute, as 10/s or 30/m",
  ]],
  ['[[proxy.route]]\nupstream = "unix:/a"\nrate-limit = 10', ["3: rate-limit = 10: a text in quotes is needed"]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nrate-limit = '0/s'", [
    "3: rate-limit = '0/s': a rate is a number a second or a minute, as 10/s or 30/m",
  ]],
  ['[[proxy.route]]\nupstream = "unix:/a"\nrate-limit = { burst = 1 }', [
    '3: rate-limit has no "rate", and one is needed',
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nrate-limit = { rate = '1/s', burst = -1 }", [
    "3: burst = -1: a whole number from 0 is needed",
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nrate-limit = { rate = '1/s', key = 'ip' }", [
    '3: key = \'ip\': "client", "uri", "host", "cookie:NAME" or "field:NAME" is needed',
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nrate-limit = { rate = '1/s', max-keys = 0 }", [
    "3: max-keys = 0: a whole number from 1 is needed",
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nrate-limit = { rate = '1/s', brust = 0 }", [
    '3: "brust" is no key of rate-limit, did you mean "burst"?',
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nbandwidth = '1mb'", [
    "3: bandwidth = '1mb': a size is a number of bytes, or one with k, m or g, as 512k",
  ]],
  ['[[proxy.route]]\nupstream = "unix:/a"\nbody-timeout = 0', [
    "3: body-timeout = 0: it must be at least 0.001 seconds",
  ]],
  ['[[proxy.route]]\nupstream = "unix:/a"\nupstream-timeout = inf', [
    "3: upstream-timeout = inf: a number of seconds is needed, as 30 or 0.5",
  ]],
  ['[[proxy.route]]\nupstream = "unix:/a"\nupstrem = 1', [
    '3: "upstrem" is no key of [[proxy.route]], did you mean "upstream"?',
  ]],
  ['[[proxy.route]]\nupstream = "unix:/a"\nfoobarbaz = 1', [
    '3: "foobarbaz" is no key of [[proxy.route]], its keys are host, path, upstream, static, redirect, respond, index, try-files, spa, listing, dotfiles, default-type, types, precompressed, compress, cache-control, immutable, expires, max-cache, symlinks, strip-prefix, request-fields, response-fields, max-body, body-timeout, upstream-timeout, buffer-requests, buffer-responses, internal-files, error-pages, gzip, allow, deny, basic-auth, rate-limit, bandwidth',
  ]],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nhost = 'münchen.de'\n", []],
  ["[[proxy.route]]\nupstream = \"unix:/a\"\nresponse-fields.set.A = '1'\n[proxy.route.rate-limit]\nrat = '1/s'", [
    '4: rate-limit has no "rate", and one is needed',
    '5: "rat" is no key of rate-limit, did you mean "rate"?',
  ]],
];

Deno.test("readProxyFile() refuses what cannot be used in [[proxy.route]]", async (t) => {
  await using directory = await TomlDirectory.make();
  for (const [toml, mistakes] of CASES) {
    await t.step(toml, async () => {
      const found = await directory.mistakesOf(toml.replaceAll("HASH", HASH));
      assertEquals(found, mistakes.map((mistake) => `Cannot use stackd.toml:${mistake}`));
    });
  }
});
