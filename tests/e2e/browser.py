# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium with one page: finding, clicking, typing, and what can be measured of it. For page_browser.py."""
import os
import time

from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

SWITCHES = ("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
            "--disable-sync --window-size=1300,1000 --force-prefers-reduced-motion")

# What a look at a page that changes meanwhile may come to.
NOT_YET = (StaleElementReferenceException, NoSuchElementException, StopIteration, IndexError)

# Kept from before the first script of the page: what it would like nobody to see, and its streams.
SPY = """
window.spied = [];
window.streams = [];
window.EventSource = class extends EventSource {
    constructor(url) {
        super(url);
        streams.push(this);
    }
};
addEventListener("error", (event) => spied.push(`error: ${event.message}`));
addEventListener("unhandledrejection", (event) => spied.push(`rejection: ${event.reason}`));
document.addEventListener("securitypolicyviolation", (event) => spied.push(`policy: ${event.violatedDirective} ${event.blockedURI}`));
"""

TOO_WIDE = """return document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
    .map((element) => `${element.tagName}.${element.className} ${element.getBoundingClientRect().right}`)"""

CONTRAST = """
const channel = (value) => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const numbers = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
        const colour = numbers(getComputedStyle(at).backgroundColor);
        if (colour.length === 3 || colour[3] === 1)
            return colour;
    }
    return [255, 255, 255];
};
let worst = [99, ""];
for (const element of document.querySelectorAll("body *")) {
    const has_text = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!has_text || !element.checkVisibility() || element.matches("[aria-disabled], :disabled, .unseen, .unseen *"))
        continue;
    const [a, b] = [light(numbers(getComputedStyle(element).color)), light(ground(element))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < worst[0])
        worst = [contrast, `${element.tagName}.${element.className} ${element.textContent.slice(0, 30)}`];
}
return worst;
"""

INKED = """
const colours = ["--line-1", "--line-2", "--line-3"].map((name) =>
    getComputedStyle(document.documentElement).getPropertyValue(name).trim().match(/\\w\\w/g).map((hex) => parseInt(hex, 16)));
const count = (canvas) => {
    if (!canvas.width || !canvas.height)
        return 0;
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", {willReadFrequently: true});
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    let found = 0;
    for (let i = 0; i < data.length; i += 4)
        found += data[i + 3] > 128 && colours.some(([r, g, b]) =>
            Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 24);
    return found;
};
return [...document.querySelectorAll(".chart .drawing:not([hidden])")].map((box) =>
    Math.max(0, ...[...box.querySelectorAll("canvas")].map(count)));
"""


class Page:
    def __init__(self, url, folder):
        self.url = url
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for switch in SWITCHES.split() + ["--user-data-dir=" + os.path.join(folder, "profile")]:
            options.add_argument(switch)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": SPY})
        self.spied = []

    # ---- looking

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector="main"):
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def texts(self, selector):
        return self.run("return [...document.querySelectorAll(arguments[0])].map((element) => element.innerText.trim())", selector)

    def hash(self):
        return self.run("return location.hash")

    def until(self, condition, seconds=10):
        end = time.monotonic() + seconds
        while True:
            try:
                value = condition()
                if value:
                    return value
            except NOT_YET:
                pass
            if time.monotonic() > end:
                return None
            time.sleep(0.1)

    # ---- acting

    def go(self, place):
        self.run("location.hash = arguments[0]", place)

    # All steps together load the page more often than a browser has connections for a host: a stream that a page leaves behind is found.
    def load(self, place=""):
        self.spied += self.run("return window.spied ?? []")
        self.driver.get("about:blank")
        self.driver.get(self.url + "/" + place)

    # The row may be made anew between looking and clicking.
    def click(self, find):
        def attempt():
            element = find() if callable(find) else self.one(find)
            self.run("arguments[0].scrollIntoView({block: 'center'})", element)
            element.click()
            return True
        if not self.until(attempt, 5):
            raise WebDriverException(f"cannot click {find}")

    def keys(self, *keys):
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def width(self, pixels):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": pixels, "height": 1000, "deviceScaleFactor": 1, "mobile": False})

    def media(self, scheme):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def complaints(self, is_expected=lambda message: False):
        logged = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
        spied = self.spied + self.run("const all = window.spied ?? []; window.spied = []; return all")
        self.spied = []
        return [message for message in logged + spied if not is_expected(message)]

    # ---- measuring

    def too_wide(self):
        """The elements that reach beyond the window, if it can be scrolled sideways."""
        return self.run(TOO_WIDE)

    def contrast(self):
        """Of all text that is seen the least contrast with what is behind it (WCAG 2.1), and where."""
        return self.run(CONTRAST)

    def inked(self):
        """Of each chart, how many pixels have the colour of one of its lines."""
        return self.run(INKED)
