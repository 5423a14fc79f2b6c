/**
 * Answers with a file's bytes: whole, in parts, or none, as the request's fields ask.
 *
 * @module
 */
import type { Answer, Field, OpenFile } from "../http1/answer.ts";
import { put } from "../http1/bytes.ts";
import { multipart } from "./multipart.ts";
import { type Plan, plan, type Representation } from "./representation.ts";

/** What of a request decides how much is sent. */
export interface Asking {
  readonly method: string;
  /** A field's value by lower-case name, several lines joined by a comma; null when absent. */
  field(name: string): string | null;
}

/** What becomes of a request: an answer, or a status that the front has a page for. */
export type Served =
  | { readonly kind: "answer"; readonly answer: Answer }
  | { readonly kind: "refused"; readonly status: number; readonly fields: readonly Field[] };

/** A refusal. */
export function refused(status: number, fields: readonly Field[] = []): Served {
  return { kind: "refused", status, fields: status === 503 ? [...fields, ["Retry-After", "1"]] : fields };
}

/** The answer with bytes of memory; `now` in ms since the epoch. */
export function answerFromMemory(
  representation: Representation,
  bytes: Uint8Array<ArrayBuffer>,
  asking: Asking,
  now: number,
): Served {
  const planned = plan(representation, asking.method, (name) => asking.field(name), now);
  switch (planned.kind) {
    case "full":
      return answered(200, planned.fields, bytes);
    case "parts": {
      const { fields, pieces, length } = assemble(representation, planned);
      const body = new Uint8Array(length);
      let at = 0;
      for (const piece of pieces) {
        const part = piece instanceof Uint8Array ? piece : bytes.subarray(piece.start, piece.start + piece.length);
        at = put(part, body, at);
      }
      return answered(206, fields, body);
    }
    default:
      return answerWithout(planned);
  }
}

/** The answer with bytes of an open file, which is closed unless it becomes part of the answer. */
export function answerFromFile(representation: Representation, file: OpenFile, asking: Asking, now: number): Served {
  let handedOn = false;
  try {
    const planned = plan(representation, asking.method, (name) => asking.field(name), now);
    if (planned.kind !== "full" && planned.kind !== "parts") return answerWithout(planned);
    handedOn = true;
    if (planned.kind === "full") {
      const { size } = representation;
      return answered(200, planned.fields, { file, pieces: [{ start: 0, length: size }], length: size });
    }
    const { fields, pieces, length } = assemble(representation, planned);
    return answered(206, fields, { file, pieces, length });
  } finally {
    if (!handedOn) file.close();
  }
}

function answered(status: number, fields: readonly Field[], body: Answer["body"]): Served {
  return { kind: "answer", answer: { status, fields, body } };
}

function answerWithout(planned: Plan & { kind: "not-modified" | "error" }): Served {
  return planned.kind === "error" ? refused(planned.status, planned.extra) : answered(304, planned.fields, null);
}

/** One part is the body; several are `multipart/byteranges`. */
function assemble({ contentType, size }: Representation, { fields, parts }: Plan & { kind: "parts" }) {
  if (parts.length > 1) {
    const multi = multipart(parts, contentType, size, boundary());
    return {
      ...multi,
      fields: fields.map((field): Field => field[0] === "Content-Type" ? [field[0], multi.contentType] : field),
    };
  }
  const [{ start, length }] = parts;
  const range: Field = ["Content-Range", `bytes ${start}-${start + length - 1}/${size}`];
  return { fields: [...fields, range], pieces: parts, length };
}

/** 96 random bits: no file holds them. */
function boundary(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(3)), (word) => word.toString(16).padStart(8, "0")).join("");
}
