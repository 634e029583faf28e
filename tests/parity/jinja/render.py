"""Renders templates with Python's jinja2 in dbt's environment: JSON cases on stdin, their outcomes as JSON on stdout."""

import datetime
import itertools
import json
import re
import sys
from types import SimpleNamespace

import pytz

from dbt_common.clients.jinja import (
    CallableMacroGenerator,
    extract_toplevel_blocks,
    get_template,
)
from dbt_common.exceptions.macros import MacroReturn

BLOCK_KINDS = {"macro", "test", "materialization"}


def give_back(data=None):
    raise MacroReturn(data)


def context_of(case):
    context = dict(case.get("context", {}))
    context["return"] = give_back
    context["set"] = lambda items=(): set(items)
    context["zip"] = lambda *lists: list(zip(*lists))
    context["modules"] = {"datetime": datetime, "re": re, "itertools": itertools, "pytz": pytz}
    for block in extract_toplevel_blocks(case.get("macros", ""), BLOCK_KINDS, collect_raw_data=False):
        macro = SimpleNamespace(name=block.block_name, macro_sql=block.full_block)
        context[block.block_name] = CallableMacroGenerator(macro, context)
    return context


def render(case):
    native = case.get("native", False)
    context = context_of(case)
    template = get_template(case["template"], context, capture_macros=case.get("lenient", False), native=native)
    rendered = template.render(context)
    return repr(rendered) if native else rendered


def cause_of(error):
    """The exception that dbt's own ones were made of."""
    while error.__cause__ is not None:
        error = error.__cause__
    inner = getattr(error, "exc", None)
    return inner if isinstance(inner, BaseException) else error


# What the project's own Jinja calls these.
NAMES = {
    "TemplateAssertionError": "TemplateSyntaxError",
    "SyntaxError": "TemplateSyntaxError",
    "MacroReturn": "TemplateRuntimeError",
    "JinjaRenderingError": "ValueError",
    "error": "ValueError",
    "UnknownTimeZoneError": "ValueError",
}


def outcome_of(case):
    try:
        return {"output": render(case)}
    except RecursionError:
        return {"error": "RecursionError"}
    except Exception as error:
        name = type(cause_of(error)).__name__
        return {"error": NAMES.get(name, name)}


json.dump([outcome_of(case) for case in json.load(sys.stdin)], sys.stdout, ensure_ascii=False)
