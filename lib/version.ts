/** The one place that knows the version. @module */
import config from "../deno.json" with { type: "json" };

/** stackd's version, from deno.json. */
export const VERSION: string = config.version;
