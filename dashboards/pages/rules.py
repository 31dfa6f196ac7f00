"""The Rules page: which rules are on, why, and how loud each is; and the page of each rule."""

from fastapi import APIRouter, Request, Response

from dashboards.page import respond
from dashboards.reader import Asking, console_of, refuse
from dashboards.rulebook import asked, read_rule, read_rulebook

router = APIRouter()


@router.get("/rules")
def rules_page(request: Request, asking: Asking) -> Response:
    """The list that the address asks for, or the same as JSON. Raises Unavailable."""
    console = console_of(request)
    with console.database.reading() as connection:
        wanted = asked(request.query_params)
        book = read_rulebook(connection, asking.scope, wanted, console.clock())
    return respond(request, asking, "rules.html", book)


@router.get("/rules/{rule_id}")
def rule_page(request: Request, asking: Asking, rule_id: str) -> Response:
    """One rule. Raises Refusal for an unknown one, Unavailable."""
    console = console_of(request)
    with console.database.reading() as connection:
        found = read_rule(connection, asking.scope, rule_id, console.clock())
    if found is None:
        raise refuse(request, asking, rule_id)
    return respond(request, asking, "rule.html", found)
