"""A connection file names secrets; what is missing is said without ever showing one."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from connectors.credentials import AccessToken, SecretRef
from connectors.errors import WrongSettings


def test_a_secret_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_SECRET", "hush")
    assert SecretRef(env="SOME_SECRET").value("Procore") == "hush"


@pytest.mark.parametrize("content", [b"hush\n", b"\xef\xbb\xbfhush\r\n", b"  hush  "])
def test_a_secret_comes_from_a_file_without_its_line_end(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret").write_bytes(content)
    assert SecretRef(file=tmp_path / "secret").value("Procore") == "hush"


@pytest.mark.parametrize("value", [None, ""])
def test_an_unset_variable_is_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv("SOME_SECRET", raising=False)
    if value is not None:
        monkeypatch.setenv("SOME_SECRET", value)
    with pytest.raises(WrongSettings) as raised:
        SecretRef(env="SOME_SECRET").value("Procore")
    assert str(raised.value) == (
        "Procore: The environment variable SOME_SECRET is not set. "
        "Set SOME_SECRET for the process that runs PaidSync."
    )


def test_a_missing_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WrongSettings, match=r"secret cannot be read \(No such file") as raised:
        SecretRef(file=tmp_path / "secret").value("Procore")
    assert "Mount the file" in str(raised.value)


def test_a_folder_in_the_place_of_a_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(WrongSettings, match="cannot be read"):
        SecretRef(file=tmp_path).value("Procore")


def test_an_empty_file_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("\n")
    with pytest.raises(WrongSettings, match="is empty"):
        SecretRef(file=tmp_path / "secret").value("Procore")


def test_a_file_that_is_no_text_is_a_sentence_without_its_content(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"hush\xff\xfe")
    with pytest.raises(WrongSettings, match="is not text") as raised:
        SecretRef(file=tmp_path / "secret").value("Procore")
    assert "hush" not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("given", [{}, {"env": "A", "file": "b"}, {"value": "hush"}])
def test_a_secret_is_named_in_one_place_and_never_written_out(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        SecretRef.model_validate(given)


def test_an_access_token_does_not_show_itself() -> None:
    token = AccessToken("hush", datetime.now(UTC) + timedelta(hours=1))
    assert "hush" not in repr(token)
    assert "hush" not in f"{token}"


@pytest.mark.parametrize(("seconds", "fresh"), [(3600, True), (125, True), (115, False)])
def test_a_token_about_to_expire_is_not_sent(seconds: int, fresh: bool) -> None:
    assert AccessToken("t", datetime.now(UTC) + timedelta(seconds=seconds)).fresh is fresh
