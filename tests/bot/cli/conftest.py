from collections.abc import Callable, Iterator

import pytest
import structlog

from bot.cli import main

Run = Callable[..., tuple[int, str]]


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """A command in this process logs to the output of its test, which is closed afterwards."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def straitwatch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in this process with these settings; gives exit code and output."""

    def run(*arguments: str, **settings: object) -> tuple[int, str]:
        for name, value in settings.items():
            monkeypatch.setenv(f"STRAITWATCH_{name.upper()}", str(value))
        monkeypatch.setattr("sys.argv", ["straitwatch", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capsys.readouterr()
        return int(ended.value.code or 0), shown.out + shown.err

    return run
