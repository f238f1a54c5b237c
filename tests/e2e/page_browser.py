# SPDX-License-Identifier: Apache-2.0
"""Clicks through the page of musterd in a headless Chromium and looks at what comes of it; tests/e2e/page starts it.

    python3 page_browser.py URL FOLDER TOKEN [STEP...]     all steps, or only these

One line a result, "ok TEXT" or "bad TEXT", one a step, "took TEXT", and "end" after the last. FOLDER is for the browser's profile and for the files by
which it asks to stop and start musterd.
"""
import os
import signal
import subprocess
import sys
import time

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from browser import Page  # noqa: E402

URL, FOLDER, TOKEN = sys.argv[1:4]


def say(verdict, text):
    print(" ".join([verdict] + str(text).split())[:500], flush=True)


def expect(text, value, detail=""):
    say("ok" if value else "bad", text if value else f"{text} ({detail})")


def by_text(page, selector, text):
    return lambda: next(element for element in page.all(selector) if text in element.text)


def ids(page):
    return page.texts("table.devices tbody td.id a")


def muster(*arguments):
    return subprocess.run(["muster", *arguments], capture_output=True, text=True, timeout=20, check=True).stdout.splitlines()


def fact(page, name):
    return page.run("""return [...document.querySelectorAll(".facts > div")]
        .find((pair) => pair.children[0].textContent === arguments[0])?.children[1].textContent ?? ''""", name)


def cells(page, section):
    return page.run("""return [...document.querySelectorAll(`[aria-label="${arguments[0]}"] tbody tr`)]
        .map((row) => [...row.cells].map((cell) => cell.innerText.trim()))""", section)


# ---- the steps

def overview(page):
    page.load()
    expect("the worst is first", page.until(lambda: ids(page) and ids(page)[0] == "dev-0003", 20), ids(page)[:3])
    expect("the overview counts the devices", page.until(lambda: "62 devices" in page.text(".total")), page.text(".total"))
    expect("a device with a weak signal is counted under its state", page.until(lambda: "Weak signal" in page.text("[aria-label=State]"), 30),
           page.text("[aria-label=State]"))
    expect("versions are counted", page.until(lambda: "1.1.0" in page.text("[aria-label=Firmware]")), page.text("[aria-label=Firmware]"))
    expect("a firing alert is counted", page.until(lambda: "Crash" in page.text("[aria-label='Firing alerts']"), 20),
           page.text("[aria-label='Firing alerts']"))
    expect("it came as a live alert, too", page.until(lambda: "dev-0003" in page.text(".events"), 10), page.text(".events"))
    expect("each live alert is there once", len(page.texts(".event")) == len(set(page.run("""return [...document.querySelectorAll(".event")]
        .map((event) => event.dataset.key)"""))), page.text(".events"))
    expect("the connections are shown as good", page.until(lambda: len(page.all("#links .chip.good")) == 3), page.text("#links"))


def filters(page):
    page.click(by_text(page, "[aria-label=State] a", "Weak signal"))
    expect("a click on a state filters the table", page.until(lambda: ids(page) == ["dev-0007"]), ids(page))
    expect("... and is in the address", "state=weak_signal" in page.hash(), page.hash())
    page.driver.back()
    expect("back takes the filter away", page.until(lambda: len(ids(page)) == 50), len(ids(page)))
    page.click(by_text(page, "[aria-label='Firing alerts'] a", "Crash"))
    expect("a click on an alert filters the table", page.until(lambda: "dev-0003" in ids(page) and len(ids(page)) < 5), ids(page))
    page.click(".filters a")
    expect("a filter can be taken away", page.until(lambda: len(ids(page)) == 50), len(ids(page)))
    page.click(".total a.severity")
    expect("a click on a severity filters the table", page.until(lambda: "severity=" in page.hash() and ids(page) and
           set(ids(page)) <= {"dev-0003", "dev-0005", "hostile"}), ids(page))
    page.driver.back()
    page.until(lambda: len(ids(page)) == 50)
    page.click(by_text(page, "[aria-label=Firmware] a", "1.1.0"))
    expect("a click on a version filters the table", page.until(lambda: "firmware=1.1.0" in page.hash() and ids(page)
           and "hostile" not in ids(page)), page.hash())
    page.go("#/")


def heap_column(page):
    return page.run("""return [...document.querySelectorAll("table.devices tbody tr")].map((row) => row.children[4].innerText)
        .map((text) => parseFloat(text) * (text.includes("MiB") ? 1024 : 1)).filter((value) => !Number.isNaN(value))""")


def order(page):
    page.click(by_text(page, "table.devices th button", "Heap free"))
    expect("a click on a heading sorts, the least first", page.until(lambda: page.one("th[aria-sort=ascending]").text.startswith("Heap") and
           heap_column(page) == sorted(heap_column(page)) and len(heap_column(page)) == 50), heap_column(page)[:8])
    page.click(by_text(page, "table.devices th button", "Heap free"))
    expect("a second click turns the order", page.until(lambda: page.one("th[aria-sort=descending]").text.startswith("Heap") and
           heap_column(page) == sorted(heap_column(page), reverse=True)), heap_column(page)[:8])


def pages(page):
    page.go("#/?order=id")
    page.until(lambda: ids(page) and ids(page)[0] == "dev-0001")
    page.click("#page-next")
    expect("the next page shows the rest", page.until(lambda: len(ids(page)) == 12 and ids(page)[0] == "dev-0051"), ids(page)[:3])
    page.click("#page-previous")
    expect("the previous page is as before", page.until(lambda: len(ids(page)) == 50 and ids(page)[0] == "dev-0001"), ids(page)[:3])
    page.go("#/?order=worst")
    page.until(lambda: len(ids(page)) == 50 and page.text("table.devices tbody tr:first-child .badge") != "Healthy")
    first = set(ids(page))
    page.click("#page-next")
    expect("the worst first has pages, too", page.until(lambda: len(ids(page)) == 12 and not first & set(ids(page))), len(ids(page)))


def search(page):
    page.go("#/")
    page.click("#search")
    page.keys(*"dev-0005")
    expect("the search finds one device", page.until(lambda: ids(page) == ["dev-0005"]), ids(page))
    expect("... and the field keeps the focus", page.run("return document.activeElement.id") == "search")
    place = page.hash()
    page.load(place)
    expect("the address alone shows the same", page.until(lambda: ids(page) == ["dev-0005"]) and page.one("#search").get_attribute("value") ==
           "dev-0005", place)
    page.go("#/?state=nonsense")
    expect("a filter that is wrong gets an error with a remedy", page.until(lambda: "not a state" in page.text(".note.bad") and
           "Use a state" in page.text(".note.bad")), page.text(".note.bad"))


def alerts(page):
    page.go("#/alerts")
    expect("the alerts are listed with device and summary", page.until(lambda: "dev-0003" in page.text("table.alerts") and
           "crashed" in page.text("table.alerts")), page.text("table.alerts"))
    page.click("#alerts-match")
    page.keys(*'device="dev-0003')
    expect("a matcher that cannot be read is told so", page.until(lambda: "column" in page.text(".note.bad")), page.text())
    page.keys('"')
    expect("a matcher filters", page.until(lambda: set(page.texts("table.alerts td.id")) == {"dev-0003"} and not page.text(".note.bad")), page.text())
    page.click(by_text(page, "table.alerts a", "Crash"))
    expect("an alert leads to its rule, open, with its runbook", page.until(lambda: "What to do" in page.text("details[open]")), page.text()[:200])
    expect("all rules are listed", len(page.all("details.rule")) > 10, len(page.all("details.rule")))


def canvases(page):
    return page.run("return [...document.querySelectorAll('.chart .drawing:not([hidden])')].map((box) => box.querySelectorAll('canvas').length)")


def axis_labels(page):
    return page.run("""return [...document.querySelectorAll(".chart .drawing:not([hidden])")].map((box) =>
        [...box.querySelectorAll(".dygraph-axis-label-x")].map((label) => label.textContent).join())""")


def device(page):
    page.go("#/?q=dev-0003")
    page.click(by_text(page, "table.devices td.id a", "dev-0003"))
    expect("a device begins with its verdict", page.until(lambda: len(page.text(".verdict")) > 20), page.text()[:200])
    expect("... evidence with times, cause and remedy", page.until(lambda: all(word in page.text(".findings") for word in
           ("Evidence", "Likely cause", "What to do"))), page.text(".findings"))
    expect("its boots are listed as crashes", page.until(lambda: "Crash (panic)" in page.text("[aria-label=Boots]")), page.text("[aria-label=Boots]"))
    expect("its slots and that it can go back", page.until(lambda: "ready to roll back" in page.text(".panel:has(.slots)")),
           page.text(".panel:has(.slots)"))
    expect("four charts are there", page.until(lambda: len(canvases(page)) == 4), canvases(page))
    expect("... with lines in them", page.until(lambda: min(page.inked(), default=0) > 3), page.inked())
    expect("boots and alerts are marked and told in words", page.until(lambda: {"boot", "alert"} <= set(
           page.run("return [...document.querySelectorAll('.marks .badge')].map((badge) => badge.textContent.toLowerCase())"))), page.run(
               "return document.querySelector('.marks')?.textContent"))


def zoom(page):
    page.go("#/device/dev-0003?range=15m")
    page.until(lambda: min(page.inked(), default=0) > 3)
    before = axis_labels(page)
    drawing = page.one(".chart .drawing")
    page.run("arguments[0].scrollIntoView({block: 'center'})", drawing)
    right = drawing.size["width"] // 2 # from its middle; what is new is there
    ActionChains(page.driver).move_to_element_with_offset(drawing, right - 140, 0).click_and_hold().move_by_offset(130, 0).release().perform()
    after = page.until(lambda: axis_labels(page) != before and axis_labels(page))
    expect("a drag zooms all charts alike", after and len(set(after)) == 1 and len(after) == 4, after)
    expect("... and is in the address", page.until(lambda: "from=" in page.hash() and "to=" in page.hash()), page.hash())
    place = page.hash()
    page.load(place)
    expect("the address alone shows the same part", page.until(lambda: len(axis_labels(page)) == 4 and page.all("#zoom-out")), axis_labels(page))
    ActionChains(page.driver).double_click(page.one(".chart .drawing")).perform()
    expect("a double click shows all again", page.until(lambda: "from=" not in page.hash() and len(set(axis_labels(page))) == 1 and
           axis_labels(page) != after), axis_labels(page))
    before = axis_labels(page)
    page.click(by_text(page, "[aria-label='Range of time'] a", "24 h"))
    expect("another range is in the address, and drawn", page.until(lambda: "range=24h" in page.hash() and len(canvases(page)) == 4 and
           axis_labels(page) != before), page.hash())


def rollback(page):
    page.go("#/device/dev-0005")
    page.until(lambda: page.one("h1").text == "dev-0005")
    page.until(lambda: page.all("#rollback-open:enabled"), 15)
    page.click("#rollback-open")
    said = page.text("#rollback")
    expect("the dialog says what is taken away and what comes back", all(word in said for word in ("dev-0005", "1.1.0", "1.0.0")), said)
    expect("... and the button waits for the confirmation", not page.one("#rollback-go").is_enabled())
    page.one("#rollback-token").send_keys("wrong")
    page.one("#rollback-confirm").send_keys("dev-0004")
    expect("another id confirms nothing", not page.one("#rollback-go").is_enabled())
    page.one("#rollback-confirm").send_keys(Keys.BACKSPACE + "5")
    page.click("#rollback-go")
    expect("a wrong token is refused, with the way to get one", page.until(lambda: "musterd token add" in page.text("#rollback .note.bad")),
           page.text("#rollback"))
    page.one("#rollback-token").clear()
    page.one("#rollback-token").send_keys(TOKEN)
    page.click("#rollback-go")
    expect("the rollback is confirmed before the eyes", page.until(lambda: page.all("#rollback [data-state=confirmed]"), 20), page.text("#rollback"))
    page.click("#rollback-close")
    expect("the device runs the firmware before", page.until(lambda: "1.0.0" in page.texts(".slot")[0]), page.texts(".slot"))
    expect("the command is in the list", page.until(lambda: "confirmed" in page.text("[aria-label=Commands]")), page.text("[aria-label=Commands]"))
    expect("the token is kept for this tab only", page.run("return sessionStorage.length === 1 && !JSON.stringify(localStorage).includes(arguments[0])",
           TOKEN))


def hostile(page):
    page.go("#/?q=hostile")
    page.until(lambda: ids(page) == ["hostile"])
    expect("hostile text is text in the table", "<script>hacked=1</script>" in page.text("table.devices"), page.text("table.devices"))
    page.go("#/device/hostile")
    said = page.until(lambda: "<svg/onload=x>" in page.text("[aria-label=Boots]") and page.text())
    expect("... and on its page", said and "<b onclick=hacked=1>x</b>" in said, page.text()[:400])
    page.click("details.panel summary")
    expect("... in the names of its metrics", page.until(lambda: "<i>pump</i>" in page.text("details.panel")), page.text("details.panel")[:200])
    expect("none of it ran or became an element", page.run("""return !("hacked" in window) && !document.querySelector(
        "main script, main svg, main b, main i, main img")"""))
    page.go("#/device/nobody")
    expect("a device that is not there is told so, with a remedy", page.until(lambda: "muster devices" in page.text(".note.bad")), page.text())
    page.go("#/device/%3Cimg%20src=x%20onerror=hacked=1%3E")
    expect("an id of the address is text, too", page.until(lambda: page.all(".note.bad")) and not page.run("return 'hacked' in window") and
           "<img" in page.text("h1"), page.text())


def told(page):
    """What the device `hostile` has told; it tells no more, so the program and the page say the same."""
    page.go("#/device/hostile")
    page.until(lambda: cells(page, "Records in words") and cells(page, "Lost connections"))
    said = " ".join(" ".join(muster("device", "hostile")).split())  # its lines are broken
    expect("the clock of a device and its quality", fact(page, "Clock") == "not set: its records bear the time of their arrival" and
           f"clock {fact(page, 'Clock')} " in said, fact(page, "Clock"))
    expect("... and the state of its network", fact(page, "Network") == "scanning for its networks, as it last told" and
           f"network {fact(page, 'Network')} " in said, fact(page, "Network"))
    lost = [what for _, what in cells(page, "Lost connections")]
    expect("what it lost, the newest first, with the reason in words", lost == ["lost its session", "lost its link: beacon_timeout (200)"] and
           all(f"{what}, " in said for what in lost), lost)
    failed = "no_ap_found (201) 7 times, handshake_4way_timeout (15) once since its boot"
    expect("how often its link failed for which reason, tries included", page.until(lambda: failed in page.text("body")) and
           f"link failed {failed}" in said, said)
    notices = dict(what.split(" ", 1) for _, what in cells(page, "Notices"))
    expect("its notices: the step that leaks, and what was held back", set(notices) == {"heap_step", "suppressed"} and
           notices["heap_step"].startswith("1536 bytes, <u>tls</u>: ") and notices["suppressed"].startswith("12 count, logs=7 events=5: ") and
           all(f"{name} {what}, " in said for name, what in notices.items()), notices)
    lines = [line.split(maxsplit=6) for line in muster("records", "hostile")]  # date, time, clock, "boot", its number, kind, words
    shown = cells(page, "Records in words")
    expect("its records are those of `muster records`, in their order", len(shown) == 20 and [[boot, kind.lower(), what] for _, boot, kind, what in shown] ==
           [[line[4], line[5], line[6]] for line in lines], (shown, lines))
    expect("... with the same times and clocks", all(f"{date} {clock} {by}".endswith(when)
           for (date, clock, by, *_), (when, *_) in zip(lines, shown)), (shown, lines))
    expect("... hostile text among them", "warning <s>tag</s>: <iframe onload=hacked=1>" in shown[0][3] and "<img" in page.text(".records"), shown)
    expect("... and where the older ones are is said", "muster records hostile --limit" in page.text(".records"), page.text(".records")[-300:])
    expect("none of them ran or became an element", page.run("""return !("hacked" in window) && !document.querySelector(
        "main u, main s, main iframe, main img")"""))
    page.go("#/device/dev-0003")
    expect("the clock of a device that has one", page.until(lambda: fact(page, "Clock").startswith("set by ") and
           fact(page, "Clock").endswith(" ours at its last record")), fact(page, "Clock"))
    expect("... its network", page.until(lambda: fact(page, "Network") == "connected, as it last told"), fact(page, "Network"))


def plain(page):
    page.go("#/?q=plain")
    expect("a device of plain JSON is marked as unacknowledged", page.until(lambda: "unacknowledged" in page.text("table.devices tbody")),
           page.text("table.devices"))
    page.click("table.devices td.id a")
    expect("... on its page, too, with its values", page.until(lambda: "unacknowledged" in page.text(".badges") and "−61 dBm" in page.text(".facts")),
           page.text()[:300])
    expect("... and nothing of a clock, which plain JSON does not tell", fact(page, "Clock") == "–", fact(page, "Clock"))
    expect("... and cannot be rolled back, which is said", page.until(lambda: "takes no commands" in page.text() and
           page.all("#rollback-open:disabled")), page.text(".panel:has(.slots)"))


def narrow(page):
    page.width(400)
    for place, ready in (("#/", "table.devices tbody tr"), ("#/device/dev-0003", ".chart canvas"), ("#/alerts", "table.alerts tbody tr"),
                         ("#/rules", "details.rule")):
        page.go(place)
        page.until(lambda ready=ready: page.all(ready))
        page.run("for (const box of document.querySelectorAll('details')) box.open = true")
        time.sleep(0.3)
        wide = page.too_wide()
        expect(f"400 px: {place} does not scroll sideways", not wide, wide)
    page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def luminance(page):
    return page.run("""const parts = getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g).map(Number);
        return (parts[0] + parts[1] + parts[2]) / 3""")


def themes(page):
    for scheme, is_dark in (("dark", True), ("light", False)):
        page.media(scheme)
        expect(f"{scheme} as the system says", page.until(lambda is_dark=is_dark: (luminance(page) < 80) == is_dark), luminance(page))
        for place, ready in (("#/", "table.devices tbody tr"), ("#/device/dev-0003", ".finding"), ("#/rules", "details.rule")):
            page.go(place)
            page.until(lambda ready=ready: page.all(ready))
            contrast, where = page.contrast()
            expect(f"{scheme}: all text of {place} has a contrast of 4.5 and more", contrast >= 4.5, f"{contrast:.2f} {where}")
    page.click("#theme")
    expect("the button turns it dark", page.until(lambda: luminance(page) < 80), luminance(page))
    page.load()
    expect("... also after a reload", luminance(page) < 80, luminance(page))
    page.click("#theme")


def focused(page):
    return page.run("const at = document.activeElement; return `${at.tagName} ${at.id} ${at.textContent.slice(0, 30)}`")


def tab_to(page, wanted, most=120):
    for _ in range(most):
        page.keys(Keys.TAB)
        if page.run(wanted):
            return True
    return False


def keyboard(page):
    page.load()
    page.until(lambda: ids(page))
    page.keys(Keys.TAB)
    expect("the first tab stop is the skip link, and it is seen", page.run("const at = document.activeElement; return at.id === 'skip' && "
           "at.getBoundingClientRect().top >= 0"), focused(page))
    page.keys(Keys.ENTER)
    expect("... it leads to the content", page.run("return document.activeElement.id") == "main", focused(page))
    expect("tab reaches a row of the table", tab_to(page, "return document.activeElement.matches('table.devices td.id a')"), focused(page))
    expect("the focus is seen", page.run("return getComputedStyle(document.activeElement).outlineStyle !== 'none'"))
    first = page.run("return document.activeElement.textContent")
    page.keys(Keys.ARROW_DOWN)
    expect("arrows go from row to row", page.run("return document.activeElement.matches('td.id a') && document.activeElement.textContent") not in
           (False, first), focused(page))
    time.sleep(3.5)
    expect("new values do not take the focus away", page.run("return document.activeElement.matches('td.id a')"), focused(page))
    page.go("#/device/dev-0006")
    expect("a healthy device can be rolled back", page.until(lambda: page.all("#rollback-open:enabled"), 15), page.text()[:400])
    expect("the focus goes along to the device", page.run("return document.activeElement.id") == "main", focused(page))
    expect("tab reaches the rollback", tab_to(page, "return document.activeElement.id === 'rollback-open'"), focused(page))
    page.keys(Keys.ENTER)
    expect("the dialog takes the focus", page.until(lambda: page.run("return document.activeElement.closest('dialog') !== null")), focused(page))
    page.keys(*[Keys.TAB] * 6)
    expect("... and keeps it", page.run("return document.activeElement.closest('dialog, body').tagName") in ("DIALOG", "BODY") and
           not page.run("return document.activeElement.closest('main')"), focused(page))
    page.keys(Keys.ESCAPE)
    expect("escape closes it and gives the focus back", page.until(lambda: page.run("return document.activeElement.id === 'rollback-open'")), focused(page))


def handshake(name, answer, page):
    open(os.path.join(FOLDER, name), "w").close()
    page.until(lambda: os.path.exists(os.path.join(FOLDER, answer)), 30)


def hidden(page):
    page.go("#/")
    page.until(lambda: ids(page))
    here = page.driver.current_window_handle
    before = page.run("return streams.length")
    page.driver.switch_to.new_window("tab")
    time.sleep(6)  # the stream is closed after 5 s
    handshake("flood", "flooded", page)
    page.driver.close()
    page.driver.switch_to.window(here)
    expect("a hidden tab gives its stream back", page.until(lambda: page.run("return streams.length") == before + 1 and
           page.run("return streams.at(-2).readyState") == 2), page.run("return streams.map((stream) => stream.readyState)"))
    expect("... what it missed comes when it is seen again", page.until(lambda: "flood-1500" in page.text(".events"), 20),
           page.text(".events")[:300])
    expect("... and the counts hold it", page.until(lambda: "1,562 devices" in page.text(".total"), 20), page.text(".total"))
    page.run("""return import("/page/live.js").then(({ events }) => streams.at(-1).dispatchEvent(
        new MessageEvent("skipped", { data: JSON.stringify({ skipped: 4321, next: events()[0].n + 1 }) })))""")
    expect("what musterd skipped for a slow reader is told", page.until(lambda: page.texts(".event")[0].startswith("4,321 skipped")),
           page.texts(".event")[:1])


def away(page):
    page.go("#/")
    page.until(lambda: ids(page))
    handshake("stop-musterd", "stopped", page)
    expect("musterd away: said plainly, with what to do", page.until(lambda: "does not answer" in page.text("#trouble") and
           "Is it running" in page.text("#trouble"), 15), page.text("#trouble"))
    expect("... its connections are not known", page.until(lambda: len(page.all("#links .chip.unknown")) == 2), page.text("#links"))
    expect("... what is shown stays, marked as old", page.until(lambda: ids(page) and page.all("#freshness.stale")), page.text("#freshness"))
    handshake("start-musterd", "started", page)
    expect("musterd back: the page goes on by itself", page.until(lambda: page.all("#trouble[hidden]") and not page.all("#freshness.stale"), 20),
           page.text("#trouble"))
    expect("... and so does the stream of alerts", page.until(lambda: len(page.all("#links .chip.good")) == 3, 20), page.text("#links"))


STEPS = (overview, filters, order, pages, search, alerts, device, zoom, rollback, hostile, told, plain, narrow, themes, keyboard)


def is_asked_for(message):
    """The answers 4xx that the steps provoke; Chromium logs each."""
    return "Failed to load resource" in message and any(code in message for code in ("status of 400", "status of 401", "status of 404"))


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # by way of the `finally`, which ends the browser
    page = Page(URL, FOLDER)
    page.load()
    try:
        for step in [step for step in STEPS + (hidden, away) if not sys.argv[4:] or step.__name__ in sys.argv[4:]]:
            if step is hidden:
                complaints = page.complaints(is_asked_for)
                expect("no error in the console, nothing against the policy", not complaints, complaints[:3])
            began = time.monotonic()
            try:
                step(page)
            except Exception as problem:  # the other steps go on
                say("bad", f"step {step.__name__}: {type(problem).__name__} {problem}")
            say("took", f"{step.__name__}: {time.monotonic() - began:.1f} s")
        say("end", "")
    finally:
        page.driver.quit()


main()
