/**
 * bcrypt, from npm's bcryptjs. It is loaded when a password is first compared: most configurations have none.
 *
 * @module
 */

/**
 * Whether a bcrypt hash (`$2a$`, `$2b$`, `$2y$`) is of `password`, of which only the first 72 bytes count. Everything
 * else stands still meanwhile for up to 100 ms at a time (at cost 10, for all of about 80 ms).
 */
export async function matchesBcrypt(password: string, hash: string): Promise<boolean> {
  const { compare } = await import("bcryptjs");
  return await compare(password, hash);
}
