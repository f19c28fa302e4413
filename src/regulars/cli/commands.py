# SPDX-License-Identifier: Apache-2.0
"""Every command on one page."""

import secrets
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, TextIO

import click
import msgspec
from django.conf import settings
from django.core.management import call_command

from regulars.analytics.catalogue import METRICS
from regulars.analytics.metrics import measure, read_span
from regulars.analytics.periods import YEAR_DAYS, Period, Span
from regulars.cli.importing import Asked, import_file
from regulars.cli.progress import ProgressLine
from regulars.cli.shops import check_name_free, check_store, labelled, the_business
from regulars.cli.supervisor import serve as serve_program
from regulars.cli.troubles import FileRefused
from regulars.cli.usage import Day, WrongAnchor, WrongPeriod
from regulars.connectors.exporting import export_customers, export_orders
from regulars.connectors.journal import export_journal, export_seals
from regulars.connectors.mapping import Subject
from regulars.database.transactions import run_durably
from regulars.flow.verifying import Anchor, verify_books
from regulars.kernel.clock import utc_now
from regulars.ledger.verify import Verification
from regulars.outbox.actions import release_all_leases
from regulars.outbox.commits import SEAL
from regulars.programs.actions import publish_program
from regulars.programs.starter import SINCE_EVER, starter_program
from regulars.tenancy.access import SCOPES
from regulars.tenancy.actions import create_api_key, create_business, create_store, create_user, hire
from regulars.tenancy.actors import SYSTEM
from regulars.tenancy.models import Business, Role, User
from regulars.work.backups import has_its_key, make_backup, restore_backup
from regulars.work.drain import do_waiting
from regulars.work.kept_backups import anchors_of, put_aside_newer
from regulars.work.run import run_worker

OWNER_EMAIL = "owner@regulars.example"
EXPORTS: dict[str, Callable[[Business, TextIO], int]] = {
    "customers": export_customers,
    "ledger": export_journal,
    "orders": export_orders,
    "seals": export_seals,
}

_business = click.option("--business", metavar="NAME|KEY", help="Which business, where there are several.")
_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def app() -> None:
    """Customer loyalty and retention for shops. Data and settings: see REGULARS_HOME, DATABASE_URL, REGULARS_BIND."""


def _migrate() -> None:
    call_command("migrate", interactive=False, verbosity=0)


def _seal() -> None:
    """Seal what waits, so that what is read next holds everything recorded so far."""
    do_waiting({SEAL})


@app.command()
def serve() -> None:
    """Serve the web app and do all background work, until Ctrl-C."""
    serve_program(settings.ENVIRONMENT.bind)


@app.command()
def worker() -> None:
    """Do background work only, beside `serve`, on PostgreSQL."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    run_worker(stop)


@app.command()
def demo() -> None:
    """Load the demo shops at the first start, then serve them."""
    from regulars.demo.load import DemoLoaded, demo_logins, load_demo  # noqa: PLC0415 - only this command needs it

    _migrate()
    line = ProgressLine("loading the demo")
    try:
        logins = load_demo(now=utc_now(), progress=lambda _name, done, total: line(done, total))
    except DemoLoaded:
        logins = demo_logins()
    else:
        click.echo()
    for login in logins.logins:
        click.echo(f"  {login.business:<24} {login.role:<10} {login.email}")
    click.echo(f"  The password of all is {logins.password}")
    click.echo(f"Open {settings.PUBLIC_URL} in a browser; Ctrl-C stops.")
    serve_program(settings.ENVIRONMENT.bind)


@app.command()
@click.argument("name")
@click.option("--country", required=True, metavar="CC", help="Two letters, like IN, AM or GB.")
@click.option("--currency", metavar="CUR", help="Three letters; by default the country's.")
@click.option("--timezone", metavar="ZONE", help="Like Asia/Kolkata; by default the country's.")
@click.option("--languages", metavar="LIST", help="Comma-separated: en,hi,mr,te,ml,hy; by default the country's.")
@click.option("--email", default=OWNER_EMAIL, show_default=True, help="Who owns it and logs in.")
def createbusiness(
    name: str, *, country: str, currency: str | None, timezone: str | None, languages: str | None, email: str
) -> None:
    """Create a business with a store, an owner and a starter program: one point per whole unit of currency."""
    _migrate()
    now = utc_now()
    spoken = [language.strip() for language in languages.split(",")] if languages else None

    def create() -> tuple[Business, str | None]:
        check_name_free(name)
        business = create_business(
            name, country=country, currency=currency, timezone=timezone, languages=spoken, now=now
        )
        create_store(business, code="main", name=name, actor=SYSTEM, now=now)
        password = _give_owner(business, email, now)
        program = starter_program(business.currency)
        publish_program(business, program, valid_from=SINCE_EVER, actor=SYSTEM, now=now, note="starter program")
        return business, password

    business, password = run_durably(create)
    if password:
        click.echo(f"Log in at {settings.PUBLIC_URL} as {email} with the password {password} (shown this once)")
    click.echo(
        f"{business.name}: {business.country}, {business.currency}, {business.timezone}, {', '.join(business.languages)}. Key {business.pk}"
    )


def _give_owner(business: Business, email: str, now: datetime) -> str | None:
    """Hire the owner and return their password, or None for a person who has one already."""
    user, password = User.objects.filter(email=email.strip().lower()).first(), None
    if user is None:
        password = secrets.token_urlsafe(12)
        user = create_user(email, name=email.partition("@")[0], password=password, now=now)
    hire(business, user=user, role=Role.OWNER, actor=SYSTEM, now=now)
    return password


@app.command()
@click.option("--scopes", required=True, metavar="LIST", help=f"Comma-separated: {', '.join(SCOPES)}.")
@click.option("--name", default="regulars createkey", show_default=True, help="What the key is for.")
@_business
def createkey(*, scopes: str, name: str, business: str | None) -> None:
    """Create a key for the API and print it, this once."""
    _migrate()
    shop, wanted = the_business(business), [scope.strip() for scope in scopes.split(",")]
    _, token = run_durably(lambda: create_api_key(shop, name=name, scopes=wanted, actor=SYSTEM, now=utc_now()))
    click.echo(token)


@app.group(name="import")
def import_() -> None:
    """Import a file: CSV, XLSX, Parquet or JSON lines."""


def _import_command(subject: Subject) -> None:
    @import_.command(name=subject, help=f"Import {subject} from FILE.")
    @_file
    @click.option("--mapping", metavar="FILE|PRESET", help="How to read it; by default proposed from its header.")
    @click.option("--dry-run", is_flag=True, help="Only say what would happen.")
    @_business
    def command(file: Path, *, mapping: str | None, dry_run: bool, business: str | None) -> None:
        _migrate()
        import_file(the_business(business), subject, file, Asked(mapping=mapping, is_dry_run=dry_run))


for _subject in ("customers", "products"):
    _import_command(_subject)


@import_.command(name="orders")
@_file
@click.option("--mapping", metavar="FILE|PRESET", help="How to read it; by default proposed from its header.")
@click.option(
    "--source", metavar="NAME", help="What the purchases are known by, with their numbers; by default the file's name."
)
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--without-points", is_flag=True, help="Record facts only; nobody earns.")
@click.option("--other-purchases", is_flag=True, help="Import even what another source has under the same numbers.")
@_business
def import_orders(file: Path, *, business: str | None, **given: Any) -> None:
    """Import orders from FILE."""
    _migrate()
    asked = Asked(
        mapping=given["mapping"],
        source=given["source"],
        is_dry_run=given["dry_run"],
        with_points=not given["without_points"],
        are_other_purchases=given["other_purchases"],
    )
    import_file(the_business(business), "orders", file, asked)


@app.command()
@click.argument("what", type=click.Choice(sorted(EXPORTS)))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True, allow_dash=True, path_type=Path),
    default="-",
    help="A file; by default, and as -, standard output.",
)
@_business
def export(what: str, *, out: Path, business: str | None) -> None:
    """Export customers, orders or the ledger as CSV, or all that is sealed, line by line, to compute the chain again."""
    _migrate()
    _seal()
    if out == Path("-"):
        EXPORTS[what](the_business(business), sys.stdout)
        return
    try:
        with out.open("w", encoding="utf-8", newline="") as file:
            count = EXPORTS[what](the_business(business), file)
    except OSError as error:  # of a full disk the system does not say which
        raise FileRefused(path=out, said=error.strerror) from None
    click.echo(f"{out}: {count:,} {what}")


@app.command()
@click.option("--from", "start", type=Day(), metavar="DAY", help="First day, like 2026-01-31.")
@click.option("--to", "end", type=Day(), metavar="DAY", help="The day after the last one.")
@click.option("--store", metavar="CODE", help="One store only.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@_business
def metrics(*, start: date | None, end: date | None, store: str | None, is_json: bool, business: str | None) -> None:
    """Measure retention: each figure with its numerator and denominator.

    --from alone reaches to the last day with data, --to alone holds the 365 days before it.
    """
    from regulars.insights.export import fill_lake, lake_of, marts_of  # noqa: PLC0415 - brings DuckDB

    _migrate()
    _seal()
    shop = the_business(business)
    if store is not None:
        check_store(shop, store)
    fill_lake(shop)
    marts = marts_of(shop)
    marts.refresh(lake_of(shop))
    marts.publish()
    with marts.open_snapshot() as con:
        values = measure(con, METRICS, period=_period(start, end, read_span(con)), store=store)
    if end is not None and start is None:
        click.echo(f"Without --from: the {YEAR_DAYS} days before {end}.", err=True)
    if is_json:
        plain = {
            key: {"value": one.value, "numerator": one.numerator, "denominator": one.denominator}
            for key, one in values.items()
        }
        click.echo(msgspec.json.format(msgspec.json.encode(plain)).decode())
        return
    for key, one in values.items():
        shown = "n/a" if one.value is None else f"{one.value:,.6g}"
        click.echo(
            f"{key:<32} {shown:>16}   {one.numerator:,} ÷ {one.denominator:,}   {one.period.start} to {one.period.end}"
        )


def _period(start: date | None, end: date | None, span: Span) -> Period | None:
    if start is None and end is None:
        return None
    try:
        return span.fill(start, end)
    except (ValueError, OverflowError):
        raise WrongPeriod(start=start or "…", end=end or "…") from None


@app.command()
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.option(
    "--expect",
    "expected",
    multiple=True,
    metavar="PLACE:HASH",
    help="A seal that an earlier run told, to compare with; the hash may be shortened to 16 digits.",
)
@click.option(
    "--quick", "is_quick", is_flag=True, help="Decide nothing again: seals, sums and what is derived from them only."
)
@_business
def verify(*, is_json: bool, expected: Sequence[str], is_quick: bool, business: str | None) -> None:
    """Check the whole ledger and its chain, and decide everything again; exit status 1 where something differs."""
    _migrate()
    _seal()
    anchors = [_anchor(text) for text in expected]
    businesses = [the_business(business)] if business or expected else list(Business.objects.order_by("created_at"))
    found = {
        name: _verified(name, shop, [*anchors, *anchors_of(shop.pk)], is_quick=is_quick)
        for name, shop in labelled(businesses)
    }
    if is_json:
        plain = {name: {**msgspec.to_builtins(one), "is_right": one.is_right} for name, one in found.items()}
        click.echo(msgspec.json.format(msgspec.json.encode(plain)).decode())
    else:
        for name, one in found.items():
            click.echo(f"{name}: {_verdict(one)}")
    if not all(one.is_right for one in found.values()):
        sys.exit(1)


def _verified(name: str, shop: Business, anchors: Sequence[Anchor], *, is_quick: bool = False) -> Verification:
    """Verify the books of a shop, and show how far that is."""
    line = ProgressLine(name)
    found = verify_books(shop.pk, anchors=anchors, is_quick=is_quick, progress=line)
    line.clear()
    return found


def _anchor(text: str) -> Anchor:
    place, _, chain_hash = text.partition(":")
    if not (place.isdecimal() and len(chain_hash) >= 16 and set(chain_hash.lower()) <= set("0123456789abcdef")):
        raise WrongAnchor(value=text[:40])
    return Anchor(int(place), chain_hash, "--expect")


def _verdict(found: Verification) -> str:
    if not found.is_right:
        return "\n".join([f"WRONG: {found.difference}", *(f"  and {other}" for other in found.others)])
    waiting = f", {found.unsealed:,} wait for their seal" if found.unsealed else ""
    counts = f"{found.transactions:,} transactions, {found.entries:,} entries, {found.lots:,} lots, {found.accounts:,} accounts"
    again = f", {found.decisions:,} decisions decided again" if found.decisions else ""
    return f"right. {counts}{again}{waiting}. Chain {found.seals}:{found.chain_hash if found.seals else 'empty'}"


@app.command()
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--with-secrets", is_flag=True, help="Include the key that signs and seals; keep such a backup locked away."
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def backup(target: Path, *, with_secrets: bool, force: bool) -> None:
    """Write a backup while the shop works."""
    manifest = make_backup(target.resolve(), now=utc_now(), with_secrets=with_secrets, replace=force)
    click.echo(f"{target}: {len(manifest.files)} files, {target.stat().st_size / 1e6:,.1f} MB")
    if not with_secrets:
        click.echo(
            f"Keep a copy of {settings.HOME / 'secret.key'} apart from it: sealed secrets and voucher codes need it."
        )


@app.command()
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Put what is there aside.")
def restore(source: Path, *, replace: bool) -> None:
    """Restore a backup and verify every ledger in it."""
    manifest = restore_backup(source, replace=replace, now=utc_now())
    _migrate()
    release_all_leases()  # whoever had leased the jobs in the backup is not at work here
    click.echo(f"Restored the backup of {manifest.made_at:%Y-%m-%d %H:%M} UTC.")
    if not has_its_key(manifest):
        click.echo(
            "The secret key here is not the one of that shop: put its secret.key in place, else people log in again, "
            "voucher codes cannot be shown again, and webhooks are not sent."
        )
    put_aside_newer(manifest.made_at, now=utc_now())
    found = {}
    for name, shop in labelled(Business.objects.order_by("created_at")):
        anchor = manifest.anchor(shop.pk)
        found[name] = _verified(name, shop, [anchor] if anchor else [])
    for name, one in found.items():
        click.echo(f"{name}: {_verdict(one)}")
    if not all(one.is_right for one in found.values()):
        sys.exit(1)
