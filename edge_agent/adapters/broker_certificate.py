"""Why a broker's certificate is not valid now: its dates.

The handshake that fails says no more than "expired". So the broker is asked once more for its certificate,
with everything checked but the dates; the connection is closed before anything is said on it.
"""

import socket
import ssl
from datetime import UTC, datetime

_EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED, <openssl/x509_vfy.h>
_NOT_YET_VALID = 9
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME; Python gives it no name
_TIMEOUT_S = 5.0


def is_about_dates(error: Exception) -> bool:
    """True where a TLS handshake failed because a certificate is not valid at this time."""
    return isinstance(error, ssl.SSLCertVerificationError) and error.verify_code in (_EXPIRED, _NOT_YET_VALID)


def explain(error: Exception, host: str, port: int) -> str:
    """The error's text, with the dates of the broker's certificate where they can be had. Blocks."""
    dates = _dates(host, port)
    if dates is None:
        return str(error)
    begin, end = dates
    now = datetime.now(UTC)
    if now > end:
        return f"the broker's certificate expired on {_shown(end)}"
    if now < begin:
        return f"the broker's certificate is not valid before {_shown(begin)}"
    return f"a certificate that vouches for the broker's is not valid now; its own is until {_shown(end)}"


def _dates(host: str, port: int) -> tuple[datetime, datetime] | None:
    context = ssl.create_default_context()
    context.verify_flags |= _NO_CHECK_TIME
    try:
        with (
            socket.create_connection((host, port), _TIMEOUT_S) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            certificate = secure.getpeercert() or {}
    except OSError:
        return None
    return _moment(certificate.get("notBefore")), _moment(certificate.get("notAfter"))


def _moment(text: object) -> datetime:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(text)), UTC)


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
