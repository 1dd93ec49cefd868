"""What the README says of apps against the code: settings, statuses, events, error codes, options, verbs."""

import re
import tomllib

from lectern.apps import errors
from lectern.apps.publishing.converting import WorkflowFormat
from lectern.apps.publishing.versions import AppOptions
from lectern.apps.runs import RunStatus
from lectern.cli.errors import CommandError, NotSucceeded, OutOfReach, WrongUse
from lectern.errors import AppError
from lectern.settings import Apps, Settings
from support import readme

APPS = "Workflows as apps"


def codes(text: str) -> set[str]:
    return set(re.findall(r"`([a-z_]+)`", text))


def test_every_setting_of_apps_is_there_with_its_default():
    (block,) = [one.text for one in readme.blocks("Settings") if one.language == "toml"]
    written = tomllib.loads(block)["apps"]
    defaults = Apps().model_dump(mode="json")
    assert {key: defaults[key] for key in written} == written
    left_out = set(defaults) - set(written)
    assert left_out == {"audit", "webhook_secret_env", "webhook_secret_file"}  # they have no default to write
    assert all(key in block for key in left_out)


def test_the_whole_block_of_settings_is_valid():
    (block,) = [one.text for one in readme.blocks("Settings") if one.language == "toml"]
    assert Settings.model_validate(tomllib.loads(block)).apps == Apps()


def test_statuses():
    assert {name.strip("`") for name in readme.table(APPS, "status |")} == set(RunStatus)


def test_error_codes_stand_at_their_status():
    classes = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, AppError)]
    wanted: dict[int, set[str]] = {}
    for one in [*classes, WorkflowFormat]:
        if one is not AppError:
            wanted.setdefault(one.status, set()).add(one.code)
    told: dict[int, set[str]] = {}
    for statuses, text in readme.table(APPS, "status | codes").items():
        parts = text.partition(", each")[0].split("; ")
        numbers = [int(number) for number in statuses.split(", ")]
        assert len(numbers) == len(parts)
        told |= {number: codes(part) for number, part in zip(numbers, parts, strict=True)}
    assert told == wanted


def test_options_of_an_app_with_their_defaults():
    rows = readme.section(APPS).partition("`options` are:")[2].strip().partition("\n\n")[0]
    told = dict(re.findall(r"^\| `(\w+)` \((\w+)\)", rows, re.MULTILINE))
    words = {False: "false", True: "true", None: "none"}
    defaults = {key: words.get(value, str(value)) for key, value in AppOptions().model_dump().items()}
    assert told == defaults


def test_exit_codes():
    (said,) = re.findall(
        r"Exit codes: 0 succeeded, (\d) refused, failed or canceled, (\d) wrong use, (\d) no server",
        readme.section(APPS),
    )
    assert [int(code) for code in said] == [CommandError.exit_code, WrongUse.exit_code, OutOfReach.exit_code]
    assert NotSucceeded.exit_code == CommandError.exit_code


def test_every_block_of_code_is_one_that_is_run():
    """tests/comfyui/test_readme_apps.py runs them; a new one has to be run as well."""
    languages = [one.language for one in readme.blocks(APPS)]
    assert {name: languages.count(name) for name in languages} == {
        "bash": 4, "json": 2, "python": 3, "js": 1, "text": 2,
    }  # fmt: skip
