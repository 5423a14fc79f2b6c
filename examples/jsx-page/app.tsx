/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";
import { render } from "preact-render-to-string";

const TEAS: Readonly<Record<string, string>> = {
  sencha: "green, from Japan",
  assam: "black & strong",
};

function Page(
  { title, children }: { title: string; children: ComponentChildren },
) {
  return (
    <html lang="en">
      <head>
        <title>{title}</title>
      </head>
      <body>
        <h1>{title}</h1>
        {children}
      </body>
    </html>
  );
}

function List() {
  return (
    <ul>
      {Object.keys(TEAS).map((name) => (
        <li key={name}>
          <a href={`/${name}`}>{name}</a>
        </li>
      ))}
    </ul>
  );
}

export default (request: Request): Response => {
  const name = new URL(request.url).pathname.slice(1);
  if (name === "") {
    return html(
      <Page title="Teas">
        <List />
      </Page>,
    );
  }
  const tea = Object.hasOwn(TEAS, name) ? TEAS[name] : undefined;
  if (tea === undefined) {
    return html(
      <Page title="Not found">
        <p>There is no tea “{name}”.</p>
      </Page>,
      404,
    );
  }
  return html(
    <Page title={name}>
      <p>{tea}</p>
    </Page>,
  );
};

function html(page: Parameters<typeof render>[0], status = 200): Response {
  const headers = { "Content-Type": "text/html; charset=utf-8" };
  return new Response(`<!doctype html>${render(page)}\n`, { status, headers });
}
