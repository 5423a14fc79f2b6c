import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { plainRoute } from "../../lib/config/route_options.ts";
import { STATIC_DEFAULTS, type StaticOptions } from "../../lib/config/static_options.ts";
import { TomlDirectory } from "./toml_file.ts";

const FIELDS: [toml: string, options: Partial<StaticOptions>][] = [
  ['index = "home.html"', { index: ["home.html"] }],
  ['index = ["home.html", "en/my home.html"]', { index: ["home.html", "en/my home.html"] }],
  ["index = []", { index: [] }],
  ['try-files = ["$uri", "/p$uri.html", "$uri/", "a b.html", "=404"]', {
    tryFiles: ["$uri", "/p$uri.html", "$uri/", "a b.html", "=404"],
  }],
  ["try-files = []", { tryFiles: [] }],
  ['spa = "/app/index.html"', { spa: "/app/index.html" }],
  ["listing = true", { listing: true }],
  ["dotfiles = true", { dotfiles: true }],
  ['default-type = "text/plain; charset=utf-8"', { defaultType: "text/plain; charset=utf-8" }],
  ['types = { md = "text/markdown", "c++" = "text/x-c", 7z = "application/x-7z-compressed" }', {
    types: new Map([["md", "text/markdown"], ["c++", "text/x-c"], ["7z", "application/x-7z-compressed"]]),
  }],
  ["precompressed = false", { precompressed: false }],
  ["compress = true", { compress: true }],
  ['cache-control = { "*.html" = "no-cache", 10 = "no-store", "/a/**" = "max-age=60", 2 = "private" }', {
    cacheControl: [
      { pattern: "*.html", value: "no-cache" },
      { pattern: "10", value: "no-store" },
      { pattern: "/a/**", value: "max-age=60" },
      { pattern: "2", value: "private" },
    ],
  }],
  ['[proxy.route.cache-control]\n"*" = "no-cache"', { cacheControl: [{ pattern: "*", value: "no-cache" }] }],
  ["immutable = true", { immutable: true }],
  ["expires = true", { expires: true }],
  ['max-cache = "1m"', { maxCache: 1_048_576 }],
  ["max-cache = 0", { maxCache: 0 }],
  ['symlinks = "all"', { symlinks: "all" }],
  ['symlinks = "inside"\nlisting = true', { listing: true }],
];

Deno.test("readProxyFile() turns every key of a route with files into its field", async (t) => {
  await using directory = await TomlDirectory.make();
  const root = join(directory.path, "public");
  const read = async (toml: string) => {
    const { routes, mistakes } = await directory.read(`[[proxy.route]]\nstatic = "public"\n${toml}`);
    assertEquals(mistakes.list(), []);
    return routes;
  };
  for (const [toml, changed] of FIELDS) {
    await t.step(toml, async () => {
      const options = { ...STATIC_DEFAULTS, ...changed };
      assertEquals(await read(toml), [plainRoute("/", { kind: "static", root, options })]);
    });
  }
  await t.step("without any, it is a route of --static", async () => {
    const [route] = await read("");
    assertEquals(route, plainRoute("/", { kind: "static", root }));
    assertEquals(Object.keys(route?.action ?? {}), ["kind", "root"]);
  });
  await t.step("none is left out", () => {
    const text = FIELDS.map(([toml]) => toml).join("\n");
    const keys = Object.keys(STATIC_DEFAULTS).map((field) => field.replace(/[A-Z]/g, "-$&").toLowerCase());
    assertEquals(keys.filter((key) => !text.includes(`${key} = `)), []);
  });
});

/** Each message follows `Cannot use stackd.toml:`. */
const MISTAKES: [toml: string, mistakes: string[]][] = [
  [
    "[[proxy.route]]\nupstream = \"unix:/a\"\nindex = 'a'\ntry-files = ['$uri']\nspa = '/a'\nlisting = true\ndotfiles = true\ndefault-type = 'a/b'\ntypes = { a = 'a/b' }\nprecompressed = true\ncompress = true\ncache-control = { a = 'b' }\nimmutable = true\nexpires = true\nmax-cache = 0\nsymlinks = 'all'",
    [
      "3: index = 'a': it is only for a route with static",
      "4: try-files = ['$uri']: it is only for a route with static",
      "5: spa = '/a': it is only for a route with static",
      "6: listing = true: it is only for a route with static",
      "7: dotfiles = true: it is only for a route with static",
      "8: default-type = 'a/b': it is only for a route with static",
      "9: types = { a = 'a/b' }: it is only for a route with static",
      "10: precompressed = true: it is only for a route with static",
      "11: compress = true: it is only for a route with static",
      "12: cache-control = { a = 'b' }: it is only for a route with static",
      "13: immutable = true: it is only for a route with static",
      "14: expires = true: it is only for a route with static",
      "15: max-cache = 0: it is only for a route with static",
      "16: symlinks = 'all': it is only for a route with static",
    ],
  ],
  ["[[proxy.route]]\nrespond = {}\n[proxy.route.types]\na = 'a/b'", [
    "3: [proxy.route.types]: it is only for a route with static",
  ]],
  ["[[proxy.route]]\nstatic = 'public'\nindex = true", ["3: index = true: a text in quotes is needed"]],
  ["[[proxy.route]]\nstatic = 'public'\nindex = 'index.html index.htm'", [
    '3: index = \'index.html index.htm\': names go into an array, as ["index.html", "index.htm"]',
  ]],
  ["[[proxy.route]]\nstatic = 'public'\nindex = ['a', '/b', 'c/', '../d', '', 1]", [
    "3: index = '/b': it is looked for in each directory, so it begins without \"/\"",
    "3: index = 'c/': a file is needed, not a directory",
    '3: index = \'../d\': a path holds no "." or ".." segments',
    "3: index = '': the path is empty",
    "3: index = 1: a text in quotes is needed",
  ]],
  ["[[proxy.route]]\nstatic = 'public'\nindex = \"a\\u0000\"", [
    '3: index = "a\\u0000": a path holds no control characters',
  ]],
  ["[[proxy.route]]\nstatic = 'public'\ntry-files = '$uri $uri/ =404'", [
    '3: try-files = \'$uri $uri/ =404\': an array is needed, as ["$uri", "$uri/", "=404"]',
  ]],
  ["[[proxy.route]]\nstatic = 'public'\ntry-files = ['/a$args']", [
    '3: try-files = \'/a$args\': there is no variable "$args" here, only "$uri"',
  ]],
  ["[[proxy.route]]\nstatic = 'public'\ntry-files = ['/a$urix']", [
    '3: try-files = \'/a$urix\': there is no variable "$urix" here, only "$uri"',
  ]],
  ["[[proxy.route]]\nstatic = 'public'\ntry-files = ['/a${uri}']", [
    '3: try-files = \'/a${uri}\': there is no variable "${uri}" here, only "$uri"',
  ]],
  ["[[proxy.route]]\nstatic = 'public'\ntry-files = ['/a$$']", [
    '3: try-files = \'/a$$\': there is no variable "$" here, only "$uri"',
  ]],
  ["[[proxy.route]]\nstatic = 'public'\ntry-files = ['@app']", [
    "3: try-files = '@app': there are no named locations; a file below the root is needed",
  ]],
  ["[[proxy.route]]\nstatic = 'public'\ntry-files = ['$uri', '=200']", [
    "3: try-files = '=200': a status from =400 to =599 is needed",
  ]],
  ["[[proxy.route]]\nstatic = 'public'\ntry-files = ['=4040']", [
    "3: try-files = '=4040': a status from =400 to =599 is needed",
  ]],
  ["[[proxy.route]]\nstatic = 'public'\ntry-files = ['$uri', '=404', '/a']", [
    "3: try-files = '=404': a status stands last, since nothing is tried after it",
  ]],
  ["[[proxy.route]]\nstatic = 'public'\ntry-files = ['..$uri']", [
    '3: try-files = \'..$uri\': a path holds no "." or ".." segments',
  ]],
  ["[[proxy.route]]\nstatic = 'public'\ntry-files = ['$uri..']", [
    '3: try-files = \'$uri..\': a path holds no "." or ".." segments',
  ]],
  ["[[proxy.route]]\nstatic = 'public'\ntry-files = ['/a/../b']", [
    '3: try-files = \'/a/../b\': a path holds no "." or ".." segments',
  ]],
  ["[[proxy.route]]\nstatic = 'public'\ntry-files = ['./$uri']", [
    '3: try-files = \'./$uri\': a path holds no "." or ".." segments',
  ]],
  ["[[proxy.route]]\nstatic = 'public'\ntry-files = ['']", ["3: try-files = '': the path is empty"]],
  ["[[proxy.route]]\nstatic = 'public'\ntry-files = [404]", ["3: try-files = 404: a text in quotes is needed"]],
  ["[[proxy.route]]\nstatic = 'public'\nspa = true", ["3: spa = true: a text in quotes is needed"]],
  ["[[proxy.route]]\nstatic = 'public'\nspa = 'index.html'", [
    "3: spa = 'index.html': a path below the root is needed, as \"/index.html\"",
  ]],
  ["[[proxy.route]]\nstatic = 'public'\nspa = '/'", ["3: spa = '/': a file is needed, not a directory"]],
  ["[[proxy.route]]\nstatic = 'public'\nspa = '/../a'", ['3: spa = \'/../a\': a path holds no "." or ".." segments']],
  ["[[proxy.route]]\nstatic = 'public'\nlisting = 'on'", ["3: listing = 'on': true or false is needed"]],
  ["[[proxy.route]]\nstatic = 'public'\ndotfiles = 'on'", ["3: dotfiles = 'on': true or false is needed"]],
  ["[[proxy.route]]\nstatic = 'public'\nprecompressed = 'on'", ["3: precompressed = 'on': true or false is needed"]],
  ["[[proxy.route]]\nstatic = 'public'\ncompress = 'on'", ["3: compress = 'on': true or false is needed"]],
  ["[[proxy.route]]\nstatic = 'public'\nimmutable = 'on'", ["3: immutable = 'on': true or false is needed"]],
  ["[[proxy.route]]\nstatic = 'public'\nexpires = '7d'", ["3: expires = '7d': true or false is needed"]],
  ["[[proxy.route]]\nstatic = 'public'\ndefault-type = 'html'", [
    "3: default-type = 'html': a media type is needed, as \"text/html; charset=utf-8\"",
  ]],
  ["[[proxy.route]]\nstatic = 'public'\ndefault-type = \"text/html\\n; a=b\"", [
    '3: default-type = "text/html\\n; a=b": a media type is needed, as "text/html; charset=utf-8"',
  ]],
  ["[[proxy.route]]\nstatic = 'public'\ntypes = 'text/html'", [
    "3: types = 'text/html': a table is needed, as { key = value }",
  ]],
  ["[[proxy.route]]\nstatic = 'public'\ntypes = { JS = 'text/a', '.js' = 'text/a', js = 'js', 'text/html' = 'html' }", [
    '3: types "JS": an extension is needed, in small letters and without its dot, as md = "text/markdown"',
    '3: types ".js": an extension is needed, in small letters and without its dot, as md = "text/markdown"',
    "3: js = 'js': a media type is needed, as \"text/html; charset=utf-8\"",
    '3: types "text/html": an extension is needed, in small letters and without its dot, as md = "text/markdown"',
    "3: text/html = 'html': a media type is needed, as \"text/html; charset=utf-8\"",
  ]],
  ["[[proxy.route]]\nstatic = 'public'\ntypes = { tar.gz = 'a/b' }", ["3: tar = tar.gz: a text in quotes is needed"]],
  ["[[proxy.route]]\nstatic = 'public'\ncache-control = 'no-cache'", [
    "3: cache-control = 'no-cache': a table is needed, as { key = value }",
  ]],
  ["[[proxy.route]]\nstatic = 'public'\ncache-control = { '' = 'no-cache', '*' = '', a = 60, b = \"a\\nb\" }", [
    '3: cache-control "": a pattern of paths is needed, as "*.html" or "/assets/**"',
    "3: * = '': a value is needed, as \"no-cache\"",
    "3: a = 60: a text in quotes is needed",
    '3: b = "a\\nb": a field\'s value holds no control characters',
  ]],
  ["[[proxy.route]]\nstatic = 'public'\nmax-cache = '1x'", [
    "3: max-cache = '1x': a size is a number of bytes, or one with k, m or g, as 512k",
  ]],
  ["[[proxy.route]]\nstatic = 'public'\nmax-cache = -1", [
    "3: max-cache = -1: a size is a number of bytes, or one with k, m or g, as 512k",
  ]],
  ["[[proxy.route]]\nstatic = 'public'\nsymlinks = 'inner'", ['3: symlinks = \'inner\': "inside" or "all" is needed']],
  ["[[proxy.route]]\nstatic = 'public'\nsymlinks = true", ["3: symlinks = true: a text in quotes is needed"]],
  ["[[proxy.route]]\nstatic = 'public'\nspaa = 1", ['3: "spaa" is no key of [[proxy.route]], did you mean "spa"?']],
  ["[[proxy.route]]\nstatic = 'pub'\nspa = 'a'", [
    "2: static = 'pub': there is no directory \"DIR/pub\"",
    "3: spa = 'a': a path below the root is needed, as \"/index.html\"",
  ]],
];

Deno.test("readProxyFile() refuses what cannot be used in a route with files", async (t) => {
  await using directory = await TomlDirectory.make();
  for (const [toml, mistakes] of MISTAKES) {
    await t.step(toml, async () => {
      assertEquals(await directory.mistakesOf(toml), mistakes.map((mistake) => `Cannot use stackd.toml:${mistake}`));
    });
  }
});
