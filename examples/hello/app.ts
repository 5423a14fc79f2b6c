/** The smallest application: one path, answered in JSON. `stackd gateway --socket /tmp/app.sock app.ts` runs it. */
import { greeting } from "./greeting.ts";

export default {
  fetch(request: Request): Response {
    const { pathname } = new URL(request.url);
    if (pathname !== "/hello/say/") return new Response("Not Found\n", { status: 404 });
    return new Response(greeting("Hello"), { headers: { "content-type": "application/json" } });
  },
};
