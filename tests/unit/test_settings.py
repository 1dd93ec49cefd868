import pytest

from lectern.errors import SettingsError
from lectern.settings import FILE_NAME, Settings, SettingsFile, read_settings


def test_no_file_gives_the_defaults(tmp_path):
    assert SettingsFile(tmp_path).read() == Settings()


def test_values_are_read(tmp_path):
    (tmp_path / FILE_NAME).write_text('[limits]\nside = 4096\n[fonts]\nfolders = ["/fonts"]\n')
    settings = SettingsFile(tmp_path).read()
    assert settings.limits.side == 4096 and str(settings.fonts.folders[0]) == "/fonts"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("[limits]\nside = 'big'", ["limits.side", "'big'", "integer"]),
        ("[limits]\nslides = 0", ["limits.slides", "0", "greater than or equal to 1"]),
        ("[limit]\nside = 1", ["limit is not a setting"]),
        ("[apps]\nqueue = 5\nqueued = -1", ["apps.queue is not a setting", "apps.queued", "-1"]),
        ("limits = 3", ["limits", "3"]),
        ("[limits", ["cannot be read"]),
        ("\xff", ["cannot be read"]),
    ],
)
def test_a_mistake_names_key_value_and_file(tmp_path, content, named):
    file = tmp_path / FILE_NAME
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(SettingsError) as error:
        read_settings(file)
    assert all(text in str(error.value) for text in [str(file), *named])


def test_a_changed_file_counts_without_a_restart(tmp_path):
    settings = SettingsFile(tmp_path)
    assert settings.read().limits.slides == 500
    (tmp_path / FILE_NAME).write_text("[limits]\nslides = 7\n")
    assert settings.read().limits.slides == 7
    (tmp_path / FILE_NAME).write_text("[limits]\nslides = 'x'\n")
    with pytest.raises(SettingsError):
        settings.read()
    (tmp_path / FILE_NAME).unlink()
    assert settings.read().limits.slides == 500
