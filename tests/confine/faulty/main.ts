/** A confined handler that does what no handler should: GET /what. */
import * as net from "node:net";
import process from "node:process";

const begun = Date.now();

const DEEDS: Record<string, () => unknown> = {
  hello: () => `hello ${Deno.pid}`,
  exit: () => Deno.exit(3),
  "process-exit": () => process.exit(4),
  stuck: () => {
    for (;;);
  },
  rejects: () => void Promise.reject(new Error("nobody waits")),
  throws: () =>
    void setTimeout(() => {
      throw new Error("out of the blue");
    }),
  memory: () => {
    const held: unknown[] = [];
    for (;;) held.push(new Array(1_000_000).fill(begun));
  },
  slow: () => new Promise((resolve) => setTimeout(() => resolve("slow"), 600)),
  /** Speaks on every descriptor that can be adopted. That of its own signals, among the lowest, ends the process. */
  adopt: () => {
    console.log("speaks on all descriptors");
    for (let fd = 63; fd > 2; fd--) {
      try {
        const socket = new net.Socket({ fd, readable: false, writable: true });
        socket.on("error", () => {});
        socket.write("nonsense\n");
      } catch { /* no socket, or not ours */ }
    }
  },
  scope: () =>
    ["postMessage", "onmessage", "close"].filter((name) => Reflect.get(globalThis, name) !== undefined).join(),
  stdin: async () => String(await Deno.stdin.read(new Uint8Array(1))),
};

export default async (request: Request): Promise<Response> => {
  const deed = DEEDS[new URL(request.url).pathname.slice(1)];
  return new Response(String(await deed?.()));
};

export const onStop = () => console.log("onStop runs");
