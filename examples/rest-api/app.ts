/** A REST API with Hono and Zod, from npm: notes that live in memory. */
import { Hono } from "hono";
import { z } from "zod";

const NewNote = z.object({
  text: z.string().min(1).max(280),
  tags: z.array(z.string()).default([]),
});
const Id = z.coerce.number().int().positive();

/** A note that is kept. */
type Note = z.infer<typeof NewNote> & { id: number };

const notes = new Map<number, Note>();
let lastId = 0;

const app = new Hono()
  .get("/notes", (c) => {
    const tag = c.req.query("tag");
    return c.json(
      [...notes.values()].filter(({ tags }) => tag === undefined || tags.includes(tag)),
    );
  })
  .post("/notes", async (c) => {
    const body = NewNote.safeParse(await c.req.json().catch(() => undefined));
    if (!body.success) {
      return c.json(z.flattenError(body.error), 422);
    }
    const note = { id: ++lastId, ...body.data };
    notes.set(note.id, note);
    return c.json(note, 201, { Location: `/notes/${note.id}` });
  })
  .get("/notes/:id", (c) => {
    const note = notes.get(Id.safeParse(c.req.param("id")).data ?? 0);
    return note === undefined ? c.json({ error: "no such note" }, 404) : c.json(note);
  })
  .delete("/notes/:id", (c) => {
    const gone = notes.delete(Id.safeParse(c.req.param("id")).data ?? 0);
    return gone ? c.body(null, 204) : c.json({ error: "no such note" }, 404);
  });

export default app;
