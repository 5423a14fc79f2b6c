"""One view for each thing that passes through the servers in front in a way of its own."""

import hashlib

from django.http import HttpResponseNotAllowed, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt


def say(request):
    """The tutorial's answer."""
    return JsonResponse({"res": "Hello"})


def greet(request):
    """A form: its token comes back with a cookie, and the name is kept in the session."""
    if request.method == "POST":
        request.session["name"] = request.POST["name"]
        return redirect(request.path)
    return render(request, "hello/greet.html", {"name": request.session.get("name")})


@csrf_exempt  # for curl -F
def upload(request):
    """A file, and what has come of it."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    file = request.FILES["file"]
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return JsonResponse({"name": file.name, "size": file.size, "sha256": digest.hexdigest()})


def count(request, lines):
    """A response without a length, made while it is sent."""

    def pieces():
        for start in range(0, lines, 1000):
            yield "".join(f"{number:063}\n" for number in range(start, min(start + 1000, lines)))

    return StreamingHttpResponse(pieces(), content_type="text/plain")
