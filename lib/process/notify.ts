/**
 * systemd's notifications (sd_notify(3)): datagrams to the socket that NOTIFY_SOCKET names say when the service is ready,
 * reloads, stops, and is alive.
 *
 * @module
 */

/** Reads an environment variable, as `Deno.env` does. */
export interface Environment {
  get(name: string): string | undefined;
}

/**
 * Tells the service manager. Each call resolves when the message is sent; that it cannot be sent is no error, for the service
 * does not depend on it. Messages arrive in their order.
 */
export interface Notifier {
  /** How often {@linkcode Notifier.watchdog} is to be called, ms: half of what WatchdogSec= allows. Null for never. */
  readonly watchdogInterval: number | null;
  /** It serves; also the end of a reload, whether that went well or not. */
  ready(status?: string): Promise<void>;
  /** A reload begins; {@linkcode Notifier.ready} ends it. For Type=notify-reload. */
  reloading(): Promise<void>;
  stopping(): Promise<void>;
  /** Another process is the service's main one from now on. It has to be said by the one that was. */
  mainProcess(pid: number): Promise<void>;
  /** What `systemctl status` shows, one line. */
  status(text: string): Promise<void>;
  /** It is alive. */
  watchdog(): Promise<void>;
  close(): void;
}

/** The longest status, characters; systemd takes no datagram of more than 4,096 bytes. */
const MAX_STATUS = 1_000;
/** The longest time a timer can hold, ms. */
const MAX_TIMER = 2_147_483_647;
const CLOCK_MONOTONIC = 1;

/**
 * The notifier for this process; null when nobody wants to know, which is so outside systemd, or the socket cannot be
 * used. Children must not inherit NOTIFY_SOCKET and WATCHDOG_*: whoever starts them takes these out.
 *
 * @param pid This process's id, which WATCHDOG_PID has to name.
 */
export function notifier(env: Environment, pid: number = Deno.pid): Notifier | null {
  const path = addressOf(env.get("NOTIFY_SOCKET") ?? "");
  const socket = path === null ? null : open(pid);
  if (path === null || socket === null) return null;
  let sent: Promise<unknown> = Promise.resolve();
  const send = async (...fields: string[]): Promise<void> => {
    const message = new TextEncoder().encode(fields.join("\n"));
    sent = sent.then(() => socket.send(message, { transport: "unixpacket", path })).catch(() => {});
    await sent;
  };
  return {
    watchdogInterval: watchdogInterval(env, pid),
    ready: (status) => status === undefined ? send("READY=1") : send("READY=1", statusField(status)),
    reloading() {
      const now = monotonicMicroseconds();
      return now === null ? send("RELOADING=1") : send("RELOADING=1", `MONOTONIC_USEC=${now}`);
    },
    stopping: () => send("STOPPING=1"),
    mainProcess: (pid) => send(`MAINPID=${pid}`),
    status: (text) => send(statusField(text)),
    watchdog: () => send("WATCHDOG=1"),
    close() {
      try {
        socket.close();
      } catch { /* closed before */ }
    },
  };
}

/** The path of a unix socket, "@" standing for the NUL of an abstract one; null for anything else, as vsock addresses. */
function addressOf(text: string): string | null {
  if (text.length < 2) return null;
  return text.startsWith("@") ? `\0${text.slice(1)}` : text.startsWith("/") ? text : null;
}

/** A socket to send from. Its own name is an abstract one, so that no file has to be removed. */
function open(pid: number): Deno.DatagramConn | null {
  try {
    const path = `\0stackd-notify-${pid}-${crypto.randomUUID().slice(0, 8)}`;
    return Deno.listenDatagram({ transport: "unixpacket", path });
  } catch {
    return null; // no abstract names: not Linux, so no systemd either
  }
}

/** Half of WATCHDOG_USEC, as sd_watchdog_enabled(3) advises, when it is meant for this process. */
function watchdogInterval(env: Environment, pid: number): number | null {
  const microseconds = env.get("WATCHDOG_USEC") ?? "", meant = env.get("WATCHDOG_PID") ?? "";
  if (!/^[1-9]\d{0,18}$/.test(microseconds) || (meant !== "" && meant !== String(pid))) return null;
  return Math.min(Math.max(Math.floor(Number(microseconds) / 2_000), 1), MAX_TIMER);
}

/** A line break would begin a field of its own. */
function statusField(text: string): string {
  const characters = [...text.toWellFormed().replaceAll(/\p{Cc}+/gu, " ")];
  return `STATUS=${characters.slice(0, MAX_STATUS).join("")}`;
}

/** CLOCK_MONOTONIC, which Deno has no call for: its own clocks begin with the process. Null without libc. */
function monotonicMicroseconds(): bigint | null {
  try {
    const libc = Deno.dlopen("libc.so.6", { clock_gettime: { parameters: ["i32", "buffer"], result: "i32" } });
    try {
      const time = new BigInt64Array(2); // seconds, nanoseconds
      if (libc.symbols.clock_gettime(CLOCK_MONOTONIC, time) !== 0) return null;
      const [seconds = 0n, nanoseconds = 0n] = time;
      return seconds * 1_000_000n + nanoseconds / 1_000n;
    } finally {
      libc.close();
    }
  } catch {
    return null; // another libc; Type=notify takes the message as it is
  }
}
