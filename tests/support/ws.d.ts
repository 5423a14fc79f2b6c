import type { Buffer } from "node:buffer";
import type { Server } from "node:http";

export class WebSocket {
  constructor(url: string, options?: { maxPayload?: number });
  on(event: "open", listener: () => void): this;
  on(event: "error", listener: (error: Error) => void): this;
  on(event: "message", listener: (data: Buffer, isBinary: boolean) => void): this;
  on(event: "close", listener: (code: number, reason: Buffer) => void): this;
  send(data: string | Uint8Array, options?: { binary?: boolean }): void;
  close(code?: number, reason?: string): void;
}

export class WebSocketServer {
  constructor(options: { server: Server; maxPayload?: number });
  on(event: "connection", listener: (socket: WebSocket) => void): this;
  close(done: () => void): void;
}
