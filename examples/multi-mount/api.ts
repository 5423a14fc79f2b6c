/** The API, which knows nothing of where it is mounted but what `info.prefix` says. */
import type { Handler } from "../../mod.ts";

const handler: Handler = (request, info) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/items") return Response.json([{ id: 1, self: `${info.prefix}/items/1` }]);
  return Response.json({ error: `no ${pathname} here` }, { status: 404 });
};

export default handler;
