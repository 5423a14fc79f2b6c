/**
 * A listener made of a descriptor that another process has opened. Deno has no call for that, and its `node:net`, which has, gives
 * other connections than `Deno.Conn`, which the engine is made for. So a placeholder is opened the ordinary way, and the
 * descriptor put in its place: `dup3` makes the placeholder's number stand for the other socket, and since the kernel keeps what
 * epoll watches by the socket and not by the number, the watch is entered again, just as the runtime had entered it. Accepting,
 * the connections accepted and closing are the runtime's own.
 *
 * @module
 */
import { messageOf, StackdError } from "../errors.ts";
import { EPOLL_CTL_ADD, libc } from "../http1/libc.ts";
import { type PolledDescriptor, polledDescriptors } from "../http1/poller.ts";
import { boundAddress, closeDescriptor, kindOf } from "./descriptors.ts";

const O_CLOEXEC = 0o2000000;

/**
 * A listener on the socket that `fd` stands for. The descriptor is the listener's from now on.
 *
 * @throws {StackdError} `STACKD_LISTEN` (exit 1) when it is no listening socket, or this system has no way to adopt one.
 */
export function adoptListener(fd: number): Deno.Listener {
  const fail = (state: string, cause?: unknown) => failure(fd, state, cause);
  const calls = libc();
  if (calls === null) throw fail("that takes Linux with glibc");
  checkListener(fd);
  const before = new Set(polledDescriptors().map(({ fd }) => fd));
  let placeholder: Deno.Listener;
  try {
    placeholder = openPlaceholder(boundAddress(fd)?.transport === "tcp");
  } catch (cause) {
    throw fail(messageOf(cause), cause);
  }
  const watch = polledDescriptors().find((watch) => !before.has(watch.fd) && kindOf(watch.fd) === "listener");
  const adopted = watch !== undefined && calls.dup3(fd, watch.fd, O_CLOEXEC) === watch.fd &&
    calls.epoll_ctl(watch.epoll, EPOLL_CTL_ADD, watch.fd, eventOf(watch)) === 0;
  if (!adopted) {
    placeholder.close();
    throw fail("the runtime does not poll it by epoll");
  }
  closeDescriptor(fd);
  return placeholder;
}

/** Throws `STACKD_LISTEN` (exit 1) when `fd` is no listening socket. */
export function checkListener(fd: number): void {
  if (kindOf(fd) !== "listener") throw failure(fd, "it is no listening socket");
}

function failure(fd: number, state: string, cause?: unknown): StackdError {
  return new StackdError("STACKD_LISTEN", `Cannot adopt descriptor ${fd}: ${state}`, { exitCode: 1, cause });
}

/** A listener that nobody knows of; a unix one has an abstract name, so that there is no file. */
function openPlaceholder(tcp: boolean): Deno.Listener {
  if (!tcp) return Deno.listen({ transport: "unix", path: `\0stackd-${crypto.randomUUID()}` });
  try {
    return Deno.listen({ hostname: "127.0.0.1", port: 0 });
  } catch {
    return Deno.listen({ hostname: "::1", port: 0 });
  }
}

/** struct epoll_event: packed on x86-64, and nowhere else. */
function eventOf({ events, data }: PolledDescriptor): Uint8Array<ArrayBuffer> {
  const packed = Deno.build.arch === "x86_64";
  const view = new DataView(new ArrayBuffer(packed ? 12 : 16));
  view.setUint32(0, events, true);
  view.setBigUint64(packed ? 4 : 8, data, true);
  return new Uint8Array(view.buffer);
}
