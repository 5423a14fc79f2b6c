/** Where the frames of a WebSocket end. */
import { assertEquals } from "@std/assert";
import { closeFrame, WebSocketFrames } from "../../lib/http1/websocket_frames.ts";

/** A frame: its first byte, and a payload of `length` bytes; masked or not. */
function frame(first: number, length: number, masked = false): Uint8Array {
  const extended = length < 126
    ? [length]
    : length < 65_536
    ? [126, length >> 8, length & 255]
    : [127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255];
  extended[0] |= masked ? 128 : 0;
  // A payload that looks like headers.
  return Uint8Array.of(first, ...extended, ...(masked ? [1, 2, 3, 4] : []), ...Array(length).fill(0x88));
}

const FRAMES = [
  frame(0x81, 0),
  frame(0x82, 1),
  frame(0x81, 125),
  frame(0x02, 126),
  frame(0x80, 65_535),
  frame(0x89, 4),
  frame(0x82, 65_536),
  frame(0x81, 5, true),
  frame(0x81, 300, true),
];
const STREAM = Uint8Array.from(FRAMES.flatMap((bytes) => [...bytes]));

Deno.test("follow() stops where each frame ends", () => {
  const frames = new WebSocketFrames();
  let at = 0;
  for (const { length } of FRAMES) {
    assertEquals(frames.between, true);
    assertEquals(frames.follow(STREAM.subarray(at), true), length);
    at += length;
  }
  assertEquals([at, frames.between, frames.closing], [STREAM.length, true, false]);
});

Deno.test("follow() knows where frames end however the stream is cut", () => {
  const ends = new Set<number>([0]);
  FRAMES.reduce((end, { length }) => (ends.add(end + length), end + length), 0);
  for (const size of [1, 2, 3, 7, 100, 4_096, STREAM.length]) {
    const frames = new WebSocketFrames();
    for (let at = 0; at < STREAM.length; at += size) {
      const piece = STREAM.subarray(at, at + size);
      assertEquals(frames.follow(piece, false), piece.length);
      assertEquals(
        frames.between,
        ends.has(at + piece.length),
        `after ${at + piece.length} bytes of pieces of ${size}`,
      );
    }
  }
});

Deno.test("a close frame is known for one, and made like one", () => {
  const bytes = closeFrame(1_012, "Service restart");
  assertEquals([...bytes.subarray(0, 4)], [0x88, 17, 0x03, 0xf4]);
  assertEquals(new TextDecoder().decode(bytes.subarray(4)), "Service restart");
  const frames = new WebSocketFrames();
  frames.follow(frame(0x81, 200), false);
  assertEquals(frames.closing, false);
  frames.follow(bytes, false);
  assertEquals([frames.closing, frames.between], [true, true]);
});
