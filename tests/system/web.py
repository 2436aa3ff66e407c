# SPDX-License-Identifier: GPL-2.0-or-later
"""Ringlet in a browser: what `make web` makes, in Chromium, which is driven by its WebDriver."""
import base64
import functools
import http.server
import json
import os
import re
import subprocess
import threading
import time
import urllib.error
import urllib.request

import linux
from harness import Group
from ringlet import BUILD, LOGS, PATIENCE, ROOT, check, die_with_parent, elf, sh, tail

SITE = os.path.join(BUILD, "tests", "system", "web")
LOG = os.path.join(LOGS, "system-web")
WINDOW = "1480,1290"


class Site(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Browser:
    """A headless Chromium.  Only what is needed of https://www.w3.org/TR/webdriver2."""

    def __init__(self):
        self.session = self.driver = None
        handler = functools.partial(Site, directory=SITE)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True,
                                       preexec_fn=die_with_parent)
        port = next(m.group(1) for m in (re.search(r"successfully on port (\d+)", l) for l in self.driver.stdout) if m)
        self.base = f"http://127.0.0.1:{port}/session"
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--window-size={WINDOW}"]
        wants = {"browserName": "chrome", "goog:chromeOptions": {"args": options}}
        self.session = self.ask("POST", "", {"capabilities": {"alwaysMatch": wants}})["sessionId"]
        self.base += "/" + self.session
        self.ask("POST", "/url", {"url": f"http://127.0.0.1:{self.server.server_port}/"})

    def ask(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120 * PATIENCE) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as e:
            check(False, f"Chromium says to {path}: {json.load(e)['value']['message']}")

    def run(self, script, *args):
        return self.ask("POST", "/execute/sync", {"script": script, "args": args})

    def kill(self):
        if self.session:
            self.ask("DELETE", "")
        if self.driver:
            self.driver.terminate()
            self.driver.wait()
        self.server.shutdown()

    # ---- a person's hands and eyes ----

    def click(self, selector):
        element, = self.ask("POST", "/element", {"using": "css selector", "value": selector}).values()
        self.ask("POST", f"/element/{element}/click", {})

    def type(self, keys):
        actions = [{"type": t, "value": k} for k in keys for t in ("keyDown", "keyUp")]
        self.ask("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def type_at(self, name, text):
        self.click(f"#{name} .xterm-screen")
        self.type(text + "\ue007")     # Enter

    def text(self, name):
        if name in ("screen", "status"):
            return self.run("return document.querySelector(arguments[0]).textContent",
                            {"screen": "#screen .text", "status": "#status"}[name])
        return self.run("return textOf(arguments[0])", name)

    def sees(self, name, want, timeout=60):
        """Waits until that pane shows it."""
        limit = time.monotonic() + timeout * PATIENCE
        while True:
            text = self.text(name)
            found = re.search(want, text)
            if found:
                return found
            check(time.monotonic() < limit, f"{name} does not show {want!r}; the page says {self.text('status')!r}:\n" + tail(text))
            time.sleep(0.2)

    def picture(self, name):
        os.makedirs(LOG, exist_ok=True)
        with open(os.path.join(LOG, name), "wb") as f:
            f.write(base64.b64decode(self.ask("GET", "/screenshot")))


class Page(Group):
    layer = "system"

    def setup(self):
        kernel, initrd = linux.linux(), linux.initrd()
        elf()
        sh([os.path.join(ROOT, "tools", "build-web.sh"), SITE, os.path.join(BUILD, "ringlet.stripped.elf"), kernel, initrd],
           timeout=900)
        browser = Browser()
        try:
            browser.sees("status", "Both guests run", 120)
        except Exception:
            browser.kill()      # nobody else has it yet
            raise
        return browser


def loads(b):
    """Every terminal has its prompt."""
    b.sees("alpha", "alpha:~#")
    b.sees("beta", "beta:~#")
    b.sees("monitor", "ringlet>")
    b.sees("screen", "beta:~#")


def types(b):
    """What is typed in a terminal is answered there."""
    b.type_at("alpha", "echo $(hostname) has $((6*7))")
    b.sees("alpha", "alpha has 42")
    b.type_at("monitor", "list")
    b.sees("monitor", r"1 alpha +(running|idle)[^\n]*\n *2 beta +(running|idle)")
    b.type_at("monitor", "console beta")     # brings no other console into this terminal
    b.type_at("monitor", "audit")
    b.sees("monitor", r"audit of the descriptors: ok\s+audit alpha: ok[^\n]*\s+audit beta: ok")
    check("alpha:" not in b.text("beta") and not re.search("alpha:~|beta:~", b.text("monitor")),
          "one console's text is in another's terminal")


def screen(b):
    """The PC's own screen and keyboard go their own way."""
    b.click("#screen .view")
    b.type("hostname\ue007")
    b.sees("screen", "hostname +beta +beta:~#")
    check("hostname\n" not in b.text("alpha"), "what is typed at the screen arrives in alpha")


def destroys(b):
    """A guest is destroyed while its neighbour counts; the neighbour goes on, and the guest comes back."""
    b.click("#alpha button.destroy")
    b.sees("monitor", "alpha: destroyed")
    b.sees("status", "beta does not notice")
    said = b.sees("beta", r"beta counts \d").string     # not while it is painted anew
    at = max(int(n) for n in re.findall(r"beta counts (\d+)", said))
    b.sees("beta", rf"beta counts {at + 5}\n", 120)
    b.sees("screen", f"beta counts {at + 5}")
    b.picture("browser.png")
    b.click("#alpha button.start")
    b.sees("status", "alpha is back", 240)
    b.type_at("alpha", "echo again $((6*9))")
    b.sees("alpha", r"again 54\n")
    b.type_at("monitor", "list")
    b.sees("monitor", r"1 alpha +(running|idle) +\d+ KiB +2 ")


def groups():
    return [Page([("web-loads", loads), ("web-types", types), ("web-screen", screen), ("web-destroys", destroys)])]
