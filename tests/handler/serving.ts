/** A worker's sockets with a handler behind them. @module */
import { adapt } from "../../lib/handler/adapt.ts";
import { Background } from "../../lib/handler/background.ts";
import type { Handler } from "../../lib/handler/contract.ts";
import { installRequestView } from "../../lib/handler/request_view.ts";
import { noticeBodies } from "../../lib/handler/response_body.ts";
import { HandlerServer } from "../../lib/handler/server.ts";
import type { AccessLog, AccessLogEntry } from "../../lib/observe/access_log.ts";
import { requestIds } from "../../lib/observe/request_id.ts";
import { RawClient, type RawResponse } from "../support/raw_http.ts";
import { TestDirectory } from "../support/stackd.ts";

/** What runs while a test uses it. */
export interface Started {
  readonly server: HandlerServer;
  readonly lines: AccessLogEntry[];
  readonly publicPath: string;
  readonly privatePath: string;
}

/** Which sockets there are. */
export interface ServeOptions {
  /** Whether peers on the public socket are trusted. @default {false} */
  readonly unix?: boolean;
  /** Whether there is a private socket too. @default {false} */
  readonly withPrivate?: boolean;
  /** ms. @default {60_000} */
  readonly requestTimeout?: number;
}

/** Serves `handler` on a public socket, and ends that after `use`. */
export async function serving(handler: Handler, options: ServeOptions, use: (started: Started) => Promise<void>) {
  const { unix = false, withPrivate = false, requestTimeout = 60_000 } = options;
  using directory = new TestDirectory();
  const lines: AccessLogEntry[] = [];
  const accessLog: AccessLog = {
    enabled: true,
    takesRecords: false,
    write: (entry) => lines.push(entry),
    writeRecord() {},
    writeSpans() {},
    reopen() {},
    close: () => Promise.resolve(),
  };
  const restore = [installRequestView(unix ? "all" : withPrivate ? "marked" : "none"), noticeBodies()];
  const server = new HandlerServer({
    requestTimeout,
    workerId: 1,
    prefix: "",
    trustedProxies: { unix, networks: [] },
    respond: adapt({ kind: "function", handler }),
    nextId: requestIds("id"),
    background: new Background(),
    accessLog,
  });
  const publicPath = directory.at("public.sock"), privatePath = directory.at("private.sock");
  if (withPrivate) server.listenPrivate(privatePath);
  server.listenPublic({ path: publicPath, mode: 0o660, owner: null });
  try {
    await use({ server, lines, publicPath, privatePath });
  } finally {
    await server.drain(0);
    restore.forEach((each) => each());
  }
}

/** Sends one request and reads its answer. */
export async function ask(path: string, request: string): Promise<RawResponse> {
  using client = await RawClient.connect({ transport: "unix", path });
  await client.send(request.replaceAll("\n", "\r\n"));
  return await client.response();
}
