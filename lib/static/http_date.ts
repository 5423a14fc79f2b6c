/**
 * HTTP's dates (RFC 9110 §5.6.7): one form is written, three are read.
 *
 * @module
 */

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MONTH = `(${MONTHS.join("|")})`, TIME = "(\\d\\d):(\\d\\d):(\\d\\d)";
const SHORT_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)", LONG_DAY = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day";

const IMF_FIXDATE = new RegExp(`^${SHORT_DAY}, (\\d\\d) ${MONTH} (\\d{4}) ${TIME} GMT$`);
const RFC_850 = new RegExp(`^${LONG_DAY}, (\\d\\d)-${MONTH}-(\\d\\d) ${TIME} GMT$`);
const ASCTIME = new RegExp(`^${SHORT_DAY} ${MONTH} (\\d\\d| \\d) ${TIME} (\\d{4})$`);

/** A time in ms since the epoch as an IMF-fixdate, such as `Sun, 06 Nov 1994 08:49:37 GMT`. */
export function formatHttpDate(time: number): string {
  return new Date(time).toUTCString();
}

/**
 * The time of an HTTP date in ms since the epoch; null for anything else, including days and hours that do not exist. A
 * two-digit year that would lie more than 50 years after `now` (ms) is of the century before. The day's name is not compared.
 */
export function parseHttpDate(text: string, now: number): number | null {
  let match = IMF_FIXDATE.exec(text);
  if (match !== null) return timeOf(match[3], match[2], match[1], match[4], match[5], match[6]);
  match = ASCTIME.exec(text);
  if (match !== null) return timeOf(match[6], match[1], match[2], match[3], match[4], match[5]);
  match = RFC_850.exec(text);
  if (match === null) return null;
  return timeOf(String(fullYear(Number(match[3]), now)), match[2], match[1], match[4], match[5], match[6]);
}

function fullYear(twoDigits: number, now: number): number {
  const current = new Date(now).getUTCFullYear();
  const year = current - current % 100 + twoDigits;
  return year > current + 50 ? year - 100 : year;
}

function timeOf(
  year: string,
  month: string,
  day: string,
  hour: string,
  minute: string,
  second: string,
): number | null {
  // A leap second is allowed by the grammar and becomes the next minute's first.
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return null;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), MONTHS.indexOf(month), Number(day));
  if (date.getUTCDate() !== Number(day)) return null;
  return date.setUTCHours(Number(hour), Number(minute), Number(second));
}
