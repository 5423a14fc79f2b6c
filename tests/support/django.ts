/**
 * The Django project of examples/django, in a directory of the test's own, run by uWSGI or by Django itself.
 *
 * @module
 */
import { freePort } from "./free_port.ts";
import { installed, ROOT, Running, startProxy, TestDirectory } from "./stackd.ts";
import { accepts } from "./until.ts";

/** Debian's own, which its packages of Django are for. */
const PYTHON = "/usr/bin/python3";

const ENV = { PYTHONDONTWRITEBYTECODE: "1", DJANGO_SUPERUSER_PASSWORD: "correct horse" } as const;

/** The user of the admin pages. */
export const ADMIN = { name: "ada", password: ENV.DJANGO_SUPERUSER_PASSWORD } as const;

/** What of Debian's packages is not here. */
export async function missingForDjango(): Promise<string[]> {
  if (!installed("uwsgi")) return ["uwsgi"];
  const plugin = await succeeds("uwsgi", ["--plugin", "python3", "--version"]);
  const django = await succeeds(PYTHON, ["-c", "import django"]);
  return [...(plugin ? [] : ["uwsgi-plugin-python3"]), ...(django ? [] : ["python3-django"])];
}

async function succeeds(program: string, args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args, stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

/** The project, with its database and its static files made. */
export class DjangoProject implements Disposable {
  readonly directory: TestDirectory;

  private constructor(directory: TestDirectory) {
    this.directory = directory;
  }

  static async make(): Promise<DjangoProject> {
    const project = new DjangoProject(new TestDirectory());
    copy(`${ROOT}examples/django`, project.directory.path);
    Deno.mkdirSync(project.directory.at("data"), { recursive: true });
    await project.#manage("migrate", "-v", "0");
    await project.#manage("collectstatic", "-v", "0", "--noinput");
    await project.#manage("createsuperuser", "--noinput", "--username", ADMIN.name, "--email", "ada@example.org");
    return project;
  }

  async #manage(...args: string[]): Promise<void> {
    const { code, stdout, stderr } = await this.#python(args).ended;
    if (code !== 0) throw new Error(`manage.py ${args.join(" ")} failed:\n${stdout}${stderr}`);
  }

  #python(args: readonly string[]): Running {
    return new Running(PYTHON, ["manage.py", ...args], { cwd: this.directory.path, env: ENV });
  }

  /** Starts uWSGI by the example's uwsgi.ini: two processes. */
  async startUwsgi(): Promise<Running> {
    const uwsgi = new Running("uwsgi", ["--ini", "uwsgi.ini"], { cwd: this.directory.path, env: ENV });
    await uwsgi.until("it serves", () => (uwsgi.stderr.match(/WSGI app 0 .* ready/) && uwsgi.stderr.match(/worker 2/)));
    return uwsgi;
  }

  /** Starts Django's own server. */
  async startRunserver(): Promise<{ readonly running: Running; readonly port: number }> {
    const port = freePort();
    const running = this.#python(["runserver", "--noreload", `127.0.0.1:${port}`]);
    await running.until("it listens", () => accepts({ hostname: "127.0.0.1", port }));
    return { running, port };
  }

  /** Starts the proxy by the example's stackd.toml, on a free port. */
  startProxy(...args: string[]): ReturnType<typeof startProxy> {
    return startProxy(["-c", "stackd.toml", ...args], { cwd: this.directory.path });
  }

  [Symbol.dispose](): void {
    this.directory[Symbol.dispose]();
  }
}

/** Copies what is in a directory, without what running it has made. */
export function copy(from: string, to: string): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const { name, isDirectory } of Deno.readDirSync(from)) {
    if (name === "data" || name === "__pycache__") continue;
    if (isDirectory) copy(`${from}/${name}`, `${to}/${name}`);
    else Deno.copyFileSync(`${from}/${name}`, `${to}/${name}`);
  }
}
