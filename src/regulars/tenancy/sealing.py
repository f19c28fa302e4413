# SPDX-License-Identifier: Apache-2.0
"""Small secrets at rest: encrypted under a key derived from the installation's secret. Pure."""

from base64 import urlsafe_b64encode
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from regulars.kernel.errors import RegularsError, gettext_noop


class SealBroken(RegularsError):
    """The sealed value was made under another secret key, or was altered."""

    code = "seal_broken"
    status = 500
    text = gettext_noop(
        "A stored secret cannot be read. Was the secret key file changed? Restore it, or enter the secret again."
    )


@lru_cache(maxsize=8)
def _cipher(secret_key: bytes, purpose: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"regulars {purpose}".encode()).derive(secret_key)
    return Fernet(urlsafe_b64encode(derived))


def seal(plain: str, *, secret_key: bytes, purpose: str) -> bytes:
    """Encrypt a short text; what is sealed for one purpose cannot be opened for another."""
    return _cipher(secret_key, purpose).encrypt(plain.encode())


def unseal(sealed: bytes, *, secret_key: bytes, purpose: str) -> str:
    """Decrypt what `seal` made. Raises SealBroken."""
    try:
        return _cipher(secret_key, purpose).decrypt(sealed).decode()
    except InvalidToken:
        raise SealBroken from None
