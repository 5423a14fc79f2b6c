import { asNobody } from "../support/as_nobody.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  chooseConfinedOpen,
  type ConfinedOpen,
  isInside,
  openByComparing,
  openDirectlyOr,
  openThroughProc,
} from "../../lib/static/confined_open.ts";
import { type FileSystem, SYSTEM } from "../../lib/static/file_system.ts";
import { countDescriptors, makeFifo, systemError, systemWith, Tree } from "./support.ts";

/** What opening gives, the file read and closed. */
function outcome(open: ConfinedOpen, system: FileSystem, root: string, path: string): string {
  const opened = open(system, root, path);
  if (opened.kind !== "file") return opened.kind;
  const bytes = new Uint8Array(100);
  const text = new TextDecoder().decode(bytes.subarray(0, opened.file.read(0, bytes)));
  opened.file.close();
  assertEquals(opened.state.size, text.length);
  return `file ${text}`;
}

const WAYS: readonly (readonly [name: string, open: ConfinedOpen])[] = [
  ["openThroughProc", openThroughProc],
  ["openByComparing", openByComparing],
  ["openDirectlyOr", openDirectlyOr(openThroughProc)],
];

for (const [way, open] of WAYS) {
  Deno.test(`${way}() opens regular files inside the root and nothing else`, async (t) => {
    using tree = new Tree();
    const { root, outside } = tree;
    tree.write("a.txt", "inside");
    tree.write("dir/b.txt", "deeper");
    Deno.writeTextFileSync(`${outside}/secret`, "secret");
    Deno.mkdirSync(`${root}2`);
    Deno.writeTextFileSync(`${root}2/sibling`, "secret");
    Deno.symlinkSync("dir/b.txt", `${root}/link-in`);
    Deno.symlinkSync("dir", `${root}/dir-in`);
    Deno.symlinkSync("../outside/secret", `${root}/link-out`);
    Deno.symlinkSync(outside, `${root}/dir-out`);
    Deno.symlinkSync(`${root}2/sibling`, `${root}/link-sibling`);
    Deno.symlinkSync("link-out", `${root}/link-twice`);
    Deno.symlinkSync(`../outside/back`, `${root}/link-and-back`);
    Deno.symlinkSync(`${root}/a.txt`, `${outside}/back`);
    Deno.symlinkSync("nowhere", `${root}/dangling`);
    Deno.symlinkSync("loop", `${root}/loop`);
    Deno.symlinkSync("/dev/null", `${root}/null`);
    await makeFifo(`${root}/fifo`);
    using _socket = Deno.listen({ transport: "unix", path: `${root}/socket` });

    const cases: readonly (readonly [name: string, expected: string])[] = [
      ["a.txt", "file inside"],
      ["dir/b.txt", "file deeper"],
      ["link-in", "file deeper"],
      ["dir-in/b.txt", "file deeper"],
      ["link-and-back", "file inside"],
      ["dir/../a.txt", "file inside"],
      ["../outside/secret", "missing"],
      ["dir/../../outside/secret", "missing"],
      ["../outside", "missing"],
      ["..", "missing"],
      ["dir", "directory"],
      ["dir-in", "directory"],
      ["link-out", "missing"],
      ["link-twice", "missing"],
      ["link-sibling", "missing"],
      ["dir-out", "missing"],
      ["dir-out/secret", "missing"],
      ["dir-out/nothing", "missing"],
      ["dangling", "missing"],
      ["loop", "missing"],
      ["nowhere", "missing"],
      ["a.txt/below", "missing"],
      ["n".repeat(300), "missing"],
      ["n/".repeat(3_000), "missing"],
      ["fifo", "missing"],
      ["socket", "missing"],
      ["null", "missing"],
    ];
    const before = countDescriptors();
    for (const [name, expected] of cases) {
      await t.step(`${name.slice(0, 20)} → ${expected}`, () => {
        assertEquals(outcome(open, SYSTEM, root, `${root}/${name}`), expected);
      });
    }
    assertEquals(countDescriptors(), before);
  });

  Deno.test(`${way}() tells the system's refusals apart`, async (t) => {
    using tree = new Tree();
    const path = tree.write("a.txt", "inside");
    const cases: readonly (readonly [code: string, expected: string])[] = [
      ["EACCES", "forbidden"],
      ["EPERM", "forbidden"],
      ["EMFILE", "exhausted"],
      ["ENFILE", "exhausted"],
      ["ENOENT", "missing"],
    ];
    const before = countDescriptors();
    for (const [code, expected] of cases) {
      await t.step(`${code} → ${expected}`, () => {
        const system = systemWith({
          open: () => {
            throw systemError(code);
          },
        });
        assertEquals(outcome(open, system, tree.root, path), expected);
      });
    }
    await t.step("EIO is thrown on", () => {
      const system = systemWith({
        open: () => {
          throw systemError("EIO");
        },
      });
      assertThrows(() => open(system, tree.root, path), Error, "EIO from the test");
    });
    assertEquals(countDescriptors(), before);
  });

  Deno.test(`${way}() is forbidden when the file is unreadable`, () => {
    using tree = new Tree();
    Deno.chmodSync(tree.root, 0o755);
    Deno.chmodSync(`${tree.root}/..`, 0o755);
    const readable = tree.write("a.txt", "inside"), unreadable = tree.write("b.txt", "inside");
    Deno.chmodSync(unreadable, 0o000);
    assertEquals(asNobody(() => outcome(open, SYSTEM, tree.root, readable)), "file inside");
    assertEquals(asNobody(() => outcome(open, SYSTEM, tree.root, unreadable)), "forbidden");
  });
}

Deno.test("openDirectlyOr() needs the careful way for nothing but links and refusals", async (t) => {
  using tree = new Tree();
  tree.write("dir/한글.txt", "inside");
  Deno.symlinkSync("dir", `${tree.root}/link`);
  let careful = 0;
  const open = openDirectlyOr((system, root, path) => {
    careful++;
    return openThroughProc(system, root, path);
  });
  const cases: readonly (readonly [name: string, expected: string, careful: number])[] = [
    ["dir/한글.txt", "file inside", 0],
    ["dir", "directory", 0],
    ["nothing", "missing", 0],
    ["nothing/below", "missing", 0],
    ["dir/한글.txt/below", "missing", 0],
    ["link/한글.txt", "file inside", 1],
    ["link", "directory", 1],
  ];
  for (const [name, expected, times] of cases) {
    await t.step(name, () => {
      careful = 0;
      assertEquals([outcome(open, SYSTEM, tree.root, `${tree.root}/${name}`), careful], [expected, times]);
    });
  }
});

Deno.test("openDirectlyOr() opens nothing else when the path is changed after it was looked at", async (t) => {
  const changes: readonly (readonly [what: string, change: (tree: Tree) => unknown, expected: string])[] = [
    ["into a link out of the root", ({ root, outside }) => {
      Deno.renameSync(`${root}/dir/a.txt`, `${outside}/a.txt`);
      Deno.symlinkSync(`${outside}/a.txt`, `${root}/dir/a.txt`);
    }, "missing"],
    ["its directory into a link out of the root", ({ root, outside }) => {
      Deno.renameSync(`${root}/dir`, `${outside}/dir`);
      Deno.symlinkSync(`${outside}/dir`, `${root}/dir`);
    }, "missing"],
    ["into a FIFO", ({ root, outside }) => Deno.renameSync(`${outside}/fifo`, `${root}/dir/a.txt`), "missing"],
    ["into a directory", ({ root }) => {
      Deno.removeSync(`${root}/dir/a.txt`);
      Deno.mkdirSync(`${root}/dir/a.txt`);
    }, "directory"],
    ["into nothing", ({ root }) => Deno.removeSync(`${root}/dir/a.txt`), "missing"],
  ];
  for (const [what, change, expected] of changes) {
    await t.step(what, async () => {
      using tree = new Tree();
      const path = tree.write("dir/a.txt", "inside");
      await makeFifo(`${tree.outside}/fifo`);
      const { openDirectly, isDirectlyDirectory } = SYSTEM;
      const system = { ...swapAfter("look", () => change(tree)), openDirectly, isDirectlyDirectory };
      const before = countDescriptors();
      assertEquals(outcome(openDirectlyOr(openThroughProc), system, tree.root, path), expected);
      assertEquals(countDescriptors(), before);
    });
  }
});

/** Runs `swap` once, right after the first call of `name` returned. */
function swapAfter(name: "stat" | "look" | "open" | "openPath", swap: () => void): FileSystem {
  let swapped = false;
  const once = <T>(result: T): T => {
    if (!swapped) swap();
    swapped = true;
    return result;
  };
  switch (name) {
    case "stat":
      return systemWith({ stat: (path) => once(SYSTEM.stat(path)) });
    case "look":
      return systemWith({ look: (path) => once(SYSTEM.look(path)) });
    case "open":
      return systemWith({ open: (path) => once(SYSTEM.open(path)) });
    case "openPath":
      return systemWith({ openPath: (path) => once(SYSTEM.openPath(path)) });
  }
}

Deno.test("openThroughProc() opens what it looked at when the path is changed meanwhile", async (t) => {
  await t.step("into a link out of the root", () => {
    using tree = new Tree();
    const path = tree.write("a.txt", "inside");
    Deno.writeTextFileSync(`${tree.outside}/secret`, "secret");
    const system = swapAfter("openPath", () => {
      Deno.removeSync(path);
      Deno.symlinkSync(`${tree.outside}/secret`, path);
    });
    assertEquals(outcome(openThroughProc, system, tree.root, path), "file inside");
    assertEquals(outcome(openThroughProc, SYSTEM, tree.root, path), "missing");
  });
  await t.step("into a FIFO, without blocking", async () => {
    using tree = new Tree();
    const path = tree.write("a.txt", "inside");
    await makeFifo(`${tree.outside}/fifo`);
    const system = swapAfter("look", () => Deno.renameSync(`${tree.outside}/fifo`, path));
    assertEquals(outcome(openThroughProc, system, tree.root, path), "file inside");
  });
  await t.step("by renaming its directory out of the root", () => {
    using tree = new Tree();
    const path = tree.write("dir/a.txt", "inside");
    const system = swapAfter("openPath", () => Deno.renameSync(`${tree.root}/dir`, `${tree.outside}/dir`));
    assertEquals(outcome(openThroughProc, system, tree.root, path), "missing");
  });
});

Deno.test("openByComparing() never opens out of the root when the path is changed meanwhile", async (t) => {
  const linkOut = (tree: Tree, path: string) => {
    Deno.writeTextFileSync(`${tree.outside}/secret`, "secret");
    Deno.removeSync(path);
    Deno.symlinkSync(`${tree.outside}/secret`, path);
  };
  const replace = (tree: Tree, path: string) => Deno.renameSync(tree.write("b.txt", "other"), path);
  const remove = (_tree: Tree, path: string) => Deno.removeSync(path);
  const cases: readonly (readonly [
    when: "stat" | "open",
    what: string,
    change: (tree: Tree, path: string) => void,
    expected: string,
  ])[] = [
    ["stat", "into a link out of the root", linkOut, "missing"],
    ["open", "into a link out of the root", linkOut, "missing"],
    ["stat", "into another file of the root", replace, "file other"],
    ["open", "into another file of the root", replace, "file other"],
    ["stat", "into nothing", remove, "missing"],
    ["open", "into nothing", remove, "missing"],
  ];
  for (const [when, what, change, expected] of cases) {
    await t.step(`${what} after ${when} → ${expected}`, () => {
      using tree = new Tree();
      const path = tree.write("a.txt", "inside");
      const before = countDescriptors();
      assertEquals(outcome(openByComparing, swapAfter(when, () => change(tree, path)), tree.root, path), expected);
      assertEquals(countDescriptors(), before);
    });
  }
  await t.step("again and again → missing", () => {
    using tree = new Tree();
    const path = tree.write("a.txt", "inside");
    const before = countDescriptors();
    const system = systemWith({
      open: (name) => {
        const file = SYSTEM.open(name);
        replace(tree, path);
        return file;
      },
    });
    assertEquals(outcome(openByComparing, system, tree.root, path), "missing");
    assertEquals(countDescriptors(), before);
  });
});

Deno.test("chooseConfinedOpen() takes /proc when it is there", () => {
  using tree = new Tree();
  assertEquals(chooseConfinedOpen(SYSTEM, tree.root), openThroughProc);
  const withoutProc = systemWith({ look: (path) => path.startsWith("/proc/") ? null : SYSTEM.look(path) });
  assertEquals(chooseConfinedOpen(withoutProc, tree.root), openByComparing);
  const withoutPath = systemWith({
    openPath: () => {
      throw systemError("EINVAL");
    },
  });
  assertEquals(chooseConfinedOpen(withoutPath, tree.root), openByComparing);
});

Deno.test("isInside() compares whole names", () => {
  assert(isInside("/srv/www", "/srv/www"));
  assert(isInside("/srv/www", "/srv/www/a"));
  assert(isInside("/", "/etc/hosts"));
  assert(!isInside("/srv/www", "/srv/www2/a"));
  assert(!isInside("/srv/www", "/srv"));
});
