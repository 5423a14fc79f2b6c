/**
 * Accepts connections on a listening socket by the {@linkcode EventLoop}.
 *
 * @module
 */
import { EPOLLEXCLUSIVE, EPOLLIN, type EventLoop, type Watcher } from "./event_loop.ts";
import { sendAtOnce, socketAddress } from "./libc.ts";
import { Socket } from "./socket.ts";
import { EAGAIN, EINTR, systemError } from "./system_error.ts";

const ECONNABORTED = 103;
const SOCK_CLOEXEC_NONBLOCK = 0o2004000;
/** Connections that are accepted in one turn: other processes on the same socket, and requests under way, get their share. */
const MOST_AT_ONCE = 16;
/** Larger than any address. */
const ADDRESS_SIZE = 128;

/** What an acceptor tells. */
export interface AcceptorEvents {
  /** A connection; `peer`: the client's address, null on a unix socket. Must not throw. */
  onConnection(socket: Socket, peer: string | null): void;
  /** Accepting failed, as it does when descriptors are exhausted: there is a pause. */
  onError(error: Error): void;
}

/** The accepting side of a listening socket that does not block. */
export class Acceptor implements Watcher {
  readonly #loop: EventLoop;
  readonly #fd: number;
  readonly #events: AcceptorEvents;
  readonly #pause: number;
  readonly #address = new Uint8Array(ADDRESS_SIZE);
  readonly #addressLength = new Uint32Array(1);
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Begins to accept. `pause`: after an error, ms. */
  constructor(loop: EventLoop, fd: number, events: AcceptorEvents, pause: number) {
    this.#loop = loop;
    this.#fd = fd;
    this.#events = events;
    this.#pause = pause;
    this.#begin();
  }

  readonly #begin = () => {
    this.#timer = undefined;
    // Told as long as somebody waits, and not to all processes that share the socket.
    if (!this.#loop.add(this.#fd, EPOLLIN | EPOLLEXCLUSIVE, this)) this.#rest(systemError(this.#loop.errno));
  };

  #rest(error: Error): void {
    this.#events.onError(error);
    this.#timer = setTimeout(this.#begin, this.#pause);
  }

  /** {@inheritDoc Watcher.ready} */
  ready(): void {
    this.accept(MOST_AT_ONCE);
  }

  /** Accepts who waits, up to `most`. */
  accept(most = Infinity): void {
    const { calls } = this.#loop;
    for (let accepted = 0; accepted < most;) {
      this.#addressLength[0] = ADDRESS_SIZE;
      const fd = calls.accept4(this.#fd, this.#address, this.#addressLength, SOCK_CLOEXEC_NONBLOCK);
      if (fd < 0) {
        const { errno } = this.#loop;
        // One client's bad luck is no error of ours.
        if (errno === EINTR || errno === ECONNABORTED) continue;
        if (errno !== EAGAIN) {
          this.#loop.remove(this.#fd, true);
          this.#rest(systemError(errno));
        }
        return;
      }
      accepted++;
      this.#take(fd);
    }
  }

  #take(fd: number): void {
    const peer = socketAddress(this.#address)?.hostname ?? null;
    if (peer !== null) sendAtOnce(this.#loop.calls, fd);
    let socket: Socket;
    try {
      socket = new Socket(this.#loop, fd, "accepted");
    } catch (thrown) {
      this.#events.onError(thrown as Error);
      return;
    }
    this.#events.onConnection(socket, peer);
  }

  /** Accepts no more. The descriptor stays open. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#loop.remove(this.#fd, true);
  }
}
