"""Which names no tool may touch: git's own folder and well-known credential files.

A name is one component of a path. It is compared as the laxest file system would see it:
without the characters that HFS+ ignores, with compatibility forms and case folded, without
what NTFS drops at the end (git's CVE-2014-9390, CVE-2019-1352, CVE-2021-21300), so that no
spelling reaches on one machine what is refused on another.

What counts as a secret (lower case, ``*`` as in a shell):

- environment files: ``.env``, ``.env.*``, ``*.env``, except templates (``.env.example``,
  ``.env.sample``, ``.env.template``, ``.env.dist``, ``example.env`` ...);
- private keys and key stores: ``*.pem``, ``*.key``, ``*.p12``, ``*.pfx``, ``*.pkcs12``,
  ``*.jks``, ``*.keystore``, ``*.ppk``, ``*.kdbx``, ``id_rsa``, ``id_dsa``, ``id_ecdsa``,
  ``id_ed25519`` and their ``_sk`` forms (public halves, ``id_rsa.pub``, are free);
- credential files of well-known programs: ``.netrc``, ``_netrc``, ``.pypirc``, ``.pgpass``,
  ``.my.cnf``, ``.git-credentials``, ``.htpasswd``, ``.dockercfg``, ``.dockerconfigjson``,
  ``.boto``, ``.s3cfg``, ``.vault-token``, ``.vault_pass``, ``*.tfstate``;
- data files named for what they hold: ``credentials``, ``secret``, ``secrets`` with an
  ending such as ``.json``, ``.yaml`` or ``.toml`` (``secrets.py`` is code and free),
  ``client_secret*.json``, ``service-account*.json``, ``application_default_credentials.json``;
- folders of credentials: ``.ssh``, ``.gnupg``, ``.aws``, ``.azure``, ``.kube``;
- copies of all these that editors leave behind: ``~``, ``.bak``, ``.old``, ``.orig``,
  ``.save``, ``.swp``.

Build files that may hold a token as well (``.npmrc``, ``.envrc``, ``nuget.config``) are not
here: projects cannot be built without them. They are flagged when they change.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_GIT = re.compile(r"\.git|git~\d+")

_ENDINGS = r"(json|ya?ml|toml|ini|cfg|conf|properties|xml|csv|txt|enc|gpg|env)"

_SECRET = re.compile(
    r"\.env | \.env\..+ | .+\.env | env~\d.*"
    r"| .+\.(pem|key|p12|pfx|pkcs12|jks|keystore|ppk|kdbx)"
    r"| id_(rsa|dsa|ecdsa|ed25519)(_sk)?"
    r"| [._]netrc | \.pypirc | \.pgpass | \.my\.cnf | \.git-credentials | \.htpasswd"
    r"| \.dockercfg | \.dockerconfigjson | \.boto | \.s3cfg"
    r"| \.vault-token | \.vault_pass(word)? | .+\.tfstate"
    rf"| (credentials|secrets?)\.{_ENDINGS} | \.secrets? | \.credentials"
    r"| client_secret.*\.json | service[-_]?account.*\.json"
    r"| application_default_credentials\.json"
    r"| \.ssh | \.gnupg | \.aws | \.azure | \.kube",
    re.VERBOSE | re.DOTALL,
)

_TEMPLATE = re.compile(r"\.env\..*(example|sample|template|dist)|(example|sample|template)\.env")

_COPY = re.compile(r"(~|\.(bak|old|orig|save|swp))+$")


@lru_cache(maxsize=16384)
def is_git(name: str) -> bool:
    """Whether a name, in any disguise, is ``.git`` (``.gitignore`` and its like are not)."""
    return any(_GIT.fullmatch(piece) for piece in _pieces(name))


@lru_cache(maxsize=16384)
def is_secret(name: str) -> bool:
    """Whether a name, in any disguise, is on the list of this module."""
    return any(_names_secret(piece) for piece in _pieces(name))


def _names_secret(name: str) -> bool:
    original = _COPY.sub("", name)
    if _TEMPLATE.fullmatch(original):
        return False
    return bool(_SECRET.fullmatch(name) or _SECRET.fullmatch(original))


def _pieces(name: str) -> list[str]:
    """The names that some file system could take this one for, in their plainest form.

    NTFS splits at a backslash and names a stream after a colon (``.git::$INDEX_ALLOCATION``).
    """
    return [_plain(piece.partition(":")[0]) for piece in _folded(name).split("\\")]


def _plain(name: str) -> str:
    return name.rstrip(" .")


def _folded(name: str) -> str:
    if name.isascii():
        return name.lower()
    visible = "".join(c for c in name if unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", visible).casefold())
