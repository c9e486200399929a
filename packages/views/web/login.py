"""Log in, log out."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from packages import accounts, errors, sessions
from packages.auth import origin_of
from packages.views.web.door import open_page, refused, safe_next, show
from packages.views.web.forms import LoginForm


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@open_page
def login(request: HttpRequest) -> HttpResponseBase:
    """``GET`` and ``POST /login/``: the form, and back to where somebody wanted to go.

    Whoever has logged in sees it too: they may want to be somebody else.
    """
    onward = safe_next(request)
    if request.method != "POST":
        return show(request, "web/login.html", {"form": LoginForm(), "next": onward})
    form, status, wait = LoginForm(request.POST), 400, 0
    if form.is_valid():
        try:
            sessions.log_in(request, form.cleaned_data["name"], form.cleaned_data["password"], origin_of(request))
        except errors.PackagesError as error:
            status, wait = refused(error), getattr(error, "seconds", 0)
            form.add_error(None, "The name or the password is wrong." if str(error) == accounts.INVALID else str(error))
        else:
            return HttpResponseRedirect(onward)
    response = show(request, "web/login.html", {"form": form, "next": onward}, status=status)
    if wait:
        response["Retry-After"] = str(wait)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@open_page
def logout(request: HttpRequest) -> HttpResponseBase:
    """``GET`` and ``POST /logout/``: end the session of this browser, by a button."""
    if request.method != "POST":
        return show(request, "web/logout.html")
    sessions.log_out(request)
    messages.success(request, "You have logged out.")
    return HttpResponseRedirect(reverse("login"))
