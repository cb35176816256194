"""The command line: parse, call, print. One module a group of commands, imported only when its command runs.

Exit status: 0 done, 2 bad input (the message says where, what and what was expected), 3 infeasible or stopped early.
"""

import sys
from importlib import import_module

import click

from skillbridge import __version__
from skillbridge.errors import BadInput, Corrupt, Infeasible, Refused

COMMANDS = {
    "demo": ("plan", "Plan a season on bundled data and write a report."),
    "taxonomy": ("taxonomy", "Import, list, compare and correct taxonomies."),
    "normalize": ("normalize", "Map job titles or skills to ESCO and ISCO-08 concepts."),
    "import": ("imports", "Read demand and profiles from real files."),
    "synth": ("synth", "Generate synthetic workers or vacancies (always called synthetic)."),
    "partnership": ("partnership", "Show, check and compare agreements."),
    "plan": ("plan", "Find the best legal placements and prove how good they are."),
    "check": ("plan", "Judge a plan and its certificate independently."),
    "explain": ("explain", "Say why a worker was placed or not, or a vacancy filled or not."),
    "roll": ("roll", "Decide a season week by week, holding places back for those to come."),
    "journey": ("journey", "Returns, rates from offer to arrival, certificates of seasons."),
    "replan": ("replan", "Repair a plan after changes with least disruption."),
    "shock": ("shock", "Suppose a shock, repair the plan and show who is hit."),
    "scenario": ("scenario", "Run and compare scenarios."),
    "report": ("report", "Write a report for a minister, an officer or the public, as HTML and PDF."),
    "benchmark": ("benchmark", "Compare ways of giving places out on open instances."),
    "serve": ("serve", "Serve the API and the console."),
    "worker": ("serve", "Run queued jobs of a workspace."),
    "user": ("serve", "Manage accounts."),
    "key": ("serve", "Manage API keys."),
    "backup": ("serve", "Copy a workspace while it runs."),
    "restore": ("serve", "Bring a workspace back from a backup."),
}
"""Command -> (module of this package that defines it under the same name, one line for the help)."""


class _Lazy(click.Group):
    """Lists every command from COMMANDS and imports a command's module only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"skillbridge.cli.{COMMANDS[cmd_name][0]}")
        command = getattr(module, f"{cmd_name}_command")
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="skillbridge")
def cli() -> None:
    """Skills to concepts, placements under every rule of every agreement, a reason for each yes and no."""


def main() -> None:
    """Run the command line; errors made on purpose become one clear message and an exit status."""
    try:
        status = cli.main(prog_name="skillbridge", standalone_mode=False)
    except (BadInput, Corrupt, Refused) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    except Infeasible as error:
        click.echo(f"infeasible: {error}", err=True)
        sys.exit(3)
    except click.exceptions.Abort:
        click.echo("stopped", err=True)
        sys.exit(3)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(0)
    sys.exit(status if isinstance(status, int) else 0)
