/**
 * A fast hash of 32 bits for spreading keys, not for secrets: whoever chooses the keys can choose where they land.
 *
 * @module
 */

/** FNV-1a over the UTF-16 units of `text`, then {@linkcode mix32}, without which similar keys would lie close together. */
export function hash32(text: string, seed = 0): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix32(hash);
}

/** Every bit of `value` changes half of the result's: the last step of MurmurHash3 (32 bits). One to one. */
export function mix32(value: number): number {
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
