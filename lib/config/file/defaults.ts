/**
 * What holds where stackd.toml leaves a key out, beyond what `DEFAULTS` has for the command line too.
 *
 * @module
 */
import type { HealthCheckOptions } from "../group_options.ts";
import type { RateLimitOptions } from "../route_options.ts";

/** Of `health-check`; times in milliseconds. */
export const HEALTH_CHECK_DEFAULTS: HealthCheckOptions = Object.freeze({
  path: "/",
  host: null,
  interval: 5_000, // nginx's health_check
  timeout: 2_000, // a server that needs longer to say that it is well is not
  statuses: Object.freeze([Object.freeze([200, 399] as const)]), // nginx's
  passes: 1, // nginx's
  fails: 1, // nginx's
});

/** Of `rate-limit`. */
export const RATE_LIMIT_DEFAULTS: Omit<RateLimitOptions, "rate"> = Object.freeze({
  burst: 0, // nginx's
  delay: false, // nginx's `nodelay`: a refusal tells a client more than a wait
  key: Object.freeze({ kind: "client" }),
  maxKeys: 10_000, // about 1 MiB
});

/** Of `respond`. */
export const RESPOND_DEFAULTS = Object.freeze({ status: 200, contentType: "text/plain; charset=utf-8", body: "" });

/** Of `redirect`: one that no cache keeps, so that a wrong one can be taken back. */
export const REDIRECT_STATUS = 302;
