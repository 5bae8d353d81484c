"""Hands e-mail to the district's own mail server (SMTP).

A try is one conversation. Whatever happens is an answer, which names neither the address nor what
was said: who sends keeps what came of it, and tries again or not.
"""

from __future__ import annotations

import re
import smtplib
import ssl
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from fivered.chassis.webhook_wire import Answer

# From the first look for the server to its last word, s.
PATIENCE_S = 10.0
# What an operator may set as the server. Without TLS only on this machine.
SERVER = (
    re.compile(
        r"((smtps|smtp\+starttls)://([^\s:@/]+:[^\s@/]+@)?[a-z0-9.\[\]-]+(:[0-9]{1,5})?"
        r"|smtp://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?)?\Z"
    ),
    "server of mail: smtps:// or smtp+starttls://user:password@host, nor one of smtp here",
)
_PORTS = {"smtps": 465, "smtp+starttls": 587, "smtp": 25}


def send(
    server: str,
    sender: str,
    to: str,
    *,
    message_id: str,
    subject: str,
    text: str,
    patience_s: float = PATIENCE_S,
) -> Answer:
    """Hand one e-mail to the server, once.

    Args:
        server: `smtps://user:password@host:port`, `smtp+starttls://…`, or `smtp://localhost:port`.
        sender: From whom it is.
        to: To whom.
        message_id: The same at each try, so that a mailbox may leave out a second one.
        subject: One line.
        text: What the person reads.
        patience_s: How long the whole try may take, s.

    Returns:
        The server's code (250 is taken, 5xx is refused for good), or None and why.
    """
    began = time.monotonic()
    status, why = None, ""
    mail = _mail(sender, to, message_id, subject, text)
    try:
        status, why = _converse(server, sender, to, mail, patience_s)
    except smtplib.SMTPRecipientsRefused as error:
        status, why = next((code for code, _said in error.recipients.values()), None), "refused"
    except smtplib.SMTPResponseException as error:
        status, why = error.smtp_code, "refused"
    except (OSError, smtplib.SMTPException, ValueError) as error:
        # The words of a server may repeat the address.
        why = type(error).__name__
    return Answer(status, why, int((time.monotonic() - began) * 1000))


def _mail(sender: str, to: str, message_id: str, subject: str, text: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{message_id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text)
    return mail.as_bytes(policy=SMTP)


def _converse(server: str, sender: str, to: str, mail: bytes, patience_s: float) -> tuple[int, str]:
    parts = urlsplit(server)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    context = ssl.create_default_context()
    line: smtplib.SMTP
    if parts.scheme == "smtps":
        line = smtplib.SMTP_SSL(host, port, timeout=patience_s, context=context)
    else:
        line = smtplib.SMTP(host, port, timeout=patience_s)
    # A server that says a word now and then would never meet a socket's own limit.
    end = threading.Timer(patience_s, lambda: _hang_up(line))
    end.daemon = True
    end.start()
    try:
        if parts.scheme == "smtp+starttls":
            line.starttls(context=context)
        if parts.username:
            line.login(unquote(parts.username), unquote(parts.password or ""))
        line.sendmail(sender, [to], mail)
    finally:
        end.cancel()
        with suppress(OSError, smtplib.SMTPException):
            line.quit()
    return 250, ""


def _hang_up(line: smtplib.SMTP) -> None:
    with suppress(OSError):
        if line.sock is not None:
            line.sock.shutdown(2)
