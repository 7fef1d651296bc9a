"""`auditor geo`: one module per command, each thin."""

import typer

geo_app = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    help="Look at location evidence, fetch it, and keep a record of it.",
)
