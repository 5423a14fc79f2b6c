/** Waiting for conditions instead of for time. @module */

/** Polls `condition` until it gives something truthy, and returns that. Fails with `what` after `timeout` ms. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeout = 15_000,
): Promise<NonNullable<T>> {
  const end = performance.now() + timeout;
  for (;;) {
    const result = await condition();
    if (result) return result;
    if (performance.now() > end) throw new Error(`timed out waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Whether something accepts connections there. */
export async function accepts(address: Deno.ConnectOptions | Deno.UnixConnectOptions): Promise<boolean> {
  try {
    const conn = "path" in address ? await Deno.connect(address) : await Deno.connect(address);
    conn.close();
    return true;
  } catch {
    return false;
  }
}
