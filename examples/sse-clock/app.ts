/** A clock as server-sent events: one event each second, until the client leaves or has had as many as it asked for. */
import type { Handler } from "../../mod.ts";

const PAGE = `<!doctype html>
<title>Clock</title>
<output>…</output>
<script>
  new EventSource("/clock").onmessage = ({ data }) => document.querySelector("output").value = data;
</script>
`;

const handler: Handler = (request) => {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname === "/") return new Response(PAGE, { headers: { "Content-Type": "text/html; charset=utf-8" } });
  if (pathname !== "/clock") return new Response("Not Found\n", { status: 404 });
  const ticks = Number(searchParams.get("ticks") ?? Infinity);
  return new Response(clock(ticks), {
    headers: { "Content-Type": "text/event-stream", "Cache-Control": "no-store" },
  });
};

export default handler;

/** Events, made as they are sent: `pull` is called when there is room for another one, `cancel` when the client has left. */
function clock(ticks: number): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let sent = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (sent > 0) await new Promise((resolve) => setTimeout(resolve, 1_000));
      if (sent === ticks) return controller.close();
      controller.enqueue(encoder.encode(`id: ${++sent}\ndata: ${new Date().toISOString()}\n\n`));
    },
    cancel: () => console.log(`A client left after ${sent} events`),
  });
}
