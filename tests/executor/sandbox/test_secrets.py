"""Names that no tool may touch, in every disguise."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_task_executor.sandbox.secrets import is_git, is_secret

HFS_IGNORED = "\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u206a\u206f\ufeff"
"""A sample of what git's utf8.c (next_hfs_char) skips."""

DISGUISES = (
    str.upper,
    str.title,
    lambda name: name + " ",
    lambda name: name + ". . .",
    lambda name: name + "::$INDEX_ALLOCATION",
    lambda name: name + ":stream",
    HFS_IGNORED.join,
    lambda name: "\u00ad" + name,
    lambda name: name + "\u00a0",
    lambda name: "".join(chr(ord(c) + 0xFEE0) for c in name),  # full width
    lambda name: name.replace("k", "\u212a").replace("s", "\u017f"),  # Kelvin, long s
    lambda name: "folder\\" + name,
    lambda name: name + "\\config",
)

SECRETS = (
    ".env",
    ".env.local",
    ".env.production",
    "prod.env",
    "server.pem",
    "tls.key",
    "id_rsa",
    "id_ed25519",
    "id_ecdsa_sk",
    "id_rsa.bak",
    "cert.p12",
    "cert.pfx",
    "release.keystore",
    "app.jks",
    ".netrc",
    "_netrc",
    ".pypirc",
    ".git-credentials",
    ".pgpass",
    ".htpasswd",
    "credentials.json",
    "secrets.yaml",
    "secret.toml",
    "client_secret_123.apps.json",
    "service-account-prod.json",
    "service_account.json",
    "terraform.tfstate",
    "terraform.tfstate.bak",
    ".ssh",
    ".gnupg",
    ".aws",
    ".kube",
    ".env~",
    ".env.swp",
)

FREE = (
    ".env.example",
    ".env.sample",
    ".env.template",
    ".env.test.example",
    "example.env",
    "environment.py",
    ".environment",
    ".envrc",
    ".npmrc",
    "id_rsa.pub",
    "secrets.py",
    "test_secrets.py",
    "credentials.py",
    "credentials",
    "keys.json",
    "monkey.py",
    "package.json",
    ".gitignore",
    "pem",
    "key",
)


@pytest.mark.parametrize("name", SECRETS)
def test_well_known_credential_files_are_secret(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", FREE)
def test_templates_public_keys_and_code_are_not_secret(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("name", [".env", "id_rsa", "server.key", ".ssh"])
def test_a_disguised_secret_is_still_secret(name: str, disguise: object) -> None:
    assert callable(disguise)
    assert is_secret(disguise(name))


@pytest.mark.parametrize("disguise", DISGUISES)
def test_git_is_recognised_in_every_disguise(disguise: object) -> None:
    assert callable(disguise)
    assert is_git(disguise(".git"))


@pytest.mark.parametrize("name", ["git~1", "GIT~1", "git~1 .", "git~2", "\uff47it~1"])
def test_the_short_name_of_git_is_recognised(name: str) -> None:
    assert is_git(name)


@pytest.mark.parametrize(
    "name", [".gitignore", ".gitattributes", ".github", "git", ".git2", "x.git", "git~", "digit~1"]
)
def test_names_that_only_resemble_git_are_free(name: str) -> None:
    assert not is_git(name)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(HFS_IGNORED), max_size=6),
    st.integers(0, 4),
    st.text(" .", max_size=4),
    st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_no_mixture_of_tricks_hides_git(
    ignored: list[str], where: int, tail: str, upper: list[bool]
) -> None:
    cased = "".join(c.upper() if up else c for c, up in zip(".git", upper, strict=True))
    assert is_git(cased[:where] + "".join(ignored) + cased[where:] + tail)


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_any_text_can_be_asked_about(name: str) -> None:
    assert isinstance(is_secret(name), bool)
    assert isinstance(is_git(name), bool)
