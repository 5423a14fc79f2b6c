/** What tests of the handler's room have in common. @module */
import { RequestInfo, type Site } from "../../lib/handler/info.ts";
import { Background } from "../../lib/handler/background.ts";
import { requestIds } from "../../lib/observe/request_id.ts";

/** A site with counted request ids; nothing is trusted unless `changed` says so. */
export function site(changed: Partial<Site> = {}): Site {
  return {
    workerId: 1,
    prefix: "",
    isPrivate: false,
    trust: null,
    nextId: requestIds("id"),
    background: new Background(),
    ...changed,
  };
}

/** The info of a request. */
export function infoOf(request: Request, changed: Partial<Site> = {}): RequestInfo {
  return new RequestInfo(request, site(changed));
}

/** Runs `act` and gives what it wrote to standard error, by replacing the write. */
export async function stderrOf(act: () => unknown): Promise<string> {
  const { writeSync } = Deno.stderr;
  let text = "";
  Deno.stderr.writeSync = (bytes) => {
    text += new TextDecoder().decode(bytes);
    return bytes.length;
  };
  try {
    await act();
  } finally {
    Deno.stderr.writeSync = writeSync;
  }
  return text;
}
