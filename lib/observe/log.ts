/**
 * The error log: one line on standard error for people, never a client's secret.
 *
 * @module
 */
const encoder = new TextEncoder();

/** Writes one line (or several, for a stack) to standard error; a closed standard error ends nothing. */
export function logError(text: string): void {
  write(`[error] ${text}`);
}

/** As {@linkcode logError}, for what an operator should look at but nobody lost anything by. */
export function logWarn(text: string): void {
  write(`[warn] ${text}`);
}

/** As {@linkcode logError}, for what happened as intended. */
export function logInfo(text: string): void {
  write(`[info] ${text}`);
}

function write(text: string): void {
  const line = encoder.encode(`${new Date().toISOString().slice(0, 19)}Z ${text}\n`);
  try {
    for (let sent = 0; sent < line.length;) sent += Deno.stderr.writeSync(line.subarray(sent));
  } catch { /* nobody reads it any more */ }
}
