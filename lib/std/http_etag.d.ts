/** Whether `etag` satisfies an If-Match field's value, by strong comparison. */
export function ifMatch(value: string | null | undefined, etag: string | undefined): boolean;
/** False when `etag` matches an If-None-Match field's value, by weak comparison. */
export function ifNoneMatch(value: string | null | undefined, etag: string | undefined): boolean;
