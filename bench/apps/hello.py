"""The handler of `deno task bench gateway` for uWSGI and gunicorn: the 60 bytes of hello.ts."""

BODY = b"Hello, world! " * 4 + b"Bye."
HEAD = [("Content-Type", "text/plain;charset=UTF-8"), ("Content-Length", str(len(BODY)))]


def application(environ, start_response):
    start_response("200 OK", HEAD)
    return [BODY]
