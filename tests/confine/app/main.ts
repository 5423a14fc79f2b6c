/** A handler that tries to get out, as it is told to: POST /GROUP/NAME with the world as JSON. */
import type { Act, World } from "./attempt.ts";
import * as others from "./others.ts";
import * as reads from "./reads.ts";

const GROUPS = { ...reads, ...others } as unknown as Record<string, Record<string, Act>>;

export default async (request: Request): Promise<Response> => {
  const [, group = "", name = ""] = new URL(request.url).pathname.split("/").map(decodeURIComponent);
  const act = GROUPS[group]?.[name];
  if (act === undefined) return new Response("there is no such attempt", { status: 404 });
  const world: World = await request.json();
  try {
    await act(world);
    return Response.json("succeeded");
  } catch (thrown) {
    const { name, message } = thrown as Error;
    return Response.json(`${name}: ${message}`);
  }
};
