/** The answer's body: a word as JSON. */
export function greeting(word: string): string {
  return `{"res": ${JSON.stringify(word)}}`;
}
