/**
 * A wire over a socket of our own, read and written by libc when the {@linkcode EventLoop} says that it can be.
 *
 * @module
 */
import { EPOLLET, EPOLLIN, EPOLLOUT, EPOLLRDHUP, type EventLoop, type Watcher } from "./event_loop.ts";
import { addressOf, DONTWAIT_NOSIGNAL, type Libc, unixPathOf } from "./libc.ts";
import { EAGAIN, ECONNRESET, EINTR, systemError } from "./system_error.ts";
import type { Wire } from "./wire.ts";

const SHUT_WR = 1;
const SOL_SOCKET = 1, SO_ERROR = 4;

/** What is always told; that there is room to write, only once it has been waited for. */
const READ = EPOLLIN | EPOLLRDHUP | EPOLLET, READ_AND_WRITE = READ | EPOLLOUT;

/** What a waiting read or write waits with. */
type Resolve = (n: number) => void;
type Reject = (why: Error) => void;

/** An open, non-blocking stream socket. */
export class Socket implements Wire, Watcher {
  readonly #loop: EventLoop;
  /** -1 once it is closed: the number may be another's then. */
  #fd: number;
  /** Whether there may be something to receive; epoll tells changes only. */
  #readable: boolean;
  /** Whether epoll tells when there is room to write. */
  #tellsRoom: boolean;
  /** Whether the peer has ended its side, or all: then reading never comes to a wait. */
  #ended = false;
  /** Whether a write was told of a reset: the kernel tells it once, and then what looks like an orderly end. */
  #reset = false;
  #connecting = false;
  #localAddr: Deno.Addr | null = null;
  #remoteAddr: Deno.Addr | null = null;
  #into: Uint8Array<ArrayBuffer> | null = null;
  #resolveRead: Resolve = IGNORE;
  #rejectRead: Reject = IGNORE;
  #from: Uint8Array<ArrayBuffer> | null = null;
  #resolveWrite: Resolve = IGNORE;
  #rejectWrite: Reject = IGNORE;

  /**
   * `fd` is the socket's from now on. Throws when the loop cannot watch it, and closes it.
   *
   * @param way "accepted": a first look is likely to find something; "connecting": wait for {@linkcode connected} first.
   */
  constructor(loop: EventLoop, fd: number, way: "accepted" | "connected" | "connecting") {
    this.#loop = loop;
    this.#fd = fd;
    this.#readable = way === "accepted";
    this.#tellsRoom = way === "connecting";
    if (loop.add(fd, this.#tellsRoom ? READ_AND_WRITE : READ, this)) return;
    const { errno } = loop;
    loop.calls.close(fd);
    throw systemError(errno);
  }

  get localAddr(): Deno.Addr {
    return this.#localAddr ??= addressAt(this.#loop.calls.getsockname, this.#fd);
  }

  get remoteAddr(): Deno.Addr {
    return this.#remoteAddr ??= addressAt(this.#loop.calls.getpeername, this.#fd);
  }

  read(into: Uint8Array<ArrayBuffer>): Promise<number> {
    if (this.#fd < 0) return Promise.reject(closed());
    if (this.#readable) {
      const n = this.#loop.spend() ? this.#receive(into) : this.#loop.readLater(this);
      if (n !== null) return n >= 0 ? Promise.resolve(n) : Promise.reject(systemError(-n));
    }
    this.#into = into;
    return new Promise(this.#waitToRead);
  }

  readNow(into: Uint8Array<ArrayBuffer>): number {
    const n = this.#fd < 0 ? null : this.#receive(into);
    if (n === null) return -1;
    if (n < 0) throw systemError(-n);
    return n;
  }

  readonly #waitToRead = (resolve: Resolve, reject: Reject) => {
    this.#resolveRead = resolve;
    this.#rejectRead = reject;
  };

  /** How much was received, or the error's number, negative; null when there is nothing yet. */
  #receive(into: Uint8Array<ArrayBuffer>): number | null {
    const { calls } = this.#loop;
    for (;;) {
      const n = calls.recv(this.#fd, into, into.length, DONTWAIT_NOSIGNAL);
      if (n >= 0) {
        // All has been received that there was: epoll tells when there is more.
        if (n < into.length && !this.#ended) this.#readable = false;
        return n === 0 && this.#reset ? -ECONNRESET : n;
      }
      const { errno } = this.#loop;
      if (errno === EINTR) continue;
      if (errno !== EAGAIN) return -errno;
      this.#readable = false;
      return null;
    }
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    if (this.#fd < 0) return Promise.reject(closed());
    const n = this.#send(bytes, bytes.length);
    if (n !== null) return n >= 0 ? Promise.resolve(n) : Promise.reject(systemError(-n));
    this.#from = bytes;
    if (!this.#tellsRoom) {
      this.#tellsRoom = true;
      this.#loop.change(this.#fd, READ_AND_WRITE);
    }
    return new Promise(this.#waitToWrite);
  }

  readonly #waitToWrite = (resolve: Resolve, reject: Reject) => {
    this.#resolveWrite = resolve;
    this.#rejectWrite = reject;
  };

  writeNow(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): number {
    if (this.#fd < 0) return 0;
    const n = this.#send(start === 0 ? bytes : bytes.subarray(start), end - start);
    return n !== null && n > 0 ? n : 0;
  }

  /** How much was sent, or the error's number, negative; null when nothing can be sent now. */
  #send(bytes: Uint8Array<ArrayBuffer>, length: number): number | null {
    for (;;) {
      const n = this.#loop.calls.send(this.#fd, bytes, length, DONTWAIT_NOSIGNAL);
      if (n >= 0) return n;
      const { errno } = this.#loop;
      if (errno === EINTR) continue;
      if (errno === ECONNRESET) this.#reset = true;
      return errno === EAGAIN ? null : -errno;
    }
  }

  /** Waits until a connection that was begun is there; rejects when it cannot be. Before anything else. */
  connected(): Promise<unknown> {
    this.#connecting = true;
    return new Promise(this.#waitToWrite);
  }

  /** {@inheritDoc Watcher.ready} */
  ready(events: number): void {
    if (this.#fd < 0) return;
    if (this.#connecting) return this.#settleConnection();
    // Whatever is not about writing alone, an error for instance, a read will tell.
    if (events !== EPOLLOUT) {
      this.#readable = true;
      if ((events & ~(EPOLLIN | EPOLLOUT)) !== 0) this.#ended = true;
      const into = this.#into;
      const n = into === null ? null : this.#receive(into);
      if (n !== null) {
        this.#into = null;
        if (n >= 0) this.#resolveRead(n);
        else this.#rejectRead(systemError(-n));
      }
    }
    const from = this.#from;
    // Without a look at what is told: a socket that failed tells it when it is written to.
    const n = from === null ? null : this.#send(from, from.length);
    if (n === null) return;
    this.#from = null;
    if (n >= 0) this.#resolveWrite(n);
    else this.#rejectWrite(systemError(-n));
  }

  #settleConnection(): void {
    const error = new Int32Array(1);
    this.#loop.calls.getsockopt(this.#fd, SOL_SOCKET, SO_ERROR, error, Uint32Array.of(4));
    this.#connecting = false;
    // What came with the connection is not told again.
    this.#readable = true;
    if (error[0] === 0) this.#resolveWrite(0);
    else this.#rejectWrite(systemError(error[0]));
  }

  closeWrite(): Promise<void> {
    if (this.#fd < 0) return Promise.reject(closed());
    if (this.#loop.calls.shutdown(this.#fd, SHUT_WR) === 0) return Promise.resolve();
    return Promise.reject(systemError(this.#loop.errno));
  }

  close(): void {
    const fd = this.#fd;
    if (fd < 0) return;
    this.#fd = -1;
    this.#loop.remove(fd);
    this.#loop.calls.close(fd);
    if (this.#into !== null) this.#rejectRead(closed());
    if (this.#from !== null || this.#connecting) this.#rejectWrite(closed());
    this.#into = this.#from = null;
    this.#connecting = false;
  }

  sever(): void {
    // Closing is enough: nobody else holds the descriptor.
    this.close();
  }
}

const IGNORE = () => {};

function addressAt(call: Libc["getpeername"], fd: number): Deno.Addr {
  const tcp = addressOf(call, fd);
  return tcp === null ? { transport: "unix", path: unixPathOf(call, fd) ?? "" } : { transport: "tcp", ...tcp };
}

function closed(): Error {
  return new Deno.errors.Interrupted("the connection was closed");
}
