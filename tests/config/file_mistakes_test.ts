import { assertEquals } from "@std/assert";
import { TomlDirectory } from "./toml_file.ts";

/** Sections, [proxy] and groups. Each message follows `Cannot use stackd.toml:`. */
const CASES: [toml: string, mistakes: string[]][] = [
  ["[prxy]", ["1: [prxy] is no section, did you mean [proxy]?"]],
  ["[[route]]", ["1: [[route]] is no section, did you mean [[proxy.route]]?"]],
  ["[[proxy.routes]]", ['1: "routes" is no key of [proxy], did you mean "route"?']],
  ["[server]\na = 1", ["1: [server] is no section, there are [proxy], [[proxy.route]], [upstream.NAME], [gateway]"]],
  ['listen = ":80"', ['1: "listen" stands in no section, write [proxy] above it']],
  ["x = 1", ['1: "x" stands in no section, there are [proxy], [[proxy.route]], [upstream.NAME], [gateway]']],
  ["[[proxy]]", ["1: [[proxy]]: it is one table, in single brackets"]],
  ["[proxy.route]", ["1: [proxy.route]: write [[proxy.route]]"]],
  ["proxy = 1", ["1: proxy = 1: a table is needed, as { key = value }"]],
  ["[[gateway.x]]\ny = 1", []],
  ["[gateway]\nfoo = 1", []],
  ["[proxy]\nmax-bdy = 1", ['2: "max-bdy" is no key of [proxy], did you mean "max-body"?']],
  ["[proxy]\nsocket = 1", [
    '2: "socket" is no key of [proxy], its keys are proxy-protocol, listen, listen-backlog, trusted-proxies, workers, uid, gid, allow-underscore-headers, max-body, max-header-size, header-timeout, body-timeout, write-timeout, keepalive-timeout, keepalive-requests, max-connections, max-connections-per-client, upstream-connect-timeout, upstream-timeout, queue, queue-timeout, graceful-timeout, access-log, log-format, log-level, pidfile, route',
  ]],
  ["[proxy]\nmax-body = true", ["2: max-body = true: a text in quotes or a number is needed"]],
  ["[proxy]\npidfile = ['a', 'b']", ["2: pidfile = ['a', 'b']: one value is needed, not an array"]],
  ["[proxy]\npidfile = ''", ["2: pidfile = '': it is empty"]],
  ["[proxy]\nlisten = []", ["2: listen = []: at least one value is needed"]],
  ["[proxy]\nlisten = [true]", ["2: listen = true: a text in quotes or a number is needed"]],
  ["[proxy]\nlisten = [{ adress = ':80' }]", [
    "2: listen = { adress = ':80' }: it has no address, and one is needed",
    '2: "adress" is no key of a listener, did you mean "address"?',
  ]],
  ["[proxy]\nlisten = [{ address = [1] }]", ["2: listen = { address = [1] }: one value is needed, not an array"]],
  ["[proxy]\nlisten = [{ address = ':80', proxy-protocol = 1 }]", ["2: proxy-protocol = 1: true or false is needed"]],
  ["[proxy]\nproxy-protocol = 'on'", ["2: proxy-protocol = 'on': true or false is needed"]],
  ["[proxy]\ntrusted-proxies = [10]", ["2: trusted-proxies = [10]: a text in quotes is needed"]],
  ["[proxy]\naccess-log = 1979-05-27", ["2: access-log = 1979-05-27: a text in quotes or a number is needed"]],
  ["[upstream]\nservers = ['unix:/a']", [
    '2: "servers" stands in [upstream], and a group has a name: write [upstream.NAME] above it',
  ]],
  ["[upstream.'a b']\nservers = ['unix:/a']", [
    '1: "a b" is no name of a group: it has letters, digits, "_", "-" and "." only',
  ]],
  ["[[upstream.app]]\nservers = ['unix:/a']", ["1: [[upstream.app]]: it is one table, in single brackets"]],
  ["[upstream.app]\n", ["1: [upstream.app] has no servers, and at least one is needed"]],
  ["[upstream.app]\nservers = []", ["2: servers = []: at least one value is needed"]],
  ["[upstream.app]\nservers = ['unix:/a', 'uwsgi:unix:/a']", [
    "2: servers = ['unix:/a', 'uwsgi:unix:/a']: all are uwsgi:, or none is",
  ]],
  ["[upstream.app]\nservers = 'nope'", [
    "2: servers = 'nope': a target is unix:PATH, http://HOST[:PORT], uwsgi:unix:PATH or uwsgi:HOST:PORT",
  ]],
  ["[upstream.app]\nservers = [\n  'unix:/a',\n  'unix:/a',\n]", [
    "4: servers = 'unix:/a': this server is there before, on line 3",
  ]],
  ["[upstream.app]\nservers = [{ target = 'unix:/a', backup = true }]", [
    "2: servers = [{ target = 'unix:/a', backup = true }]: all are backup, and one that is not is needed",
  ]],
  ["[upstream.app]\nservers = [{ weight = 1 }]", ['2: a server has no "target", and one is needed']],
  ["[upstream.app]\nservers = [{ target = 'unix:/a', weight = 0 }]", [
    "2: weight = 0: a whole number from 1 is needed",
  ]],
  ["[upstream.app]\nservers = [{ target = 'unix:/a', wieght = 1 }]", [
    '2: "wieght" is no key of a server, did you mean "weight"?',
  ]],
  ["[upstream.app]\nservers = [{ target = 'https://a' }]", [
    "2: target = 'https://a': only http:// and unix: are spoken to upstreams, not TLS",
  ]],
  ["[upstream.app]\nservers = [{ target = 'unix:/a', max-conns = 1.5, backup = 'yes' }]", [
    "2: max-conns = 1.5: a whole number from 0 is needed",
    "2: backup = 'yes': true or false is needed",
  ]],
  ["[upstream.app]\nservers = [\"unix:/a\"]\npolicy = 'least-con'", [
    "3: policy = 'least-con': did you mean \"least-conn\"?",
  ]],
  ["[upstream.app]\nservers = [\"unix:/a\"]\npolicy = 'ip'", [
    '3: policy = \'ip\': "round-robin", "least-conn", "random-two" or "hash" is needed',
  ]],
  ["[upstream.app]\nservers = [\"unix:/a\"]\nhash-key = 'client'", [
    "3: hash-key = 'client': it is only for policy = \"hash\"",
  ]],
  ["[upstream.app]\nservers = [\"unix:/a\"]\npolicy = 'hash'\nhash-key = 'ip'", [
    '4: hash-key = \'ip\': "client", "uri", "host", "cookie:NAME" or "field:NAME" is needed',
  ]],
  ["[upstream.app]\nservers = [\"unix:/a\"]\npolicy = 'hash'\nhash-key = 'cookie:'", [
    '4: hash-key = \'cookie:\': "" is no name of letters, digits and "-"',
  ]],
  ["[upstream.app]\nservers = [\"unix:/a\"]\nsticky-cookie = 'a b'", [
    '3: sticky-cookie = \'a b\': "a b" is no name of letters, digits and "-"',
  ]],
  ['[upstream.app]\nservers = ["unix:/a"]\nmax-fails = -1', ["3: max-fails = -1: a whole number from 0 is needed"]],
  ['[upstream.app]\nservers = ["unix:/a"]\nfail-timeout = 0', [
    "3: fail-timeout = 0: it must be at least 0.001 seconds",
  ]],
  ["[upstream.app]\nservers = [\"unix:/a\"]\nslow-start = 'x'", [
    "3: slow-start = 'x': a number of seconds is needed, as 30 or 0.5",
  ]],
  ["[upstream.app]\nservers = [\"unix:/a\"]\nhealth-check = 'yes'", [
    "3: health-check = 'yes': true or false is needed",
  ]],
  ["[upstream.app]\nservers = [\"unix:/a\"]\nhealth-check = { path = 'x' }", [
    "3: path = 'x': a path begins with \"/\" and holds no spaces; other letters are written as %C3%A4",
  ]],
  ["[upstream.app]\nservers = [\"unix:/a\"]\nhealth-check = { host = 'a b' }", [
    "3: host = 'a b': a host is needed, as example.org or example.org:8080",
  ]],
  ["[upstream.app]\nservers = [\"unix:/a\"]\nhealth-check = { status = [200, '399-200'] }", [
    "3: status = '399-200': the lower status comes first, as 200-399",
  ]],
  ["[upstream.app]\nservers = [\"unix:/a\"]\nhealth-check = { status = 'ok' }", [
    "3: status = 'ok': a status is needed, as 200, or two, as 200-399",
  ]],
  ['[upstream.app]\nservers = ["unix:/a"]\nhealth-check = { passes = 0 }', [
    "3: passes = 0: a whole number from 1 is needed",
  ]],
  ['[upstream.app]\nservers = ["unix:/a"]\nhealth-check = { intervall = 1 }', [
    '3: "intervall" is no key of health-check, did you mean "interval"?',
  ]],
  ['[upstream.app]\nservers = ["unix:/a"]\nserver = 1', [
    '3: "server" is no key of [upstream.app], did you mean "servers"?',
  ]],
];

Deno.test("readProxyFile() refuses what cannot be used in [proxy], [upstream.NAME] and elsewhere", async (t) => {
  await using directory = await TomlDirectory.make();
  for (const [toml, mistakes] of CASES) {
    await t.step(toml, async () => {
      const found = await directory.mistakesOf(toml);
      assertEquals(found, mistakes.map((mistake) => `Cannot use stackd.toml:${mistake}`));
    });
  }
});
