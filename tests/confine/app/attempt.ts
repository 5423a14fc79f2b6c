/** What the attempts to get out have in common. */

/** What lies outside of what the handler may touch; made by the test. */
export interface World {
  /** A directory with `secret.txt`, `secret.json`, `secret.ts`, `secret.cjs` and `.env`. */
  readonly outside: string;
  /** The handler's own directory, in which `link.txt`, `link.cjs` and `linked/` lead to `outside`. */
  readonly own: string;
  /** Where a server answers "secret" over HTTP on 127.0.0.1. */
  readonly port: number;
  /** A port on which nobody listens. */
  readonly free: number;
  /** The path of a unix socket on which somebody listens. */
  readonly socket: string;
  /** The supervisor's process. */
  readonly supervisor: number;
}

/** One way to touch something; what it gives says nothing, unless it throws. */
export type Act = (world: World) => unknown;

/** Throws unless `text` has the secret in it: an attempt that gets nothing has failed. */
export function secret(text: unknown): void {
  if (!String(text).includes("secret")) throw new Error(`Got something else: ${String(text).slice(0, 80)}`);
}

/** What a Web Worker that runs `code` posts first; what it throws is thrown. */
export async function inWorker(code: string): Promise<unknown> {
  const source = `try { postMessage({ value: await (async () => { ${code} })() }) } catch (thrown) {
    postMessage({ thrown: thrown.name + ": " + thrown.message });
  }`;
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(source)}`, { type: "module" });
  try {
    const { value, thrown } = await new Promise<{ value: unknown; thrown?: string }>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
    });
    if (thrown !== undefined) throw new Error(thrown);
    return value;
  } finally {
    worker.terminate();
  }
}
