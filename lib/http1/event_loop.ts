/**
 * An epoll loop of our own inside the runtime's. A read by the runtime costs an operation, a second look at the socket and
 * a way through its scheduler; here a turn asks epoll once and receives from every socket that has something, as nginx does.
 *
 * While there is something to do, the loop turns with the runtime's loop, and in between waits for up to a millisecond, for
 * its own sockets and for whatever the runtime polls. When nothing comes for a while, or the runtime has something, it
 * rests: a thread waits in its place, and the runtime is left to itself. So an idle process uses no CPU, and timers and the
 * runtime's own input and output are late by a few milliseconds at most.
 *
 * Linux only.
 *
 * @module
 */
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, type Libc, libc } from "./libc.ts";
import { runtimePoller } from "./poller.ts";
import { immediates } from "./runtime.ts";

/** What epoll tells (epoll_ctl(2)). */
export const EPOLLIN = 0x1, EPOLLOUT = 0x4, EPOLLRDHUP = 0x2000;
/** How it tells it: once for each change; to one of several processes. */
export const EPOLLET = 1 << 31, EPOLLEXCLUSIVE = 1 << 28;

const CLOEXEC = 0o2000000, NONBLOCK = 0o4000;
const POLLIN = 1;
/** Events that are fetched at once. */
const MOST_EVENTS = 256;
/** A busy loop rests after so long, ms, so that the runtime gets its turn. */
const MOST_TURNING = 10;
/** How long one turn waits, ms: timers of the runtime may be late by that. */
const WAIT = 1;
/** How often in a row a turn may wait in vain. */
const MOST_WAITS = 4;
/** Reads that may be answered at once in a turn; further ones wait for the next, so that two fast peers do not keep all others waiting. */
const CREDIT = 64;

/** Who hears of a descriptor. */
export interface Watcher {
  /** Called with what epoll tells. Must not throw. */
  ready(events: number): void;
}

interface Watch {
  /** Tells it from an earlier one of the same number. */
  readonly serial: number;
  readonly watcher: Watcher;
}

/** The loop. There is one for a process: {@linkcode eventLoop}. */
export class EventLoop {
  readonly calls: Libc;
  readonly #soon: (call: () => void) => void;
  /** errno of the last call, where the C library keeps it for this thread. */
  readonly #errno: Int32Array;
  readonly #epoll: number;
  /** An eventfd that ends a rest. */
  readonly #bell: number;
  readonly #watches: (Watch | undefined)[] = [];
  #count = 0;
  #serial = 0;
  /** struct epoll_event, packed on x86-64 and nowhere else: a word of events, then two of ours, after a gap where it is not packed. */
  readonly #events: Int32Array<ArrayBuffer>;
  readonly #eventBytes: Uint8Array<ArrayBuffer>;
  readonly #stride = Deno.build.arch === "x86_64" ? 3 : 4;
  /** The one that is asked for. */
  readonly #event = new Int32Array(this.#stride);
  readonly #asked = new Uint8Array(this.#event.buffer);
  /** Two struct pollfd: the loop's own epoll and the runtime's. */
  readonly #polled: Int32Array<ArrayBuffer>;
  readonly #polledBytes: Uint8Array<ArrayBuffer>;
  #state: "off" | "turning" | "resting" = "off";
  /** When the runtime had its turn last. */
  #since = 0;
  #vainWaits = 0;
  #credit = CREDIT;
  #later: Watcher[] = [];

  /** Throws when the system denies what it needs. */
  constructor(calls: Libc, soon: (call: () => void) => void) {
    this.calls = calls;
    this.#soon = soon;
    const errno = calls.__errno_location();
    this.#epoll = calls.epoll_create1(CLOEXEC);
    this.#bell = calls.eventfd(0, CLOEXEC | NONBLOCK);
    if (errno === null || this.#epoll < 0 || this.#bell < 0) throw new Error("no epoll");
    this.#errno = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(errno, 4));
    this.#events = new Int32Array(MOST_EVENTS * this.#stride);
    this.#eventBytes = new Uint8Array(this.#events.buffer);
    // Without the runtime's (-1 is passed over) a turn never waits.
    this.#polled = Int32Array.of(this.#epoll, POLLIN, runtimePoller() ?? -1, POLLIN);
    this.#polledBytes = new Uint8Array(this.#polled.buffer);
    this.#control(EPOLL_CTL_ADD, this.#bell, EPOLLIN, 0);
  }

  /** errno of the call that has just failed. */
  get errno(): number {
    return this.#errno[0];
  }

  /** Whether nothing is watched and no thread waits. */
  get off(): boolean {
    return this.#state === "off";
  }

  /** Tells `watcher` of `events` on `fd` until {@linkcode remove}. False when the system denies it. */
  add(fd: number, events: number, watcher: Watcher): boolean {
    const serial = this.#serial = (this.#serial + 1) | 0;
    if (!this.#control(EPOLL_CTL_ADD, fd, events, serial)) return false;
    this.#watches[fd] = { serial, watcher };
    this.#count++;
    if (this.#state === "off") this.#turnSoon();
    return true;
  }

  /** Tells the watcher of `fd` of these `events` from now on, and at once of those that there are. */
  change(fd: number, events: number): void {
    const watch = this.#watches[fd];
    if (watch !== undefined) this.#control(EPOLL_CTL_MOD, fd, events, watch.serial);
  }

  /** Before `fd` is closed. `shared`: other processes have the same socket, so that closing it here does not end the watch. */
  remove(fd: number, shared = false): void {
    if (this.#watches[fd] === undefined) return;
    this.#watches[fd] = undefined;
    if (shared) this.#control(EPOLL_CTL_DEL, fd, 0, 0);
    if (--this.#count === 0) this.#wake();
  }

  /** Whether a read may be answered at once. */
  spend(): boolean {
    return --this.#credit >= 0;
  }

  /** Tells `watcher` in the next turn that its descriptor can be read. Null: what has been read meanwhile. */
  readLater(watcher: Watcher): null {
    this.#later.push(watcher);
    this.#wake();
    return null;
  }

  #control(operation: number, fd: number, events: number, serial: number): boolean {
    const event = this.#event;
    event[0] = events;
    event[this.#stride - 2] = fd;
    event[this.#stride - 1] = serial;
    return this.calls.epoll_ctl(this.#epoll, operation, fd, this.#asked) === 0;
  }

  #turnSoon(): void {
    this.#state = "turning";
    this.#soon(this.#turn);
  }

  readonly #turn = () => {
    const { calls } = this, polled = this.#polled;
    const canWait = this.#vainWaits < MOST_WAITS && this.#later.length === 0 && polled[2] >= 0;
    calls.poll(this.#polledBytes, 2, canWait && this.#vainWaits > 0 ? WAIT : 0);
    // revents is the upper half of the second word.
    if (polled[1] >>> 16 !== 0) {
      this.#dispatch(calls.epoll_wait(this.#epoll, this.#eventBytes, MOST_EVENTS, 0));
      this.#vainWaits = 0;
    } else {
      this.#dispatch(0);
      this.#vainWaits = canWait ? this.#vainWaits + 1 : MOST_WAITS;
    }
    if (this.#count === 0) this.#state = "off";
    else if (this.#mustRest(polled[3] >>> 16 !== 0)) this.#rest();
    else this.#turnSoon();
  };

  #mustRest(runtimeHasSomething: boolean): boolean {
    return runtimeHasSomething || (this.#vainWaits >= MOST_WAITS && this.#later.length === 0) ||
      performance.now() - this.#since > MOST_TURNING && this.#vainWaits === 0;
  }

  #rest(): void {
    this.#state = "resting";
    if (this.#later.length > 0) this.#wake();
    this.calls.epoll_wait_aside(this.#epoll, this.#eventBytes, MOST_EVENTS, -1).then(this.#rested);
  }

  readonly #rested = (n: number) => {
    this.#since = performance.now();
    this.#vainWaits = 0;
    this.#dispatch(n);
    if (this.#count === 0) this.#state = "off";
    else this.#turnSoon();
  };

  #wake(): void {
    if (this.#state === "resting") this.calls.write(this.#bell, ONE, 8);
  }

  #dispatch(n: number): void {
    this.#credit = CREDIT;
    const later = this.#later;
    if (later.length > 0) {
      this.#later = [];
      for (const watcher of later) watcher.ready(EPOLLIN);
    }
    const events = this.#events, stride = this.#stride;
    for (let i = 0, at = 0; i < n; i++, at += stride) {
      const fd = events[at + stride - 2];
      if (fd === this.#bell) this.calls.read(fd, new Uint8Array(8), 8);
      const watch = this.#watches[fd];
      if (watch !== undefined && watch.serial === events[at + stride - 1]) watch.watcher.ready(events[at]);
    }
  }
}

const ONE = new Uint8Array(BigUint64Array.of(1n).buffer);

let loop: EventLoop | null | undefined;

/** The process's loop; null where there can be none. */
export function eventLoop(): EventLoop | null {
  return loop === undefined ? loop = open() : loop;
}

function open(): EventLoop | null {
  const calls = libc(), soon = immediates();
  if (calls === null || soon === null) return null;
  try {
    return new EventLoop(calls, soon);
  } catch {
    return null;
  }
}
