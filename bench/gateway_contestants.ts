/**
 * The contestants of `deno task bench gateway`: each serves the same hello, with as little around it as it allows.
 *
 * @module
 */
import { HERE } from "./processes.ts";

/** A program and its arguments. */
export type Command = readonly [program: string, ...args: string[]];

/** What stands for stackd and for a bare `Deno.serve`. */
export interface Programs {
  readonly stackd: string;
  readonly bare: Command;
}

/** A server to measure; `where` is a port, or the path of a unix socket. */
export interface Contestant {
  readonly name: string;
  /** The program that must be installed; null: always there. */
  readonly program: string | null;
  command(where: string): Command;
}

const APPS = HERE("apps");
const HELLO = `${APPS}/hello.ts`;

/** All on a unix socket; the first is the base. */
export function onUnix({ stackd, bare }: Programs): readonly Contestant[] {
  const gateway = (path: string, ...more: string[]): Command => [stackd, ...gatewayArgs("--socket", path, ...more)];
  return [
    { name: "bare", program: null, command: (path) => [...bare, path] },
    { name: "stackd-worker", program: null, command: (path) => gateway(path) },
    { name: "stackd-front", program: null, command: (path) => gateway(path, "--front") },
  ];
}

/** All on TCP; the first is the base. */
export function onTcp({ stackd, bare }: Programs): readonly Contestant[] {
  const gateway = (port: string, ...more: string[]): Command => [
    stackd,
    ...gatewayArgs("--http", `127.0.0.1:${port}`, ...more),
  ];
  return [
    { name: "bare", program: null, command: (port) => [...bare, port] },
    { name: "deno-serve", program: null, command: denoServe },
    { name: "stackd-front", program: null, command: (port) => gateway(port) },
    { name: "stackd-front-2", program: null, command: (port) => gateway(port, "--workers", "2") },
    { name: "uwsgi", program: "uwsgi", command: uwsgiSocket },
    {
      name: "uwsgi-router",
      program: "uwsgi",
      command: (port) => uwsgi("http,python3", "--http", `127.0.0.1:${port}`, "--http-keepalive"),
    },
    { name: "gunicorn", program: "gunicorn", command: gunicorn },
  ];
}

function gatewayArgs(...args: string[]): string[] {
  return ["gateway", ...args, "--access-log", "off", "--keepalive-requests", "1000000000", HELLO];
}

function denoServe(port: string): Command {
  return [Deno.execPath(), "serve", "-A", "--no-check", "--host", "127.0.0.1", "--port", port, HELLO];
}

/** With a master, as it is run; it takes TERM for "reload" unless told otherwise. */
function uwsgi(plugins: string, ...args: string[]): Command {
  const quiet = ["--master", "--die-on-term", "--disable-logging", "--processes", "1"];
  return ["uwsgi", "--plugins", plugins, ...quiet, "--chdir", APPS, "--module", "hello", ...args];
}

/** It closes each connection after an answer; without saying so, which wrk would take for an error. */
function uwsgiSocket(port: string): Command {
  return uwsgi("python3", "--http-socket", `127.0.0.1:${port}`, "--add-header", "Connection: close");
}

function gunicorn(port: string): Command {
  return ["gunicorn", "--workers", "1", "--bind", `127.0.0.1:${port}`, "--chdir", APPS, "hello:application"];
}
