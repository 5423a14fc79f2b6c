/** The Content-Type of an extension (`.html`) or media type, with its charset; undefined when unknown. */
export function contentType(extensionOrType: string): string | undefined;
