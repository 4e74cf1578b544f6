"""The mail catcher: takes every mail over SMTP and shows it on a page. Nothing is ever sent on.

Usage: mail.py <smtp port> <page port> <folder>. Mails are kept as files in the folder, the newest 500 of them.
"""

import email
import email.policy
import html
import json
import pathlib
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller

KEPT = 500
SMTP_PORT, PAGE_PORT, FOLDER = int(sys.argv[1]), int(sys.argv[2]), pathlib.Path(sys.argv[3])


class Catcher:
    """Stores each mail as one .eml file whose name begins with the time, so that names sort by age."""

    async def handle_DATA(self, server, session, envelope):
        name = f"{time.time_ns()}.eml"
        head = f"X-Envelope-From: {envelope.mail_from}\r\nX-Envelope-To: {', '.join(envelope.rcpt_tos)}\r\n"
        (FOLDER / name).write_bytes(head.encode() + envelope.original_content)
        for old in mails()[KEPT:]:
            old.unlink(missing_ok=True)
        return "250 Message caught"


def mails():
    return sorted(FOLDER.glob("*.eml"), reverse=True)


def read(path):
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    part = lambda kind: (lambda found: found.get_content() if found else "")(message.get_body((kind,)))
    return {
        "id": path.stem,
        "received_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(path.stem) / 1e9)),
        "from": str(message["From"] or ""),
        "to": str(message["To"] or ""),
        "subject": str(message["Subject"] or ""),
        "headers": {name: str(value) for name, value in message.items()},
        "text": part("plain"),
        "html": part("html"),
    }


STYLE = "body{font:15px/1.5 system-ui;max-width:60em;margin:2em auto;padding:0 1em}li{margin:.6em 0}small{color:#666}"
STYLE += "iframe{width:100%;height:30em;border:1px solid #ccc}pre{white-space:pre-wrap;background:#f6f6f6;padding:1em}"


def page(title, body):
    head = f"<!doctype html><meta charset=utf-8><title>{title}</title><style>{STYLE}</style>"
    return f"{head}<h1>{title}</h1>{body}".encode()


class Page(BaseHTTPRequestHandler):
    """GET / lists, GET /mails.json lists as JSON, GET /mails/<id> shows one."""

    def do_GET(self):
        if self.path == "/mails.json":
            return self.answer(json.dumps([read(path) for path in mails()]).encode(), "application/json")
        if self.path == "/":
            item = '<li><a href="/mails/{id}">{subject}</a><br><small>{received_at} &middot; {to}</small></li>'
            rows = [item.format(**{key: html.escape(value) for key, value in read(path).items() if isinstance(value, str)})
                    for path in mails()]
            return self.answer(page("Mails", f"<ul>{''.join(rows)}</ul>" if rows else "<p>No mail has arrived yet.</p>"))
        found = re.fullmatch(r"/mails/(\d+)", self.path)
        path = FOLDER / f"{found[1]}.eml" if found else None
        if path is None or not path.exists():
            return self.answer(page("Not found", '<p><a href="/">All mails</a></p>'), status=404)
        mail = read(path)
        heads = "".join(f"<li><b>{html.escape(k)}:</b> {html.escape(v)}</li>" for k, v in mail["headers"].items())
        # sandbox: a mail's script must not run here.
        shown = f'<iframe sandbox srcdoc="{html.escape(mail["html"])}"></iframe>' if mail["html"] else ""
        body = f'<p><a href="/">All mails</a></p><ul>{heads}</ul>{shown}<pre>{html.escape(mail["text"])}</pre>'
        return self.answer(page(html.escape(mail["subject"]), body))

    def answer(self, body, kind="text/html; charset=utf-8", status=200):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


FOLDER.mkdir(parents=True, exist_ok=True)
Controller(Catcher(), hostname="127.0.0.1", port=SMTP_PORT).start()
ThreadingHTTPServer(("127.0.0.1", PAGE_PORT), Page).serve_forever()
