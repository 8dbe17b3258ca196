import subprocess
import sys

HEAVY = ("apscheduler", "httpx", "numpy", "pydantic", "rich.table", "sklearn", "sqlalchemy", "telegram", "yaml")


def test_the_help_is_shown_without_loading_what_commands_need():
    code = f"import sys, bot.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
