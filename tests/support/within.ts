/** An end to waiting: a test that would hang says what for. @module */
import { PATIENCE } from "./raw_http.ts";

/** What `promise` gives; an error that names it when that takes more than `timeout` ms. */
export async function within<T>(what: string, promise: Promise<T>, timeout: number = PATIENCE): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`timed out waiting until ${what}`)), timeout);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
