/** Host names of servers: looked up again and again, each address a server. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { DEFAULTS } from "../../lib/config/defaults.ts";
import type { GroupOptions, ServerOptions } from "../../lib/config/group_options.ts";
import { plainGroup } from "../../lib/config/groups.ts";
import { formatAddress } from "../../lib/config/address.ts";
import { Deadlines } from "../../lib/http1/deadlines.ts";
import { UpstreamGroup } from "../../lib/upstream/group.ts";
import { isName, type LookUp, NameWatch } from "../../lib/upstream/names.ts";
import { ErrorLog } from "../support/test_front.ts";
import { until } from "../support/until.ts";

/** Between two look-ups, ms. */
const INTERVAL = 40;

/** Names and what they mean; look-ups are counted and can be held back. */
class Names {
  readonly known = new Map<string, string[]>();
  /** As they were asked for. */
  readonly asked: string[] = [];
  readonly times: number[] = [];
  gate: Promise<void> = Promise.resolve();

  constructor(known: Record<string, string[]>) {
    for (const [name, addresses] of Object.entries(known)) this.known.set(name, addresses);
  }

  readonly lookUp: LookUp = async (name) => {
    this.asked.push(name);
    this.times.push(performance.now());
    await this.gate;
    const addresses = this.known.get(name);
    if (addresses === undefined) throw new Error(`getaddrinfo ENOTFOUND ${name}`);
    return addresses;
  };
}

/** A group of servers, each "host:port" or "unix:path". */
function groupOf(servers: Record<string, Partial<ServerOptions>>, changes: Partial<GroupOptions> = {}): GroupOptions {
  const targets = Object.keys(servers).map((server) => {
    const at = server.lastIndexOf(":");
    const host = server.slice(0, at), rest = server.slice(at + 1);
    return host === "unix"
      ? { transport: "unix", path: rest } as const
      : { transport: "tcp", hostname: host, port: Number(rest) } as const;
  });
  const group = plainGroup(targets, DEFAULTS.upstream);
  const options = Object.values(servers);
  return {
    ...group,
    name: "g",
    servers: group.servers.map((server, i) => ({ ...server, ...options[i] })),
    resolveInterval: INTERVAL,
    ...changes,
  };
}

/** A watch that runs, and what it has told. */
function watch(options: GroupOptions, names: Names) {
  const told: string[][] = [];
  const servers: ServerOptions[][] = [];
  const watch = new NameWatch(options, (all) => {
    servers.push([...all]);
    told.push(all.map(({ target, weight }) => `${formatAddress(target)} ${weight}`));
  }, names.lookUp);
  watch.start();
  return { told, servers, [Symbol.dispose]: () => watch.close() };
}

Deno.test("isName() is true of what can mean other addresses tomorrow", () => {
  const tcp = (hostname: string): ServerOptions => ({
    target: { transport: "tcp", hostname, port: 80 },
    weight: 1,
    maxConns: 0,
    backup: false,
  });
  assertEquals(
    ["app.example", "app", "10.0.0.1", "::1", "localhost"].map((host) => isName(tcp(host))),
    [true, true, false, false, false],
  );
  assertEquals(isName({ ...tcp(""), target: { transport: "unix", path: "/a" } }), false);
});

Deno.test("each address of a name is a server, with what is said of the name; others stay as they are", async () => {
  const names = new Names({ "app.example": ["10.0.0.2", "10.0.0.1", "10.0.0.2"], "spare.example": ["::1"] });
  using watched = watch(
    groupOf({
      "10.9.9.9:80": {},
      "app.example:8080": { weight: 3, maxConns: 7 },
      "unix:/run/a.sock": { weight: 2 },
      "spare.example:81": { backup: true },
    }),
    names,
  );
  await until("it has been told", () => watched.told.length > 0);
  assertEquals(watched.told[0], [
    "10.9.9.9:80 1",
    "10.0.0.1:8080 3",
    "10.0.0.2:8080 3",
    "unix:/run/a.sock 2",
    "[::1]:81 1",
  ]);
  assertEquals(watched.servers[0].map(({ maxConns }) => maxConns), [0, 7, 7, 0, 0]);
  assertEquals(watched.servers[0].map(({ backup }) => backup), [false, false, false, false, true]);
});

Deno.test("a change of addresses is told, nothing else", async () => {
  const names = new Names({ "app.example": ["10.0.0.1", "10.0.0.2"] });
  using watched = watch(groupOf({ "app.example:80": {} }), names);
  const look = async () => {
    const before = names.asked.length;
    await until("it is looked up twice more", () => names.asked.length >= before + 2);
  };
  await look();
  assertEquals(watched.told, [["10.0.0.1:80 1", "10.0.0.2:80 1"]]);
  names.known.set("app.example", ["10.0.0.2", "10.0.0.1"]);
  await look();
  assertEquals(watched.told.length, 1, "in another order they are the same");
  names.known.set("app.example", ["10.0.0.2", "10.0.0.3"]);
  await look();
  assertEquals(watched.told.slice(1), [["10.0.0.2:80 1", "10.0.0.3:80 1"]]);
  names.known.set("app.example", ["10.0.0.3"]);
  await look();
  assertEquals(watched.told.slice(2), [["10.0.0.3:80 1"]]);
});

Deno.test("a look-up that fails changes nothing, is logged, and is tried again", async () => {
  using errors = new ErrorLog();
  const names = new Names({ "app.example": ["10.0.0.1"] });
  using watched = watch(groupOf({ "app.example:80": {} }), names);
  await until("it has been told", () => watched.told.length === 1);
  names.known.delete("app.example");
  await until("it has failed", () => errors.text !== "");
  assertStringIncludes(errors.text, "[warn] Cannot look up the servers of g: getaddrinfo ENOTFOUND app.example");
  assertEquals(watched.told.length, 1);
  names.known.set("app.example", ["10.0.0.2"]);
  await until("it is told again", () => watched.told.length === 2);
  assertEquals(watched.told[1], ["10.0.0.2:80 1"]);
});

Deno.test("names are looked up at once, and the interval after each answer", async () => {
  const gate = Promise.withResolvers<void>();
  const names = new Names({ "app.example": ["10.0.0.1"] });
  names.gate = gate.promise;
  const start = performance.now();
  using _ = watch(groupOf({ "app.example:80": {} }, { resolveInterval: 200 }), names);
  assertEquals(names.asked.length, 1);
  await until("more than an interval has passed", () => performance.now() - start > 300);
  assertEquals(names.asked.length, 1, "one at a time");
  const answered = performance.now();
  gate.resolve();
  await until("it is looked up again", () => names.asked.length === 2);
  const between = names.times[1] - answered;
  // The runtime's timers count whole milliseconds.
  assert(between >= 199 && between <= 600, `${between}`);
});

Deno.test("nothing is looked up without a name, or with the interval 0", () => {
  const names = new Names({ "app.example": ["10.0.0.1"] });
  using _address = watch(groupOf({ "10.0.0.1:80": {}, "localhost:80": {}, "unix:/a": {} }), names);
  using _never = watch(groupOf({ "app.example:80": {} }, { resolveInterval: 0 }), names);
  assertEquals(names.asked, []);
});

Deno.test("a watch that is closed looks nothing up any more, and tells nothing", async () => {
  const gate = Promise.withResolvers<void>();
  const names = new Names({ "app.example": ["10.0.0.1"], "other.example": ["10.0.0.2"] });
  const first = watch(groupOf({ "app.example:80": {} }), names);
  await until("it has been told", () => first.told.length === 1);
  names.known.set("app.example", ["10.0.0.9"]);
  names.gate = gate.promise;
  await until("it is looked up again", () => names.asked.length === 2);
  first[Symbol.dispose]();
  gate.resolve();
  // Another one shows that time has passed.
  using second = watch(groupOf({ "other.example:80": {} }), names);
  await until("the other one has looked up three times", () => names.asked.length === 5);
  assertEquals(second.told, [["10.0.0.2:80 1"]]);
  assertEquals(first.told.length, 1);
  assertEquals(names.asked.filter((name) => name === "app.example").length, 2);
});

/** A running group whose names mean what `names` says. */
function followed(options: GroupOptions, names: Names) {
  const group = new UpstreamGroup(options, new Deadlines(), [], names.lookUp);
  group.start();
  return {
    group,
    get ids() {
      return group.servers.map(({ id }) => id);
    },
    [Symbol.dispose]: () => group.close(),
  };
}

const ANY = { key: "", sticky: null };
const TAKER = { workingFor: null };

Deno.test("a group connects to a name until its addresses are known, and without them", async () => {
  using errors = new ErrorLog();
  const names = new Names({});
  using running = followed(groupOf({ "app.example:80": {} }), names);
  assertEquals(running.ids, ["app.example:80"]);
  await until("it has failed", () => errors.text !== "");
  assertEquals(running.ids, ["app.example:80"]);
  names.known.set("app.example", ["10.0.0.1"]);
  await until("it is known", () => running.ids[0] === "10.0.0.1:80");
});

Deno.test("a group follows what its names mean, and keeps what it knows of the servers that stay", async () => {
  using errors = new ErrorLog();
  const names = new Names({ "app.example": ["10.0.0.1", "10.0.0.2"] });
  using running = followed(groupOf({ "app.example:80": { weight: 2 } }, { failTimeout: 60_000 }), names);
  const { group } = running;
  await until("it is known", () => running.ids.length === 2);
  assertEquals(running.ids, ["10.0.0.1:80", "10.0.0.2:80"]);
  const [first, second] = group.servers;
  assertEquals([first.weight, second.weight], [2, 2]);
  group.failed(second);
  names.known.set("app.example", ["10.0.0.2", "10.0.0.3"]);
  await until("the change has come", () => running.ids.includes("10.0.0.3:80"));
  assertEquals(running.ids, ["10.0.0.2:80", "10.0.0.3:80"]);
  assert(group.servers[0] === second);
  for (let i = 0; i < 4; i++) {
    const taken = await group.take(ANY, [], TAKER);
    assertEquals(taken.id, "10.0.0.3:80", "the other one still rests");
    group.release(taken);
  }
  assertEquals(errors.text.split("\n").length - 1, 1, errors.text);
});

Deno.test("two names with one address are one server", async () => {
  const names = new Names({ "a.example": ["10.0.0.1", "10.0.0.2"], "b.example": ["10.0.0.2"] });
  using running = followed(groupOf({ "a.example:80": { weight: 3 }, "b.example:80": { weight: 5 } }), names);
  await until("they are known", () => running.ids.length === 2 && running.ids[0] === "10.0.0.1:80");
  assertEquals(running.group.servers.map(({ id, weight }) => `${id} ${weight}`), ["10.0.0.1:80 3", "10.0.0.2:80 3"]);
  names.known.set("a.example", ["10.0.0.1"]);
  await until("the other name has it alone", () => running.group.servers[1].weight === 5);
  assertEquals(running.ids, ["10.0.0.1:80", "10.0.0.2:80"]);
});

Deno.test("a request that waits gets a server that a name has got", async () => {
  const names = new Names({ "app.example": ["10.0.0.1"] });
  using running = followed(groupOf({ "app.example:80": { maxConns: 1 } }, { queueTimeout: 60_000 }), names);
  await until("it is known", () => running.ids[0] === "10.0.0.1:80");
  const { group } = running;
  const first = await group.take(ANY, [], TAKER);
  const waiting = group.take(ANY, [], TAKER);
  assert(waiting instanceof Promise);
  names.known.set("app.example", ["10.0.0.1", "10.0.0.2"]);
  const second = await waiting;
  assertEquals([first.id, second.id], ["10.0.0.1:80", "10.0.0.2:80"]);
  group.release(first);
  group.release(second);
});

Deno.test("a group that is closed follows nothing any more", async () => {
  const names = new Names({ "app.example": ["10.0.0.1"], "other.example": ["10.0.0.2"] });
  const closed = followed(groupOf({ "app.example:80": {} }), names);
  await until("it is known", () => closed.ids[0] === "10.0.0.1:80");
  closed[Symbol.dispose]();
  const asked = names.asked.filter((name) => name === "app.example").length;
  using _ = followed(groupOf({ "other.example:80": {} }), names);
  await until("another one looks up", () => names.asked.filter((name) => name === "other.example").length === 4);
  assertEquals(names.asked.filter((name) => name === "app.example").length, asked);
});
