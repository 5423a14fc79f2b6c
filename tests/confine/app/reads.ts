/** Ways to read what lies outside. */
import * as fs from "node:fs";
import * as fsPromises from "node:fs/promises";
import { createRequire } from "node:module";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import * as vm from "node:vm";
import { type Act, inWorker, secret } from "./attempt.ts";

const DECODER = new TextDecoder();

/** By Deno's functions, by node's, and by links. */
export const READS: Record<string, Act> = {
  "Deno.readTextFile": async ({ outside }) => secret(await Deno.readTextFile(`${outside}/secret.txt`)),
  "Deno.readTextFileSync": ({ outside }) => secret(Deno.readTextFileSync(`${outside}/secret.txt`)),
  "Deno.readFile of a URL": async ({ outside }) =>
    secret(DECODER.decode(await Deno.readFile(new URL(`file://${outside}/secret.txt`)))),
  "Deno.open": ({ outside }) => Deno.openSync(`${outside}/secret.txt`).close(),
  "Deno.stat": ({ outside }) => Deno.stat(`${outside}/secret.txt`),
  "Deno.readDir": ({ outside }) => secret([...Deno.readDirSync(outside)].map(({ name }) => name)),
  "Deno.realPath": ({ outside }) => Deno.realPath(`${outside}/secret.txt`),
  "Deno.watchFs": ({ outside }) => Deno.watchFs(outside).close(),
  "a path with ..": ({ own, outside }) =>
    secret(Deno.readTextFileSync(`${own}/../${outside.split("/").at(-1)}/secret.txt`)),
  "fetch of a file": async ({ outside }) => secret(await (await fetch(`file://${outside}/secret.txt`)).text()),
  "a link to a file": ({ own }) => secret(Deno.readTextFileSync(`${own}/link.txt`)),
  "a link to a file, asynchronously": async ({ own }) => secret(await Deno.readTextFile(`${own}/link.txt`)),
  "a link to a directory": ({ own }) => secret([...Deno.readDirSync(`${own}/linked/`)].map(({ name }) => name)),
  "a path through a link": ({ own }) => secret(fs.readFileSync(`${own}/linked/secret.txt`)),
  "node:fs readFileSync": ({ outside }) => secret(fs.readFileSync(`${outside}/secret.txt`)),
  "node:fs/promises readFile": async ({ outside }) => secret(await fsPromises.readFile(`${outside}/secret.txt`)),
  "node:fs createReadStream": async ({ outside }) => {
    for await (const piece of fs.createReadStream(`${outside}/secret.txt`)) secret(piece);
  },
  "node:fs opendirSync": ({ outside }) => fs.opendirSync(outside).closeSync(),
  "node:sqlite": ({ outside }) => new DatabaseSync(`${outside}/secret.db`, { readOnly: true }).close(),
  "node:fs openAsBlob": async ({ outside }) => secret(await (await fs.openAsBlob(`${outside}/secret.txt`)).text()),
  "node:fs existsSync": ({ outside }) => {
    if (!fs.existsSync(`${outside}/secret.txt`)) throw new Error("PermissionDenied, or it is not there");
  },
  "node:fs accessSync": ({ outside }) => fs.accessSync(`${outside}/secret.txt`),
  "node:fs statSync": ({ outside }) => fs.statSync(`${outside}/secret.txt`, { throwIfNoEntry: false }),
  "node:fs statfsSync": ({ outside }) => fs.statfsSync(outside),
  "node:module resolve": ({ own, outside }) => createRequire(`${own}/main.ts`).resolve(`${outside}/secret.cjs`),
  "node:process loadEnvFile": ({ outside }) => process.loadEnvFile(`${outside}/.env`),
};

/** By importing it: what a compiled program asks nobody for. */
export const IMPORTS: Record<string, Act> = {
  "import() of code": async ({ outside }) => secret((await import(`file://${outside}/secret.ts`)).default),
  "import() of JSON": async ({ outside }) =>
    secret((await import(`file://${outside}/secret.json`, { with: { type: "json" } })).default.is),
  "import() of a link": async ({ own }) => secret((await import(`file://${own}/link.ts`)).default),
  "import() in eval": ({ outside }) =>
    eval(`import("file://${outside}/secret.ts")`).then((module: { default: string }) => secret(module.default)),
  "import() in new Function": ({ outside }) =>
    new Function("url", "return import(url)")(`file://${outside}/secret.ts`)
      .then((module: { default: string }) => secret(module.default)),
  "import() in a data: module": async ({ outside }) => {
    const code = `export { default } from "file://${outside}/secret.ts"`;
    secret((await import(`data:text/javascript,${encodeURIComponent(code)}`)).default);
  },
  "import() in a blob: module": async ({ outside }) => {
    const code = `export { default } from "file://${outside}/secret.ts"`;
    secret((await import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })))).default);
  },
  "require() of code": ({ own, outside }) => secret(createRequire(`${own}/main.ts`)(`${outside}/secret.cjs`)),
  "require() of a link": ({ own }) => secret(createRequire(`${own}/main.ts`)("./link.cjs")),
  "a Web Worker of a file": ({ outside }) =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(`file://${outside}/worker.ts`, { type: "module" });
      worker.onmessage = () => resolve(worker.terminate());
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
    }),
  "import() in a Web Worker": async ({ outside }) =>
    secret(await inWorker(`return (await import("file://${outside}/secret.ts")).default`)),
  "require() in a Web Worker": async ({ own, outside }) =>
    secret(
      await inWorker(
        `return (await import("node:module")).createRequire("${own}/main.ts")("${outside}/secret.cjs")`,
      ),
    ),
};

/** By importing it as text, which only a compiled program can. */
export const TEXT_IMPORTS: Record<string, Act> = {
  "import() as text": async ({ outside }) =>
    secret((await import(`file://${outside}/secret.txt`, { with: { type: "text" } })).default),
  "import() as text of a link, literally": async () =>
    secret((await import("./link.txt", { with: { type: "text" } })).default),
  "import() as text of a link": async ({ own }) =>
    secret((await import(`file://${own}/link.txt`, { with: { type: "text" } })).default),
  "import() as bytes": async ({ outside }) =>
    secret(DECODER.decode((await import(`file://${outside}/secret.txt`, { with: { type: "bytes" } })).default)),
  "import() as text in a Web Worker": async ({ outside }) =>
    secret(await inWorker(`return (await import("file://${outside}/secret.txt", { with: { type: "text" } })).default`)),
};

/** By code that runs elsewhere. */
export const READS_ELSEWHERE: Record<string, Act> = {
  "a Web Worker": async ({ outside }) =>
    secret(await inWorker(`return Deno.readTextFileSync("${outside}/secret.txt")`)),
  "node:worker_threads": async ({ outside }) => {
    const { Worker } = await import("node:worker_threads");
    const code =
      `require("node:worker_threads").parentPort.postMessage(require("node:fs").readFileSync("${outside}/secret.txt", "utf8"))`;
    const worker = new Worker(code, { eval: true });
    secret(
      await new Promise((resolve, reject) =>
        worker.once("message", resolve).once("error", reject).once("exit", reject)
      ),
    );
  },
  "node:vm": ({ outside }) => secret(vm.runInThisContext(`Deno.readTextFileSync("${outside}/secret.txt")`)),
  "node:vm, by a constructor": ({ outside }) => {
    const find = vm.runInNewContext("outer.constructor.constructor('return Deno')", { outer: {} });
    secret(find().readTextFileSync(`${outside}/secret.txt`));
  },
};
