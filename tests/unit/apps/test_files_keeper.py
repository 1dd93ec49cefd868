"""Files that are kept: once for the same bytes, bounded, whole or not at all, and gone when their time is over."""

import os
import time

import pytest

from lectern.apps.errors import FileNotKept, FilesFull, FileTooLarge, NotReady, UnusableFile
from lectern.apps.files.keeper import HOUR_MS, FileKeeper
from lectern.apps.store.storage import Storage
from lectern.settings import Apps, Limits, Settings
from unit.apps.media import animation, bomb, noise, picture, pieces, sound, turned


class Shelf:
    """A keeper with a clock and settings that a test turns."""

    def __init__(self, folder):
        self.folder = folder / "files"
        self.now = 1_000_000
        self.settings = Settings()
        self.open()

    def open(self):
        self.storage = Storage(self.folder.parent)
        self.keeper = FileKeeper(self.folder, self.storage, lambda: self.settings, lambda: self.now)

    async def restart(self):
        await self.storage.close()
        self.open()

    def files(self):
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file())

    def age(self):
        """Everything on the disk, as if it had lain there for days."""
        then = time.time() - 900_000
        for path in self.folder.rglob("*"):
            os.utime(path, (then, then))


@pytest.fixture
async def shelf(tmp_path):
    made = Shelf(tmp_path)
    yield made
    await made.storage.close()


def everybody(owner):
    return True


async def test_a_file_comes_back_as_it_was_given(shelf):
    content = picture()
    kept = await shelf.keeper.add("k1", "a/photo.png", "image/png", pieces(content, 10))
    assert kept.new and kept.url == f"/lectern/v1/files/{kept.id}"
    assert (kept.name, kept.content_type, kept.size) == ("photo.png", "image/png", len(content))
    assert kept.expires_ms == shelf.now + 24 * HOUR_MS
    path, row = await shelf.keeper.open(kept.id, everybody)
    assert path.read_bytes() == content and path == shelf.folder / kept.id[:2] / kept.id
    assert (row.owner, row.name) == ("k1", "photo.png")
    assert shelf.files() == [kept.id]


async def test_the_same_bytes_of_the_same_owner_are_one_file_that_is_kept_longer(shelf):
    first = await shelf.keeper.add("k1", "a.png", "", picture())
    shelf.now += HOUR_MS
    again = await shelf.keeper.add("k1", "b.png", "", picture())
    assert again == first._replace(new=False, expires_ms=first.expires_ms + HOUR_MS)
    other = await shelf.keeper.add("k2", "a.png", "", picture())
    assert other.new and other.id != first.id
    assert shelf.files() == sorted([first.id, other.id])


async def test_only_who_may_see_an_owner_opens_its_files(shelf):
    kept = await shelf.keeper.add("k1", "a.png", "", picture())
    with pytest.raises(FileNotKept):
        await shelf.keeper.open(kept.id, lambda owner: owner == "k2")
    with pytest.raises(FileNotKept):
        await shelf.keeper.use(kept.id, "k2")
    assert (await shelf.keeper.use(kept.id, "k1")).id == kept.id


@pytest.mark.parametrize("file_id", ["", "0" * 32, "../../lectern.db", "%00"])
async def test_an_id_that_is_none_of_ours(shelf, file_id):
    with pytest.raises(FileNotKept):
        await shelf.keeper.open(file_id, everybody)
    await shelf.keeper.add("", "a.png", "", picture())
    with pytest.raises(FileNotKept):
        await shelf.keeper.open(file_id, everybody)


async def test_the_type_is_part_of_what_a_file_is(shelf):
    text = await shelf.keeper.add("", "a.txt", "text/plain", b"x,y")
    table = await shelf.keeper.add("", "a.csv", "text/csv", b"x,y")
    assert text.id != table.id


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
async def test_damaged_pictures_are_refused_and_leave_nothing(shelf, form):
    content = noise(form)
    with pytest.raises(UnusableFile, match="damaged"):
        await shelf.keeper.add("", "a", "", content[: len(content) // 2])
    assert shelf.files() == []
    assert (await shelf.keeper.add("", "a", "", content)).new


@pytest.mark.parametrize(
    ("content", "declared"),
    [
        (bomb(20_000, 10), ""),
        (bomb(16_000, 16_000), ""),
        (bomb(10_000, 10_000), ""),
        (b"<svg/>", "image/svg+xml"),
        (sound(), "image/png"),
        (b"", "image/png"),
    ],
)
async def test_bombs_and_lies_are_refused(shelf, content, declared):
    with pytest.raises(UnusableFile):
        await shelf.keeper.add("", "a.png", declared, content)
    assert shelf.files() == []


async def test_a_picture_may_have_as_many_pixels_as_the_settings_say(shelf):
    shelf.settings = Settings(limits=Limits(side=64))
    with pytest.raises(UnusableFile, match="65x64 pixels; a side may have 64"):
        await shelf.keeper.add("", "a.png", "", picture(size=(65, 64)))
    assert (await shelf.keeper.add("", "a.png", "", picture(size=(64, 64)))).new


async def test_an_animation_counts_with_all_its_frames(shelf, monkeypatch):
    monkeypatch.setattr("lectern.apps.files.pictures.ALL_PIXELS", 8 * 6 * 2)
    with pytest.raises(UnusableFile, match="too many pixels"):
        await shelf.keeper.add("", "a.gif", "", animation("red", "green", "blue"))
    assert (await shelf.keeper.add("", "a.gif", "", animation("red", "green"))).content_type == "image/gif"


async def test_phone_pictures_are_taken(shelf):
    assert (await shelf.keeper.add("", "a.jpg", "image/jpeg", turned())).content_type == "image/jpeg"


async def test_a_file_that_is_too_large_stops_at_the_limit(shelf):
    read = 0

    async def endless():
        nonlocal read
        while True:
            read += 1
            yield b"\0" * 100_000

    shelf.settings = Settings(apps=Apps(file_mb=1))
    with pytest.raises(FileTooLarge, match="at most 1 MB"):
        await shelf.keeper.add("", "a", "", endless())
    assert read == 11 and shelf.files() == []
    with pytest.raises(FileTooLarge):
        await shelf.keeper.add("", "a", "", b"12345", limit=4)


async def test_all_files_together_are_bounded_and_one_that_is_there_still_counts_as_there(shelf):
    shelf.settings = Settings(apps=Apps(files_mb=1))
    first = await shelf.keeper.add("", "a.bin", "", b"a" * 600_000)
    with pytest.raises(FilesFull, match="1 MB"):
        await shelf.keeper.add("", "b.bin", "", b"b" * 600_000)
    assert shelf.files() == [first.id]
    assert not (await shelf.keeper.add("", "a.bin", "", b"a" * 600_000)).new
    await shelf.keeper.sweep(first.expires_ms, set())
    assert (await shelf.keeper.add("", "b.bin", "", b"b" * 600_000)).new


async def test_a_full_disk_is_told_and_leaves_nothing(shelf, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("lectern.apps.files.upload.os.write", full)
        with pytest.raises(FilesFull, match="disk"):
            await shelf.keeper.add("", "a.png", "", picture())
    assert shelf.files() == []


async def test_a_folder_that_cannot_be_written_is_told(shelf):
    shelf.folder.parent.mkdir(exist_ok=True)
    shelf.folder.write_text("in the way")
    with pytest.raises(NotReady, match="cannot be kept"):
        await shelf.keeper.add("", "a.png", "", picture())


async def test_a_source_that_breaks_off_leaves_nothing(shelf):
    async def broken():
        yield picture()[:20]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await shelf.keeper.add("", "a.png", "", broken())
    assert shelf.files() == []


async def test_a_file_whose_time_is_over_goes_unless_a_run_uses_it(shelf):
    old = await shelf.keeper.add("", "a.bin", "", b"a")
    used = await shelf.keeper.add("", "b.bin", "", b"b")
    shelf.now = old.expires_ms
    fresh = await shelf.keeper.add("", "c.bin", "", b"c")
    with pytest.raises(FileNotKept):
        await shelf.keeper.open(old.id, everybody)
    assert (await shelf.keeper.open(used.id, everybody, expired=True)).path.read_bytes() == b"b"
    assert await shelf.keeper.sweep(shelf.now, {used.id}) == 1
    assert shelf.files() == sorted([used.id, fresh.id])
    assert await shelf.keeper.sweep(shelf.now, set()) == 1
    assert shelf.files() == [fresh.id]


async def test_a_file_that_a_run_names_is_kept_as_long_as_a_new_one(shelf):
    kept = await shelf.keeper.add("", "a.bin", "", b"a")
    shelf.now += 23 * HOUR_MS
    await shelf.keeper.use(kept.id, "")
    assert await shelf.keeper.sweep(kept.expires_ms, set()) == 0


async def test_what_a_crash_left_is_tidied_up_once_it_is_old(shelf):
    kept = await shelf.keeper.add("", "a.bin", "", b"a")
    half = shelf.keeper.upload()
    await half.write(b"half")  # and then nothing more
    (shelf.folder / "ab").mkdir(exist_ok=True)
    (shelf.folder / "ab" / ("ab" * 16)).write_bytes(b"moved, but its row was never written")
    await shelf.keeper.sweep(shelf.now, set())
    assert len(shelf.files()) == 3
    shelf.age()
    await shelf.keeper.sweep(shelf.now, set())
    assert shelf.files() == [kept.id]
    await half.close()


async def test_a_crash_after_the_bytes_were_moved_is_healed_by_the_next_upload(shelf, monkeypatch):
    async def die(_):
        raise KeyError("the process ends here")

    with monkeypatch.context() as patch:
        patch.setattr(shelf.storage, "call", die)
        with pytest.raises(KeyError):
            await shelf.keeper.add("", "a.bin", "", b"a")
    (left,) = shelf.files()
    with pytest.raises(FileNotKept):
        await shelf.keeper.open(left, everybody)
    shelf.age()
    kept = await shelf.keeper.add("", "a.bin", "", b"a")
    assert (kept.id, kept.new) == (left, True)
    await shelf.keeper.sweep(shelf.now, set())
    assert shelf.files() == [left]


async def test_a_file_that_somebody_deleted_is_told_and_may_be_given_again(shelf):
    kept = await shelf.keeper.add("", "a.bin", "", b"a")
    (shelf.folder / kept.id[:2] / kept.id).unlink()
    with pytest.raises(FileNotKept, match="deleted from the disk"):
        await shelf.keeper.open(kept.id, everybody)
    assert not (await shelf.keeper.add("", "a.bin", "", b"a")).new
    assert (await shelf.keeper.open(kept.id, everybody)).path.read_bytes() == b"a"


async def test_files_survive_a_restart(shelf):
    kept = await shelf.keeper.add("", "a.bin", "", b"a")
    await shelf.restart()
    assert (await shelf.keeper.open(kept.id, everybody)).row.name == "a.bin"


async def test_sweeping_where_nothing_was_ever_kept_makes_nothing(shelf, tmp_path):
    assert await shelf.keeper.sweep(0, set()) == 0
    assert list(tmp_path.iterdir()) == []
