"""skillbridge explain: why a worker was placed or not, or a vacancy filled or not, and what would have changed it."""

from pathlib import Path

import click

from skillbridge.errors import BadInput


@click.command("explain")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--worker", "workers", multiple=True, help="A worker_id of the plan; may be given again.")
@click.option("--vacancy", "vacancies", multiple=True, help="A vacancy_id of the plan; may be given again.")
@click.option("--places", is_flag=True, help="Say what one, ten and a hundred more places are worth, row by row.")
@click.option("--training", is_flag=True, help="Say which languages and licences would place the most who wait.")
@click.option("--partnership", default=None, help="With --places: the rows of this agreement only.")
@click.option(
    "--lang", type=click.Choice(["en", "fr", "es", "ar"]), default="en", show_default=True, help="Of the words."
)
@click.option(
    "--audience",
    type=click.Choice(["worker", "employer", "ministry"]),
    default="ministry",
    show_default=True,
    help="For whom: a worker or an employer is not shown prices or other people.",
)
@click.option("--changes/--no-changes", default=True, show_default=True, help="Look for what would have changed it.")
@click.option("--json", "as_json", is_flag=True, help="Print the struct of the API, one a line.")
def explain_command(
    folder: Path,
    workers: tuple[str, ...],
    vacancies: tuple[str, ...],
    places: bool,
    training: bool,
    partnership: str | None,
    lang: str,
    audience: str,
    changes: bool,
    as_json: bool,
) -> None:
    """Say why a worker was placed or not, or a vacancy filled or not, in the plan of FOLDER.

    Every change shown was confirmed by planning again around it.
    """
    if not workers and not vacancies and not places and not training:
        raise BadInput("explain", "nobody named", "--worker ID, --vacancy ID, --places or --training")
    import msgspec

    from skillbridge import explain, plan_folder
    from skillbridge.explain import seasons
    from skillbridge.explain.advice import advise
    from skillbridge.explain.bridge import trainings

    if plan_folder.read_plan(folder).manifest.seasons and not places and not training:
        opened = seasons.open_seasons(folder)
        told = [seasons.explain_worker(opened, one, changes=changes) for one in workers]
        told += [seasons.explain_vacancy(opened, one) for one in vacancies]
        for number, one in enumerate(told):
            said = seasons.text(opened, one, lang, audience=audience)
            click.echo(msgspec.json.encode(one).decode() if as_json else ("\n" if number else "") + said)
        return
    explainer = explain.open_plan(folder)
    answers = [explain.explain_worker(explainer, one, changes=changes) for one in workers]
    answers += [explain.explain_vacancy(explainer, one, changes=changes) for one in vacancies]
    for number, answer in enumerate(answers):
        if as_json:
            click.echo(msgspec.json.encode(answer).decode())
        else:
            click.echo(("\n" if number else "") + explain.text(explainer, answer, lang, audience=audience))
    rows = advise(explainer, partnership=partnership) if places else []
    for row in rows:
        if as_json:
            click.echo(msgspec.json.encode(row).decode())
        else:
            click.echo(explain.advice_text(row, lang))
    for line in () if as_json else explain.accuracy_text(rows, lang):
        click.echo(line)
    for lesson in trainings(explainer) if training else ():
        if as_json:
            click.echo(msgspec.json.encode(lesson).decode())
        else:
            click.echo(explain.training_text(lesson, lang))
