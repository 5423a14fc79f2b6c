/** Messages between processes. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Channel, ChannelError } from "../../lib/process/channel.ts";
import { TestDirectory } from "../support/stackd.ts";

interface Message {
  readonly n: number;
  readonly text?: string;
}
const isMessage = (value: unknown): value is Message => typeof Reflect.get(Object(value), "n") === "number";

/** Two ends of one socket. */
async function pair(): Promise<[Deno.Conn, Deno.Conn]> {
  using directory = new TestDirectory();
  using listener = Deno.listen({ transport: "unix", path: directory.at("channel") });
  return await Promise.all([Deno.connect({ transport: "unix", path: directory.at("channel") }), listener.accept()]);
}

/** What a channel makes of `bytes`, sent in pieces of `size`. */
async function received(bytes: Uint8Array, size = bytes.length): Promise<Message[]> {
  const [sender, receiver] = await pair();
  const channel = new Channel(receiver, isMessage);
  const sent = (async () => {
    try {
      for (let at = 0; at < bytes.length;) at += await sender.write(bytes.subarray(at, at + size));
    } catch { /* the receiver had enough */ }
    sender.close();
  })();
  const messages: Message[] = [];
  try {
    for await (const message of channel.messages()) messages.push(message);
  } finally {
    channel.close();
    await sent;
  }
  return messages;
}

const encode = (text: string) => new TextEncoder().encode(text);

Deno.test("a channel carries messages both ways, in order, until one end closes", async () => {
  const [left, right] = (await pair()).map((conn) => new Channel<Message, Message>(conn, isMessage));
  assert(left !== undefined && right !== undefined);
  for (let n = 0; n < 1_000; n++) left.send({ n, text: "줄\nbreak" });
  const last = left.send({ n: 1_000 });
  let next = 0;
  for await (const { n, text } of right.messages()) {
    assertEquals([n, text], n === 1_000 ? [next, undefined] : [next, "줄\nbreak"]);
    if (++next > 1_000) break;
  }
  await last;
  await right.send({ n: 7 });
  right.close();
  const answers: Message[] = [];
  for await (const message of left.messages()) answers.push(message);
  assertEquals(answers, [{ n: 7 }]);
  await left.send({ n: 8 }); // nobody hears it, and nothing fails
  left.close();
  left.close();
});

Deno.test("messages() puts lines together however they are cut", async () => {
  const bytes = encode('{"n":1,"text":"한글"}\n{"n":2}\n{"n":3}\n');
  for (const size of [1, 2, 3, 7, 16, bytes.length]) {
    assertEquals((await received(bytes, size)).map(({ n }) => n), [1, 2, 3], `${size}`);
  }
  assertEquals(await received(encode('{"n":1}\n{"n":2')), [{ n: 1 }], "what has no end is no message");
});

Deno.test("messages() refuses what is no message", async (t) => {
  const cases: [name: string, bytes: Uint8Array, says: string][] = [
    ["no JSON", encode("hello\n"), "Cannot take a message: not JSON: hello"],
    ["another message", encode('{"m":1}\n'), 'Cannot take a message: not one of those known: {"m":1}'],
    ["null", encode("null\n"), "Cannot take a message: not one of those known: null"],
    ["an endless line", encode("x".repeat(400_000)), "Cannot take a message: longer than 262144 bytes"],
  ];
  for (const [name, bytes, says] of cases) {
    await t.step(name, async () => {
      await assertRejects(() => received(bytes), ChannelError, says);
    });
  }
});

Deno.test("send() refuses a message that would not be taken", async () => {
  const [left, right] = await pair();
  const channel = new Channel<Message, Message>(left, isMessage);
  assertThrows(() => channel.send({ n: 1, text: "x".repeat(300_000) }), ChannelError, "too long");
  channel.close();
  right.close();
});
