/** Reason phrases by status code. */
export const STATUS_TEXT: Readonly<Record<number, string>>;
