import { assertEquals, assertRejects } from "@std/assert";
import { fileInTar } from "../../tools/tar.ts";

const encoder = new TextEncoder();

/** A header and its content, padded to whole blocks. */
function entry(fields: { name: string; prefix?: string; type?: string }, content: Uint8Array): Uint8Array[] {
  const header = new Uint8Array(512);
  const put = (at: number, value: string) => header.set(encoder.encode(value), at);
  put(0, fields.name);
  put(124, `${content.length.toString(8).padStart(11, "0")} `);
  put(156, fields.type ?? "0");
  put(257, "ustar\x0000");
  put(345, fields.prefix ?? "");
  put(148, " ".repeat(8));
  put(148, `${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0")}\0 `);
  return [header, content, new Uint8Array((512 - content.length % 512) % 512)];
}

/** The parts as one stream, cut into chunks of a size that fits no block. */
function streamOf(parts: Uint8Array[], chunkSize = 100): ReadableStream<Uint8Array> {
  const bytes = new Uint8Array(parts.flatMap((part) => [...part]));
  return ReadableStream.from(
    Array.from(
      { length: Math.ceil(bytes.length / chunkSize) },
      (_, i) => bytes.subarray(i * chunkSize, (i + 1) * chunkSize),
    ),
  );
}

const END = [new Uint8Array(1024)];
const long = Uint8Array.from({ length: 1500 }, (_, i) => i % 251);

Deno.test("fileInTar() finds a file behind others whatever the chunks", async (t) => {
  const archive = [
    ...entry({ name: "package/one" }, encoder.encode("1")),
    ...entry({ name: "package/empty" }, new Uint8Array()),
    ...entry({ name: "package/two" }, long),
    ...END,
  ];
  for (const chunkSize of [1, 100, 512, 1_000_000]) {
    await t.step(`chunks of ${chunkSize}`, async () => {
      assertEquals(await fileInTar(streamOf(archive, chunkSize), "package/two"), long);
    });
  }
  assertEquals((await fileInTar(streamOf(archive), "package/empty")).length, 0);
});

Deno.test("fileInTar() joins the prefix of a long name", async () => {
  const archive = [...entry({ name: "end", prefix: "package/very/long" }, long), ...END];
  assertEquals(await fileInTar(streamOf(archive), "package/very/long/end"), long);
});

Deno.test("fileInTar() takes no directory or link for the file", async () => {
  const content = encoder.encode("file");
  const archive = [
    ...entry({ name: "a", type: "5" }, new Uint8Array()),
    ...entry({ name: "a", type: "2" }, new Uint8Array()),
    ...entry({ name: "a" }, content),
    ...END,
  ];
  assertEquals(await fileInTar(streamOf(archive), "a"), content);
});

Deno.test("fileInTar() says what is wrong", async (t) => {
  const archive = entry({ name: "a" }, long);
  await t.step("when the file is not there", async () => {
    await assertRejects(
      () => fileInTar(streamOf([...archive, ...END]), "b"),
      Error,
      'Cannot find "b" in the archive: it has no such file',
    );
  });
  await t.step("when the archive is cut", async () => {
    const cut = archive.map((part) => part.subarray(0, 700));
    await assertRejects(() => fileInTar(streamOf(cut), "a"), Error, "Cannot read the archive: it ends early");
  });
  await t.step("when a header is damaged", async () => {
    const damaged = archive.map((part, at) => at === 0 ? part.with(0, 0x62) : part);
    await assertRejects(() => fileInTar(streamOf(damaged), "b"), Error, "a header's checksum is wrong");
  });
});
