/** A child's output, line by line. */
import { assertEquals } from "@std/assert";
import { prefixLines } from "../../lib/process/lines.ts";
import { fromLatin1, latin1 } from "../support/raw_http.ts";
import { until } from "../support/until.ts";

/** What is written for `chunks`, each byte one character. */
async function written(chunks: Iterable<string>, prefix = "[w 1] "): Promise<string[]> {
  const lines: string[] = [];
  const stream = ReadableStream.from((function* () {
    for (const chunk of chunks) yield latin1(chunk);
  })());
  await prefixLines(stream, { write: (line) => void lines.push(fromLatin1(line)) }, prefix);
  return lines;
}

Deno.test("prefixLines() writes whole lines with the prefix, however they come", async (t) => {
  const cases: [name: string, chunks: string[], lines: string[]][] = [
    ["nothing", [], []],
    ["empty chunks", ["", ""], []],
    ["two lines", ["one\ntwo\n"], ["one", "two"]],
    ["pieces", ["o", "ne", "\n", "tw", "o\nthree", "\n"], ["one", "two", "three"]],
    ["several lines behind a piece, and before one", ["o", "ne\ntwo\nthree\nfo", "ur\nfive"], [
      "one",
      "two",
      "three",
      "four",
      "five",
    ]],
    ["empty lines", ["\n\na\n"], ["", "", "a"]],
    ["no newline at the end", ["one\ntwo"], ["one", "two"]],
    ["a carriage return", ["one\r\ntwo\r\n"], ["one\r", "two\r"]],
    ["bytes that are no UTF-8, and NUL", ["\xff\xfe\x80\0\n\xc3", "\n"], ["\xff\xfe\x80\0", "\xc3"]],
  ];
  for (const [name, chunks, lines] of cases) {
    await t.step(name, async () => {
      assertEquals(await written(chunks), lines.map((line) => `[w 1] ${line}\n`));
      // Without a prefix several may come at once, and are whole.
      const plain = await written(chunks, "");
      assertEquals(plain.every((some) => some.endsWith("\n")), true);
      assertEquals(plain.join(""), lines.map((line) => `${line}\n`).join(""));
    });
  }
});

Deno.test("prefixLines() cuts lines of more than 64 KiB", async (t) => {
  const full = "x".repeat(65_536);
  const cases: [name: string, chunks: string[], lines: string[]][] = [
    ["just fits", [`${full}\n`], [full]],
    ["just fits, without newline", [full], [full]],
    ["one more", [`${full}y\n`], [full, "y"]],
    ["one more, in the next chunk", [full, "y", "\n"], [full, "y"]],
    ["the newline in the next chunk", [full, "\nz\n"], [full, "z"]],
    ["three and a bit", [full + full, `${full}y\nz\n`], [full, full, full, "y", "z"]],
    ["not within a character", [`${full.slice(2)}\xec\x95\x88\n`], [full.slice(2), "\xec\x95\x88"]],
    ["not within one that comes in pieces", [`${full.slice(2)}\xec\x95`, "\x88\n"], [full.slice(2), "\xec\x95\x88"]],
    ["behind a character", [`${full.slice(3)}\xec\x95\x88z\n`], [`${full.slice(3)}\xec\x95\x88`, "z"]],
    ["anywhere in noise", ["\x80".repeat(65_537)], ["\x80".repeat(65_536), "\x80"]],
  ];
  for (const [name, chunks, lines] of cases) {
    await t.step(name, async () => {
      const result = await written(chunks, "");
      assertEquals(result.map((line) => line.length), lines.map((line) => line.length + 1));
      assertEquals(result.every((line, i) => line === `${lines[i]}\n`), true);
    });
  }
});

Deno.test("prefixLines() takes 50 MB without a newline in bounded memory", async () => {
  const chunk = "x".repeat(100_000);
  let bytes = 0, pieces = 0;
  const stream = ReadableStream.from((function* () {
    for (let i = 0; i < 500; i++) yield latin1(chunk);
  })());
  const write = (line: Uint8Array) => {
    bytes += line.length;
    pieces++;
  };
  await prefixLines(stream, { write }, "> ");
  assertEquals([pieces, bytes], [763, 50_000_000 + 763 * 3]);
});

Deno.test("prefixLines() goes on when writing fails, and ends when the stream breaks", async () => {
  let calls = 0;
  const write = () => {
    calls++;
    throw new Error("nobody reads");
  };
  await prefixLines(ReadableStream.from([latin1("a\nb\n"), latin1("c\n")]), { write }, "> ");
  assertEquals(calls, 3);
  const lines: string[] = [];
  const broken = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (lines.length > 0) return controller.error(new Error("gone"));
      controller.enqueue(latin1("said\nhalf"));
    },
  }, { highWaterMark: 0 });
  await prefixLines(broken, { write: (line) => void lines.push(fromLatin1(line)) }, "> ");
  assertEquals(lines, ["> said\n", "> half\n"]);
});

Deno.test("prefixLines() reads a child's output to its end", async () => {
  const child = new Deno.Command("sh", { args: ["-c", "echo one; printf two"], stdin: "null", stdout: "piped" })
    .spawn();
  const lines: string[] = [];
  await prefixLines(child.stdout, { write: (line) => void lines.push(fromLatin1(line)) }, "[worker 1] ");
  await child.status;
  assertEquals(lines, ["[worker 1] one\n", "[worker 1] two\n"]);
});

Deno.test("prefixLines() reads no more of a child than there is room for", async () => {
  const room = Promise.withResolvers<void>();
  let read = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (++read === 3) controller.close();
      else controller.enqueue(latin1("a line\n"));
    },
  }, { highWaterMark: 0 });
  const lines: string[] = [];
  const sink = { write: (line: Uint8Array) => void lines.push(fromLatin1(line)), room: () => room.promise };
  const all = prefixLines(stream, sink, "");
  await until("the first line is written", () => lines.length === 1);
  assertEquals(read, 1);
  room.resolve();
  await all;
  assertEquals(lines.length, 2);
});
