/** `@std/media-types/content-type`, from the npm mirror of Deno's std, with the types the mirror leaves out. @module */
// @ts-types="./media_types_content_type.d.ts"
export { contentType } from "deno-std/media_types/content_type.js";
