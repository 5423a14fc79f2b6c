/** The shop's pages: what no other module takes. */
import type { Handler } from "../../mod.ts";

const handler: Handler = (request) => new Response(`The shop at ${new URL(request.url).pathname}\n`);

export default handler;
