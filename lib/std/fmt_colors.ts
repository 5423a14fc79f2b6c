/** `@std/fmt/colors`, from the npm mirror of Deno's std, with the types the mirror leaves out. @module */
// @ts-types="./fmt_colors.d.ts"
export { bold, cyan, dim, green, red, setColorEnabled, yellow } from "deno-std/fmt/colors.js";
