"""The command line. Commands import what they need when they run, so that ``linkbox --help`` is quick."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from linkbox import __version__
from linkbox.app import readings_cli
from linkbox.app.audit_cli import audit_app
from linkbox.app.consents_cli import app as consents_app
from linkbox.app.interventions_cli import interventions_app
from linkbox.app.market_cli import add_market_commands
from linkbox.app.network_cli import app as network_app
from linkbox.app.notices_cli import app as notices_app
from linkbox.app.panels import PEOPLE, SERVICE, STUDIES, TOOLS
from linkbox.app.prove_cli import app as prove_app
from linkbox.app.report_cli import clocks_app, report_app
from linkbox.app.run_cli import operators_app, run
from linkbox.app.watch_cli import watch
from linkbox.app.wire_cli import add_wire_commands
from linkbox.base.errors import InvalidInput, Issue, LinkboxError

EXIT_INVALID_INPUT = 2
EXIT_FAILED = 1
EXIT_INTERRUPTED = 130

app = typer.Typer(
    name="linkbox",
    help="Keeps a street's lights on: watches low-voltage feeders, calls the market first, and as a last resort "
    "holds consenting customers' chargers down for a bounded time.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(audit_app, name="audit", rich_help_panel=PEOPLE)
app.add_typer(report_app, name="report", rich_help_panel=PEOPLE)
app.add_typer(clocks_app, name="clocks", rich_help_panel=PEOPLE)
app.add_typer(notices_app, name="notices", rich_help_panel=PEOPLE)
app.add_typer(prove_app, name="prove", rich_help_panel=STUDIES)
app.add_typer(network_app, name="network", rich_help_panel=TOOLS)
app.add_typer(interventions_app, name="interventions", rich_help_panel=PEOPLE)
app.add_typer(consents_app, name="consents", rich_help_panel=PEOPLE)
app.command("watch", rich_help_panel=SERVICE)(watch)
app.command("run", rich_help_panel=SERVICE)(run)
add_wire_commands(app)
add_market_commands(app)
app.add_typer(operators_app, name="operators", rich_help_panel=PEOPLE)
app.add_typer(readings_cli.app, name="readings", rich_help_panel=TOOLS)


@app.command(rich_help_panel=TOOLS)
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


@app.command(rich_help_panel=SERVICE)
def demo(
    feeder: Annotated[
        str | None,
        typer.Option(
            help="A folder of OpenDSS text or Linkbox tables, ARCHIVE.tar.xz:network_1/Feeder_1, or pandapower JSON."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same evening, byte for byte.")] = 1,
    ev_share: Annotated[float, typer.Option(help="Share of homes with an electric car.")] = 0.8,
    tariff_start: Annotated[str, typer.Option(help="When cars on a night tariff start, HH:MM, or 'none'.")] = "00:30",
    tariff_share: Annotated[float, typer.Option(help="Share of cars on that tariff.")] = 1.0,
    session_probability: Annotated[
        float, typer.Option(help="Probability that a car is plugged in this evening.")
    ] = 1.0,
    consent_share: Annotated[float, typer.Option(help="Share of car owners who consented.")] = 0.9,
    say_no_share: Annotated[
        float, typer.Option(help="Share of them who say no by the link in their notice, after a while.")
    ] = 0.0,
    phase_known_share: Annotated[float, typer.Option(help="Share of homes whose phase is on file.")] = 1.0,
    charger_kw: Annotated[float, typer.Option(help="Rating of each single-phase charger.")] = 7.36,
    fuse: Annotated[
        int | None, typer.Option(help="Rating of the feeder's fuse in A; default: fitted to its cable.")
    ] = None,
    provider: Annotated[
        str,
        typer.Option(
            help="The market's provider: seed, accepts, rejects, silent, no-delivery, part, late, twice, over, revokes "
            "or none."
        ),
    ] = "seed",
    contracts: Annotated[
        str | None,
        typer.Option(help="Your contract file, as for 'linkbox market check'; default: one contract over a quarter."),
    ] = None,
    profile: Annotated[
        str, typer.Option(help="Eligibility profile; 'duis-5.4' is what is published: a distributor may not switch.")
    ] = "secmp0046",
    stop_emulator_at: Annotated[str | None, typer.Option(help="Let the DCC go away at HH:MM, for good.")] = None,
    faults: Annotated[
        str, typer.Option(help="What goes wrong at the DCC, the devices and on the way: none, rough, deaf or forged.")
    ] = "none",
    devices: Annotated[
        str,
        typer.Option(
            help="In front of the chargers: hcalcs (switches), reduced (half of the switches leave a reduced rate), "
            "apc (proportional controllers) or mixed; the last two need --profile secmp0046-proportional."
        ),
    ] = "hcalcs",
    authorisation: Annotated[
        str, typer.Option(help="Who must approve a plan before load is switched: automatic, one or two operators.")
    ] = "automatic",
    operators: Annotated[
        str, typer.Option(help="How the simulated operators answer: approve, refuse or silent (leave it to you).")
    ] = "approve",
    starts: Annotated[str, typer.Option(help="When the evening begins, HH:MM.")] = "17:00",
    hours: Annotated[float, typer.Option(help="How many hours it lasts.")] = 14.0,
    control: Annotated[
        bool, typer.Option("--control/--no-control", help="Without: the same evening, nobody acts.")
    ] = True,
    speed: Annotated[
        float, typer.Option(help="Simulated seconds per second of wall time; 0: as fast as it can.")
    ] = 0.0,
    out: Annotated[Path, typer.Option(help="Where the store, the audit export and the report go.")] = Path(
        "linkbox-demo"
    ),
    json_file: Annotated[Path | None, typer.Option("--json", help="Write everything that the summary says.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with the evening that was cut off in this folder.")] = None,
    store: Annotated[
        str | None, typer.Option(help="An empty store elsewhere: postgresql://user@host/database.")
    ] = None,
) -> None:
    """One evening and night on a real street: watched, protected and explained."""
    from linkbox.app.demo import resume_demo, run_demo
    from linkbox.study.scenario import Scenario
    from linkbox.study.wiring import contracts_of_file, feeder_id_of, read_street

    if resume is not None:
        resume_demo(resume, speed=speed, json_file=json_file, store=store)
        return
    issues: list[Issue] = []
    if not 0.0 <= speed < float("inf"):
        issues.append(Issue(where="--speed", value=str(speed), rule="must be 0 (as fast as it can) or above"))
    with _collecting(issues):
        network = read_street(feeder)
        if contracts is not None:
            contracts_of_file(contracts, feeder_id_of(network))
    with _collecting(issues):
        scenario = Scenario(
            seed=seed,
            feeder=feeder,
            fuse_a=fuse,
            ev_share=ev_share,
            session_probability=session_probability,
            tariff_start=None if tariff_start == "none" else tariff_start,
            tariff_share=tariff_share,
            consent_share=consent_share,
            say_no_share=say_no_share,
            phase_known_share=phase_known_share,
            charger_kw=charger_kw,
            provider=provider,
            contracts=contracts,
            profile=profile,
            faults=faults,
            devices=devices,
            authorisation=authorisation,
            operators=operators,
            starts=starts,
            hours=hours,
            emulator_stops_at=stop_emulator_at,
            control=control,
        )
    if issues:
        raise InvalidInput("demo", issues)
    run_demo(scenario, out=out, speed=speed, json_file=json_file, store=store)


@contextmanager
def _collecting(issues: list[Issue]) -> Iterator[None]:
    """Keep what is wrong with one input, so that the next one is looked at too."""
    try:
        yield
    except InvalidInput as error:
        issues += error.issues


@app.command(rich_help_panel=STUDIES)
def study(
    feeders: Annotated[
        list[str] | None, typer.Argument(help="Feeders as for demo; none: the list of ENWL evenings.")
    ] = None,
    seeds: Annotated[str, typer.Option(help="Seeds for each feeder, as 0,1,2.")] = "0,1",
    ev_share: Annotated[float, typer.Option(help="Share of homes with an electric car.")] = 0.8,
    archive: Annotated[Path | None, typer.Option(help="The ENWL archive; default: in LINKBOX_DATA.")] = None,
    hopeless: Annotated[
        bool, typer.Option(help="The ENWL evenings on which household load alone is too much.")
    ] = False,
    first: Annotated[int | None, typer.Option(help="Only the first so many evenings.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; default: one for each core.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write everything that was found.")] = None,
) -> None:
    """Many evenings without and with control, as a table."""
    from linkbox.app.study_cli import run_study
    from linkbox.study.enwl import EVENINGS, HOPELESS, default_archive, scenarios
    from linkbox.study.scenario import Scenario

    if feeders:
        numbers = seeds.split(",")
        wrong = [Issue(where="--seeds", value=s, rule="must be a whole number") for s in numbers if not s.isdecimal()]
        if wrong:
            raise InvalidInput("study", wrong)
        chosen = [Scenario(seed=int(s), feeder=f, ev_share=ev_share) for f in feeders for s in numbers]
    else:
        chosen = scenarios(archive or default_archive(), HOPELESS if hopeless else EVENINGS)
    run_study(chosen[:first], workers=workers, json_file=json_file)


@app.command(rich_help_panel=STUDIES)
def week(
    archive: Annotated[Path | None, typer.Option(help="The ENWL archive; default: in LINKBOX_DATA.")] = None,
    feeders: Annotated[list[str] | None, typer.Argument(help="Names as network_1/Feeder_1; none: all 64.")] = None,
    first: Annotated[int | None, typer.Option(help="Only the first so many feeders.")] = None,
    nights: Annotated[int, typer.Option(help="How many nights, from Monday on.")] = 7,
    seed: Annotated[int, typer.Option(help="The same seed gives the same week.")] = 1,
    ev_share: Annotated[float, typer.Option(help="Share of homes with an electric car.")] = 0.8,
    session_probability: Annotated[
        float, typer.Option(help="Probability that a car is plugged in each evening.")
    ] = 1.0,
    starts: Annotated[str, typer.Option(help="When each evening begins, HH:MM.")] = "17:00",
    hours: Annotated[float, typer.Option(help="How many hours each lasts.")] = 14.0,
    variant: Annotated[
        list[str] | None, typer.Option(help="Only variants whose name has this in it, as 'APC'; may be repeated.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; default: one for each core.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the results; what it has is not run again.")] = Path(
        "linkbox-week"
    ),
) -> None:
    """A winter week on the ENWL feeders: market off and on, switches and controllers, state unknown and known."""
    from linkbox.app.week_cli import run_week
    from linkbox.study.enwl import default_archive
    from linkbox.study.week import VARIANTS, WeekPlan, feeders_of

    path = archive or default_archive()
    chosen = tuple(f"{path}:{name}" for name in feeders) if feeders else feeders_of(path)[:first]
    variants = tuple(v for v in VARIANTS if all(part in v.name for part in variant or ()))
    issues = [Issue(where="--nights", value=str(nights), rule="must be 1 to 28")] if not 1 <= nights <= 28 else []
    if not variants:
        known = "; ".join(v.name for v in VARIANTS)
        issues.append(Issue(where="--variant", value=str(variant), rule=f"must be part of one of: {known}"))
    if issues:
        raise InvalidInput("week", issues)
    plan = WeekPlan(
        feeders=chosen,
        variants=variants,
        nights=nights,
        seed=seed,
        ev_share=ev_share,
        session_probability=session_probability,
        starts=starts,
        hours=hours,
    )
    run_week(plan, out, workers=workers)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: exit 2 for bad input with every issue listed, 1 for other failures in one line, 130 when
    interrupted. ``arguments``: those of the process where None."""
    try:
        app(args=arguments, standalone_mode=True)
    except InvalidInput as error:
        sys.stderr.write(f"linkbox: {error}\n")
        sys.exit(EXIT_INVALID_INPUT)
    except LinkboxError as error:
        sys.stderr.write(f"linkbox: {error}\n")
        sys.exit(EXIT_INTERRUPTED if isinstance(error.__cause__, KeyboardInterrupt) else EXIT_FAILED)
