/** A headless Chromium, told what to do over the DevTools protocol, that keeps what its pages complain about. @module */
import { Running, TestDirectory } from "./stackd.ts";
import { until } from "./until.ts";

/** A message of the protocol, as far as it is looked at. */
interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** One tab. */
export class Browser implements AsyncDisposable {
  /** Errors and warnings of the console, exceptions, and requests that failed. */
  readonly complaints: string[] = [];
  /** The status of every answer, by its URL. */
  readonly answers = new Map<string, number>();
  readonly #chromium: Running;
  readonly #profile: TestDirectory;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (message: Message) => void>();
  #sent = 0;

  private constructor(chromium: Running, profile: TestDirectory, socket: WebSocket) {
    this.#chromium = chromium;
    this.#profile = profile;
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#received(JSON.parse(data));
  }

  /** Starts one. */
  static async start(): Promise<Browser> {
    const profile = new TestDirectory();
    const chromium = new Running("chromium", [
      "--headless",
      "--no-sandbox", // a test may run as root
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--no-first-run",
      "--disable-background-networking",
      "--remote-debugging-port=0",
      `--user-data-dir=${profile.path}`,
      "about:blank",
    ]);
    const said = await chromium.until(
      "it listens",
      () => /DevTools listening on ws:\/\/([^/]+)\//.exec(chromium.stderr),
      60_000,
    );
    const url = await chromium.until("it has a tab", () => firstTab(said[1] ?? ""), 30_000);
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    const browser = new Browser(chromium, profile, socket);
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await browser.#call(`${domain}.enable`, {});
    return browser;
  }

  /** Goes to `url`. */
  async open(url: string): Promise<void> {
    await this.#call("Page.navigate", { url });
  }

  /** Evaluates an expression in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const { result } = await this.#call("Runtime.evaluate", { expression, returnByValue: true }) as {
      readonly result: { readonly value?: unknown };
    };
    return result.value;
  }

  /** Waits until an expression is true in the page. */
  async untilTrue(expression: string): Promise<void> {
    await until(`${expression} in the page`, async () => await this.evaluate(expression) === true, 30_000);
  }

  #call(method: string, params: Readonly<Record<string, unknown>>): Promise<unknown> {
    const id = ++this.#sent;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => error === undefined ? resolve(result) : reject(error));
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  #received({ id, method, params, ...rest }: Message): void {
    if (id !== undefined) {
      this.#waiting.get(id)?.(rest);
      this.#waiting.delete(id);
    } else if (method === "Network.responseReceived") {
      const { response } = params as { readonly response: { readonly url: string; readonly status: number } };
      this.answers.set(response.url, response.status);
    } else if (isComplaint(method, params)) this.complaints.push(JSON.stringify(params));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.onclose = resolve);
    // It ends by itself, and with it the connection; so nobody writes to the profile any more.
    this.#call("Browser.close", {}).catch(() => {});
    await closed;
    await this.#chromium.ended;
    this.#profile[Symbol.dispose]();
  }
}

function isComplaint(method: string | undefined, params: Message["params"] = {}): boolean {
  if (method === "Runtime.exceptionThrown") return true;
  // A page that is left gives up what it was still loading.
  if (method === "Network.loadingFailed") return params.canceled !== true;
  if (method === "Runtime.consoleAPICalled") return ["error", "warning", "assert"].includes(String(params.type));
  if (method !== "Log.entryAdded") return false;
  const { level } = params.entry as { readonly level: string };
  return level === "error" || level === "warning";
}

async function firstTab(host: string): Promise<string | undefined> {
  const response = await fetch(`http://${host}/json/list`);
  const tabs: { readonly type: string; readonly webSocketDebuggerUrl: string }[] = await response.json();
  return tabs.find(({ type }) => type === "page")?.webSocketDebuggerUrl;
}
