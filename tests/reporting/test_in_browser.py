"""The page in headless Chromium: it draws, it reacts, it complains of nothing and asks for nothing.

Runs where Debian's (or any) Chromium is on the path and Playwright is installed; skipped elsewhere.
"""

import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_up_runs import HOSTILE, made_up_attention

from potstill.reporting import find_runs, write_report, write_suite_report
from potstill.reporting.examples import soften

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the path")


@pytest.fixture(scope="module")
def browser() -> Iterator["sync_api.Browser"]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Visit:
    """An open page, with what it asked for and what it complained of."""

    def __init__(self, browser, path: Path, **options) -> None:
        self.page = browser.new_context(**options).new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())


@pytest.fixture(scope="module")
def report(whole_run: Path, tmp_path_factory) -> Path:
    return write_report(whole_run, tmp_path_factory.mktemp("pages") / "report.html")


@pytest.fixture
def visit(browser, report: Path) -> Iterator[Visit]:
    visit = Visit(browser, report)
    yield visit
    assert visit.complaints == []
    assert [url for url in visit.requests if not url.startswith(("file:", "data:"))] == []
    visit.page.context.close()


def test_a_hostile_page_draws_without_a_complaint_or_a_request(visit: Visit):
    assert visit.page.title() == f"kd{HOSTILE} on mood{HOSTILE} · Potstill"
    assert visit.page.locator("section").count() == 9
    assert visit.page.evaluate("document.images.length") == 0
    assert len(visit.requests) == 1


def test_the_slider_softens_both_distributions(visit: Visit):
    page = visit.page
    logits = json.loads(page.locator("#data").text_content())["logits"]
    page.locator("#temperature").fill("5")
    assert page.locator("#temperature-value").text_content() == "5.0"
    for bar in page.locator("article").nth(3).locator("rect").all():
        model, label = (int(bar.get_attribute(f"data-{name}")) for name in ("model", "label"))
        expected = 100 * soften(logits[3][model], 5.0)[label]
        assert float(bar.get_attribute("width")) == pytest.approx(expected, abs=0.06)
    page.locator("#temperature-trained").click()
    assert page.locator("#temperature-value").text_content() == "2.0"


def test_attention_maps_show_the_chosen_layer_and_head(visit: Visit):
    page = visit.page
    panel = page.locator(".map.student")
    panel.locator("select").nth(0).select_option("1")
    panel.locator("select").nth(1).select_option("2")
    model = made_up_attention().examples[0].models["student"]
    values = list(base64.b64decode(model.probabilities))[16:32]  # layer 1, head 2, 4 x 4 tokens
    tips = [each.text_content() for each in panel.locator("rect title").all()]
    expected = [
        f"{row} → {column}: {values[4 * i + j] / 255 * 100:.1f} %"
        for i, row in enumerate(model.tokens)
        for j, column in enumerate(model.tokens)
    ]
    assert tips == expected
    assert page.locator(".map.teacher select").nth(0).input_value() == "2"  # 1 of 2 follows 2 of 4
    assert "Student, layer 1, head 2" in page.locator("#attention-words").text_content()


def test_disagreements_are_searched_and_sorted(visit: Visit):
    page = visit.page
    page.locator("#search").fill("film 17")
    shown = page.locator("#disagreement-rows tr:visible")
    assert shown.count() >= 1
    assert all("17" in row.text_content() for row in shown.all())
    assert page.locator("#search-count").text_content().split()[0] == str(shown.count())
    page.locator("#search").fill("")
    assert shown.count() == 100
    header = page.locator("#disagreement-table th[data-kind='number']")
    header.locator("button").click()
    assert header.get_attribute("aria-sort") == "ascending"
    distances = [float(cell.text_content()) for cell in page.locator("#disagreement-rows td:first-child").all()]
    assert distances == sorted(distances)


def test_everything_can_be_reached_by_keyboard(visit: Visit):
    page = visit.page
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
    assert reached[0] == "Skip to the content"
    assert {"temperature", "temperature-trained", "attention-text", "search", "The resolved recipe"} <= set(reached)
    page.locator("#temperature").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#temperature-value").text_content() == "1.1"


def test_the_page_is_accessible_in_light_and_dark(browser, report: Path):
    axe = pytest.importorskip("axe_core_python.sync_playwright", reason="axe-core is not installed").Axe()
    page = Visit(browser, report).page
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    in_light = axe.run(page)
    page.emulate_media(color_scheme="dark")
    in_dark = axe.run(page, options={"runOnly": ["color-contrast"]})
    violations = in_light["violations"] + in_dark["violations"]
    assert [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in violations] == []


def test_light_and_dark_differ(browser, report: Path):
    colours = set()
    for scheme in ("light", "dark"):
        page = Visit(browser, report, color_scheme=scheme).page
        colours.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(colours) == 2


def test_a_narrow_page_does_not_scroll_sideways(browser, report: Path):
    page = Visit(browser, report, viewport={"width": 360, "height": 700}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_print_leaves_out_what_only_a_screen_can_do(browser, report: Path):
    page = Visit(browser, report, color_scheme="dark").page
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for control in ("nav", "#temperature", "#search"):
        assert not page.locator(control).is_visible()
    assert page.locator("#disagreement-rows tr:visible").count() == 30


def test_without_scripts_figures_charts_and_texts_are_there(browser, report: Path):
    page = Visit(browser, report, java_script_enabled=False).page
    assert page.locator("article").count() == 12
    assert page.locator("#disagreement-rows tr").count() == 100
    assert not page.locator("#temperature").is_visible()
    assert "scripts are switched off" in page.locator("#attention").text_content()


def test_a_page_of_many_runs_draws_and_leads_to_their_reports(browser, make_run, tmp_path: Path):
    for seed in range(2):
        write_report(make_run(f"suite/seed-{seed}<b>", seed=seed))
    out = write_suite_report(find_runs([tmp_path / "suite"]), tmp_path / "suite" / "report.html")
    visit = Visit(browser, out)
    visit.page.get_by_role("link", name="seed-1<b>").click()
    visit.page.wait_for_url("**/report.html")
    assert visit.page.locator("h1").text_content().startswith("kd")
    assert visit.complaints == []
    assert all(url.startswith(("file:", "data:")) for url in visit.requests)
