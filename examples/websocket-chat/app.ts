/** A chat room over WebSockets, with a page to chat on, and a way in for programs that speak plain HTTP. */
import type { Handler } from "../../mod.ts";

/** Who is in the room. It is this worker's: run several, and there are as many rooms. */
const people = new Set<WebSocket>();
const page = await Deno.readFile(new URL("page.html", import.meta.url));

const handler: Handler = async (request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/chat" && request.headers.get("upgrade")?.toLowerCase() === "websocket") return enter(request);
  if (pathname === "/say" && request.method === "POST") return new Response(`${tell(await request.text())}\n`);
  if (pathname === "/") return new Response(page, { headers: { "Content-Type": "text/html; charset=utf-8" } });
  return new Response("Not Found\n", { status: 404 });
};

export default handler;

function enter(request: Request): Response {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onopen = () => people.add(socket);
  socket.onclose = () => people.delete(socket);
  socket.onmessage = ({ data }) => tell(String(data));
  return response;
}

/** Sends a message to everybody in the room; gives how many that were. */
function tell(message: string): number {
  for (const person of people) if (person.readyState === WebSocket.OPEN) person.send(message);
  return people.size;
}
