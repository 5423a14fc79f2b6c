/**
 * `bare PORT|PATH`: hello.ts on `Deno.serve` and nothing else, on a port or a unix socket: the least that a worker can cost.
 * `bare version` says which Deno it is, which is how a compiled executable is tried out.
 *
 * @module
 */
import hello from "./hello.ts";

const [target] = Deno.args;
if (target === "version") console.log(`deno ${Deno.version.deno}`);
else if (/^\d+$/.test(target)) Deno.serve({ hostname: "127.0.0.1", port: Number(target), onListen() {} }, hello.fetch);
else Deno.serve({ path: target, onListen() {} }, hello.fetch);
