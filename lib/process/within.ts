/**
 * Waiting, but not for ever.
 *
 * @module
 */

/** What `work` comes to, or undefined when that takes longer than `timeout` ms. The work itself goes on. */
export async function within<Value>(work: Promise<Value>, timeout: number): Promise<Value | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => timer = setTimeout(() => resolve(undefined), timeout));
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
