/**
 * The listening sockets of a role, which its supervisor opens and keeps, and its fronts accept on. So a front that dies leaves its
 * port open for the next one, and in an upgrade another supervisor's fronts accept on the very same sockets: at no moment is a
 * connection refused, and nothing that the kernel has queued is lost. Where descriptors cannot be handed to children, fronts open
 * the sockets themselves.
 *
 * @module
 */
import { formatAddress } from "../config/address.ts";
import { DEFAULTS } from "../config/defaults.ts";
import type { ListenAddress, ListenOption } from "../config/options.ts";
import { StackdError } from "../errors.ts";
import { logWarn } from "../observe/log.ts";
import { boundAddress, canInherit, closeDescriptor, duplicate, openedBy, setBacklog } from "./descriptors.ts";
import { inheritance, type InheritedSocket } from "./inheritance.ts";
import { refuseNew } from "./last_call.ts";
import { openListener } from "./listen_socket.ts";
import { bindSocket, claimSocketPath, type FileIdentity, identityOf, removeSocket } from "./unix_path.ts";

/** One open socket. */
interface OpenSocket {
  readonly descriptor: number;
  readonly name: string;
  readonly passed: boolean;
  readonly address: ListenAddress;
  /** The file of a unix socket that is ours to remove. */
  readonly identity: FileIdentity | null;
}

/** One thing that is listened on, with all sockets that there are for it. */
interface Place {
  readonly wanted: ListenOption;
  /** What tells it from all others, in this process and in the one that follows it. */
  readonly key: string;
  /** Which of the sockets that were given to this process are for it. */
  readonly inherited: readonly InheritedSocket[];
  open: readonly OpenSocket[];
}

/** How sockets are opened, and for whom. */
export interface SocketsOptions {
  /** What they are for, in one word: a port that the system chooses may be wanted for several things. */
  readonly purpose: string;
  /** Connections that the kernel queues on each. */
  readonly backlog: number;
  /**
   * How many processes are to share each port; each has a socket of its own then. A unix socket is for the first alone.
   *
   * @default {1}
   */
  readonly fronts?: number;
  /** @default what was given to this process */
  readonly inherited?: readonly InheritedSocket[];
}

/** The sockets for some addresses. */
export class ListeningSockets {
  readonly #places: readonly Place[];
  readonly #fronts: number;
  readonly #backlog: number;
  /** Whether sockets that a predecessor has opened are still its to close. */
  #borrowed = true;
  #released = false;

  /**
   * Looks which of the sockets that were given to this process are for `wanted`; each is for one thing only.
   *
   * @throws {StackdError} `STACKD_LISTEN` (exit 1) for a `fd:NAME` that nobody has passed.
   */
  constructor(
    wanted: readonly ListenOption[],
    { purpose, backlog, fronts = 1, inherited = inheritance().sockets }: SocketsOptions,
  ) {
    this.#fronts = fronts;
    this.#backlog = backlog;
    const left = new Set(inherited), keys = new Map<string, number>();
    this.#places = wanted.map((wanted) => {
      const address = formatAddress(wanted), twins = keys.get(address) ?? 0;
      keys.set(address, twins + 1);
      const key = `${purpose} ${address} ${twins}`;
      const found = [...left].filter((socket) => isFor(socket, wanted, key));
      for (const socket of found) left.delete(socket);
      if (wanted.transport === "passed" && found.length === 0) {
        const state = canInherit()
          ? "no such socket was passed to this process"
          : "sockets cannot be passed here, it takes Linux with glibc and /proc";
        throw new StackdError("STACKD_LISTEN", `Cannot listen on "${address}": ${state}`, { exitCode: 1 });
      }
      return { wanted, key, inherited: found, open: [] };
    });
  }

  /** Makes sure that unix sockets may be put at their paths. Throws as {@linkcode open}. */
  async claim(): Promise<void> {
    for (const { wanted, inherited } of this.#places) {
      if (wanted.transport === "unix" && inherited.length === 0) await claimSocketPath(wanted.path);
    }
  }

  /**
   * Opens what is not there yet.
   *
   * @throws {StackdError} `STACKD_ADDRESS_IN_USE`, `STACKD_SOCKET_PATH` or `STACKD_LISTEN` (exit 1); then none is left open.
   */
  async open(): Promise<void> {
    await this.claim();
    try {
      for (const place of this.#places) {
        if (place.inherited.length > 0) place.open = place.inherited.map(asOpen);
        else if (place.wanted.transport !== "passed" && canInherit()) place.open = this.#openNew(place.wanted);
      }
    } catch (thrown) {
      this.release();
      throw thrown;
    }
  }

  #openNew(wanted: ListenAddress): OpenSocket[] {
    const count = wanted.transport === "unix" ? 1 : this.#fronts;
    const first = openSocket({ ...wanted, reusePort: count > 1, backlog: this.#backlog });
    const { address } = first;
    if (count === 1 || address.transport !== "tcp" || wanted.transport !== "tcp") return [first];
    // The first has taken a free port where any would do; the others share it.
    const shared: ListenAddress = { ...wanted, port: address.port, reusePort: true, backlog: this.#backlog };
    return [first, ...Array.from({ length: count - 1 }, () => openSocket(shared))];
  }

  /**
   * What front number `front`, from 0 on, listens on; the descriptors in it are to be inherited by its process. Where that cannot
   * be, it opens them itself: the first by what is wanted, the others on the ports that the first one has, `bound`.
   */
  of(front: number, bound: readonly ListenAddress[] = []): ListenAddress[] {
    if (!canInherit()) {
      const wanted = front === 0 ? this.#places.map(({ wanted }) => wanted) : bound;
      return wanted.flatMap((address) =>
        address.transport === "passed" || (front > 0 && address.transport === "unix")
          ? []
          : [{ ...address, reusePort: this.#fronts > 1, backlog: this.#backlog }]
      );
    }
    return this.#places.flatMap(({ wanted, open }) => {
      const { length } = open;
      const own = open.filter(({ address }, i) =>
        address.transport === "unix"
          ? front === 0
          : i % this.#fronts === front || (i === front % length && front >= length)
      );
      return own.map(({ address, descriptor }) => ({ ...attributesOf(wanted), ...address, descriptor }));
    });
  }

  /** The same for a front in this process: the descriptors are its own. */
  ofOurs(): ListenAddress[] {
    return this.of(0).map((address) => {
      if (address.descriptor === undefined) return address;
      const descriptor = duplicate(address.descriptor);
      if (descriptor !== null) return { ...address, descriptor };
      throw noDescriptor(address);
    });
  }

  /** Where it is listened, as far as it is known before a front says so. */
  get addresses(): ListenAddress[] {
    return this.#places.flatMap(({ open }) => open.slice(0, 1).map(({ address }) => address));
  }

  /** Those of the descriptors that were given to this process that it listens on. */
  get inherited(): number[] {
    return this.#places.flatMap(({ inherited }) => inherited.map(({ descriptor }) => descriptor));
  }

  /** What a successor needs to know to accept on the same sockets. */
  toHandOver(): InheritedSocket[] {
    return this.#places.flatMap(({ key, open }) =>
      open.map(({ descriptor, name, passed, address }) => ({ descriptor, name, passed, opened: key, address }))
    );
  }

  /** The predecessor has given way: what it has opened is ours from now on. */
  own(): void {
    this.#borrowed = false;
  }

  /**
   * Gives the sockets up: new clients are refused, while fronts still accept who is connected already. Not so for those that the
   * service manager keeps open, for those that a successor has taken over, and for those that are still a predecessor's.
   */
  release(takenOver: readonly number[] = []): void {
    if (this.#released) return;
    this.#released = true;
    for (const { open, inherited } of this.#places) {
      const kept = inherited.length > 0 && this.#borrowed;
      for (const { descriptor, passed, address, identity } of open) {
        if (!kept && !passed && !takenOver.includes(descriptor)) {
          // Without its path a unix socket is refused at once, and what is queued stays.
          if (address.transport === "tcp") refuseNew(descriptor);
          else if (identity !== null) removeSocket(address.path, identity);
        }
        closeDescriptor(descriptor);
      }
    }
  }
}

/** Closes sockets that were given to this process and that nobody wants; says so where a user has a mistake to mend. */
export function closeUnwanted(used: readonly ListeningSockets[], { sockets } = inheritance()): void {
  const wanted = new Set(used.flatMap((sockets) => sockets.inherited));
  for (const { descriptor, name, passed, address } of sockets) {
    if (wanted.has(descriptor)) continue;
    const called = name === "" ? "" : ` ("${name}")`;
    if (passed) logWarn(`The socket ${formatAddress(address)}${called} was passed, but no option names it; not used`);
    closeDescriptor(descriptor);
  }
}

/** Whether an open socket is the one that an option means; `key` is the option's place. */
export function isFor(socket: InheritedSocket, wanted: ListenOption, key: string): boolean {
  if (socket.opened === key) return true;
  if (wanted.transport === "passed") {
    return socket.passed && (wanted.name === socket.name || wanted.name === String(socket.descriptor));
  }
  if (socket.opened !== null && !socket.passed) return false;
  const { address } = socket;
  if (wanted.transport === "unix") return address.transport === "unix" && address.path === wanted.path;
  return address.transport === "tcp" && address.port === wanted.port && isHost(address.hostname, wanted.hostname);
}

function isHost(bound: string, wanted: string): boolean {
  if (wanted === "") return bound === "::" || bound === "0.0.0.0";
  if (wanted === "localhost") return bound === "::1" || bound === "127.0.0.1";
  return bound === (wanted.includes(":") ? new URL(`http://[${wanted}]`).hostname.slice(1, -1) : wanted);
}

function asOpen({ descriptor, name, passed, address }: InheritedSocket): OpenSocket {
  const identity = address.transport === "unix" && !passed ? identityOf(address.path) : null;
  return { descriptor, name, passed, address, identity };
}

function openSocket(wanted: ListenAddress): OpenSocket {
  const { server: opened, descriptor: own } = openedBy(() => openAnew(wanted));
  const { listener, identity } = opened;
  try {
    const descriptor = own === null ? null : duplicate(own);
    if (descriptor === null) {
      if (identity !== null && wanted.transport === "unix") removeSocket(wanted.path, identity);
      throw noDescriptor(wanted);
    }
    setBacklog(descriptor, wanted.backlog ?? DEFAULTS.listenBacklog);
    const address: ListenAddress = wanted.transport === "unix"
      ? { transport: "unix", path: wanted.path }
      : boundAddress(descriptor) ?? wanted;
    return { descriptor, name: "", passed: false, address: named(address, wanted), identity };
  } finally {
    listener.close(); // ours is another name of the same socket
  }
}

function openAnew(wanted: ListenAddress): { listener: Deno.Listener; identity: FileIdentity | null } {
  if (wanted.transport === "tcp") return { listener: openListener(wanted), identity: null };
  const file = { path: wanted.path, mode: wanted.mode ?? DEFAULTS.socketMode, owner: wanted.owner ?? null };
  const { server, identity } = bindSocket(file, (path) => Deno.listen({ transport: "unix", path }));
  return { listener: server, identity };
}

function noDescriptor(address: ListenAddress): StackdError {
  const message = `Cannot listen on "${formatAddress(address)}": no descriptor is left`;
  return new StackdError("STACKD_LISTEN", message, { exitCode: 1 });
}

/** A bound address under the host that was asked for: none stays none, so that people see what they wrote. */
function named(bound: ListenAddress, wanted: ListenAddress): ListenAddress {
  return bound.transport === "tcp" && wanted.transport === "tcp"
    ? { transport: "tcp", hostname: wanted.hostname, port: bound.port }
    : bound;
}

/** What an option says of its connections, whatever the socket is. */
function attributesOf(wanted: ListenOption): Partial<ListenAddress> {
  const { proxyProtocol, maxBody, uwsgi } = wanted;
  return {
    ...(proxyProtocol === undefined ? {} : { proxyProtocol }),
    ...(maxBody === undefined ? {} : { maxBody }),
    ...(uwsgi === undefined ? {} : { uwsgi }),
  };
}
