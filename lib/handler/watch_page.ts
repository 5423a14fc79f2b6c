/**
 * What a browser is shown under `--watch` in place of what does not work; it looks by itself whether it works again.
 *
 * @module
 */

/** The field in which a page says which state it shows, and hears which there is. */
export const STATE_FIELD = "X-Stackd-Watch";
/** How often a page asks, ms. */
const INTERVAL = 400;

/** The page, with the fields that go with it. */
export interface WatchPage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Makes the page.
 *
 * @param text What is wrong, over several lines; the first is the headline.
 * @param state The state in which that is so. When the server is in another one, the page loads anew.
 * @param nonce Of the page's script, which nothing else can have (https://www.w3.org/TR/CSP3/#framework-directive-source-list).
 */
export function watchPage(text: string, state: string, nonce: string): WatchPage {
  const [headline = "", ...lines] = text.split("\n");
  const script = `const ask = async () => {
  try {
    const { headers } = await fetch(location.href, {
      method: "HEAD", cache: "no-store", redirect: "manual", headers: { "${STATE_FIELD}": ${JSON.stringify(state)} },
    });
    const now = headers.get("${STATE_FIELD}");
    if (now !== null && now !== ${JSON.stringify(state)}) return location.replace(location.href);
  } catch { /* it is being started */ }
  setTimeout(ask, ${INTERVAL});
};
setTimeout(ask, ${INTERVAL});`;
  return {
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Cache-Control": "no-store",
      "Server": "stackd",
      "Content-Security-Policy":
        `default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-${nonce}'; connect-src 'self'; base-uri 'none'`,
    },
    body: `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(headline.slice(0, 80))}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 3em auto; max-width: 60em; padding: 0 1em; color: #222; background: #fff }
h1 { font-size: 1.25em; color: #b00020; overflow-wrap: anywhere }
pre { font-size: .9em; padding: 1em; background: #f4f4f4; overflow: auto }
p { color: #666 }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #1a1a1a } h1 { color: #ff8a80 } pre { background: #262626 } }
</style>
<h1>${escaped(headline)}</h1>
${
      lines.length === 0
        ? ""
        : `<pre>${escaped(lines.join("\n"))}</pre>\n`
    }<p>This page loads again when a file has changed. It is shown under --watch only.</p>
<script nonce="${nonce}">
${script.replaceAll("</", "<\\/")}
</script>
`,
  };
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
