/** Uploads: a form's file, or a PUT of any length, is kept below UPLOADS and can be fetched again. */
import type { Handler } from "../../mod.ts";

const directory = Deno.env.get("UPLOADS") ?? "uploads";

const FORM = `<!doctype html>
<meta charset="utf-8">
<title>Upload</title>
<form method="post" enctype="multipart/form-data"><input type="file" name="file"><button>Upload</button></form>
`;

export const onStart = () => Deno.mkdir(directory, { recursive: true });

const handler: Handler = async (request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/" && request.method === "GET") {
    return new Response(FORM, { headers: { "Content-Type": "text/html; charset=utf-8" } });
  }
  if (pathname === "/" && request.method === "POST") {
    // A form is read into memory: --max-body says how much of it.
    const file = (await request.formData()).get("file");
    if (!(file instanceof File)) return new Response("A form with a file is needed\n", { status: 400 });
    return await keep(file.name, file.stream());
  }
  const name = fileName(pathname);
  if (name === null) return new Response("Not Found\n", { status: 404 });
  if (request.method === "PUT") return await keep(name, request.body ?? new Blob([]).stream());
  return await send(name);
};

export default handler;

/** The last part of a path when it is fit to be a file's name, else null: nothing that is asked for may lead out of the directory. */
function fileName(path: string): string | null {
  const name = path.split("/").at(-1) ?? "";
  return /^[\w-][\w.-]{0,99}$/.test(name) ? name : null;
}

/** Writes a body as it comes, whatever its size, and puts it in place when it is whole. */
async function keep(name: string, body: ReadableStream<Uint8Array>): Promise<Response> {
  const safe = fileName(name);
  if (safe === null) return new Response("A name of letters, digits, dots and dashes is needed\n", { status: 400 });
  const temporary = await Deno.makeTempFile({ dir: directory, prefix: ".upload-" });
  try {
    await Deno.writeFile(temporary, body);
    const { size } = await Deno.stat(temporary);
    await Deno.rename(temporary, `${directory}/${safe}`);
    return Response.json({ name: safe, size }, { status: 201 });
  } catch (thrown) {
    await Deno.remove(temporary);
    throw thrown;
  }
}

async function send(name: string): Promise<Response> {
  try {
    const { readable } = await Deno.open(`${directory}/${name}`);
    return new Response(readable, { headers: { "Content-Type": "application/octet-stream" } });
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return new Response("Not Found\n", { status: 404 });
    throw thrown;
  }
}
