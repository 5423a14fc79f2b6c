/**
 * The handler of `deno task bench gateway`: 60 bytes of plain text. hello.py says the same.
 *
 * @module
 */
const BODY = "Hello, world! ".repeat(4) + "Bye.";

export default {
  fetch(): Response {
    return new Response(BODY);
  },
};
