/**
 * A compiled proxy that runs by a stackd.toml which the test changes.
 *
 * @module
 */
import { Running, stackd, TestDirectory } from "./stackd.ts";

/** A proxy and its file. */
export class FileProxy implements AsyncDisposable {
  readonly directory: TestDirectory;
  readonly proxy: Running;
  readonly port: number;

  private constructor(directory: TestDirectory, proxy: Running, port: number) {
    this.directory = directory;
    this.proxy = proxy;
    this.port = port;
  }

  /** Starts it with `sections` behind a [proxy] that listens on a free port. */
  static async start(sections: string): Promise<FileProxy> {
    const directory = new TestDirectory();
    directory.write("stackd.toml", whole(0, sections));
    const proxy = stackd(["proxy", "-c", directory.at("stackd.toml")]);
    const [, port] = await proxy.untilPrinted(/http:\/\/127\.0\.0\.1:(\d+)/);
    await proxy.untilPrinted(/pid/);
    return new FileProxy(directory, proxy, Number(port));
  }

  /** Writes other sections and sends HUP; gives what the log says of it. */
  async reload(sections: string): Promise<string> {
    return await this.reloadFile(whole(0, sections));
  }

  /** As {@linkcode FileProxy.reload}, with a whole file. */
  async reloadFile(text: string): Promise<string> {
    const before = this.proxy.stderr.length;
    const said = () => this.proxy.stderr.slice(before);
    this.directory.write("stackd.toml", text);
    this.proxy.kill("SIGHUP");
    await this.proxy.until("the reload is over", () => /(Reloaded:|Cannot reload).*\n/.test(said()));
    return said();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy.stop();
    this.directory[Symbol.dispose]();
  }
}

function whole(port: number, sections: string): string {
  return `[proxy]\nlisten = "127.0.0.1:${port}"\naccess-log = "off"\n${sections}`;
}
