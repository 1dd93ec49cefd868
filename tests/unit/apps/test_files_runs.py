"""Files of runs: what callers write becomes a kept file, and that a name which ComfyUI's loaders know."""

import base64
from typing import Any, NamedTuple

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from lectern.apps.comfy import ComfyClient, Unreachable
from lectern.apps.egress import Egress
from lectern.apps.errors import FilesFull, InvalidInput, MissingFile, UnusableFile
from lectern.apps.files.keeper import HOUR_MS, FileKeeper
from lectern.apps.files.placing import Placer
from lectern.apps.files.references import References
from lectern.apps.store.storage import Storage
from lectern.settings import Apps, Settings
from unit.apps.media import opened, picture, sound, turned


class Item(NamedTuple):
    name: str = "image"
    media: str | None = "image"
    default: object = "example.png"


class Aim(NamedTuple):
    node_id: str = "1"
    widget: str = "image"
    media: str | None = "image"
    mask_of: str | None = None
    channel: str | None = None


IMAGE = {"image": Aim()}
MASKED = {"image": Aim(), "image_mask": Aim(media="mask", mask_of="image")}


class Bench:
    def __init__(self, folder, comfy):
        self.now = 1_000_000
        self.settings = Settings(apps=Apps(file_mb=1))
        self.storage = Storage(folder)
        self.keeper = FileKeeper(folder / "files", self.storage, lambda: self.settings, lambda: self.now)
        self.egress = Egress()
        self.references = References(self.keeper, self.egress, lambda: self.settings)
        self.client = ComfyClient(comfy.url, lambda: None)
        self.comfy = comfy
        self.placer = Placer(self.keeper, lambda: self.settings)

    async def resolve(self, value, item=Item(), owner="k1"):  # noqa: B008
        return await self.references.resolve(owner, item, value)

    async def add(self, content, owner="k1"):
        return (await self.keeper.add(owner, "x", "", content)).url

    async def place(self, values, targets):
        return await self.placer.place(self.client, values, targets)

    def at_comfy(self, name):
        subfolder, _, last = name.rpartition("/")
        return self.comfy.files["input", subfolder, last]

    async def close(self):
        await self.egress.close()
        await self.client.close()
        await self.storage.close()


@pytest.fixture
async def bench(tmp_path, comfy):
    made = Bench(tmp_path, comfy)
    yield made
    await made.close()


@pytest.fixture
async def site():
    async def answer(request):
        if request.match_info["name"] == "large":
            return web.Response(body=b"x" * 1_000_001)
        return web.Response(body=picture(), content_type="image/png")

    app = web.Application()
    app.router.add_get("/{name}", answer)
    server = TestServer(app)
    await server.start_server()
    yield server
    await server.close()


def data_url(content, kind="image/png"):
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


async def problems(pending) -> Any:
    with pytest.raises(InvalidInput) as error:
        await pending
    return error.value.details


async def problem(pending):
    (found,) = await problems(pending)
    return found


async def test_the_default_is_left_as_it_is(bench):
    assert await bench.resolve("example.png") == "example.png"


async def test_a_data_url_becomes_a_kept_file_of_the_caller(bench):
    url = await bench.resolve(data_url(picture()))
    row = await bench.keeper.use(url.rsplit("/", 1)[1], "k1")
    assert (row.name, row.content_type) == ("image.png", "image/png")
    assert await bench.resolve(data_url(picture())) == url


async def test_a_file_that_was_uploaded_before_is_kept_longer(bench):
    url = await bench.add(picture())
    bench.now += 23 * HOUR_MS
    assert await bench.resolve(url) == url
    bench.now += 23 * HOUR_MS
    assert await bench.resolve(url) == url


@pytest.mark.parametrize(
    ("value", "item", "code"),
    [
        ("other.png", Item(), "missing_file"),
        ("../../etc/passwd", Item(), "missing_file"),
        ("", Item(), "missing_file"),
        ("/lectern/v1/files/" + "0" * 32, Item(), "missing_file"),
        ("file:///etc/passwd", Item(), "missing_file"),
        ("data:image/png;base64,!!", Item(), "wrong_type"),
        (data_url(b"no picture"), Item(), "wrong_type"),
        (data_url(b""), Item(), "wrong_type"),
        (data_url(sound(), "audio/wav"), Item(), "wrong_type"),
        (data_url(picture()), Item(media="audio"), "wrong_type"),
        (data_url(picture()), Item(media="video"), "wrong_type"),
        (data_url(b"x" * 1_000_001, "text/plain"), Item(media="file"), "too_large"),
        ("https://example.com/x.png", Item(), "url_not_allowed"),
        ("http://127.0.0.1/", Item(), "url_not_allowed"),
    ],
)
async def test_what_is_no_usable_file(bench, value, item, code):
    found = await problem(bench.resolve(value, item))
    assert (found["input"], found["code"]) == ("image", code)
    assert found["message"].startswith("image") and found["message"].endswith(".")


async def test_another_callers_file_is_not_there(bench):
    url = await bench.add(picture(), owner="k2")
    assert (await problem(bench.resolve(url)))["code"] == "missing_file"


async def test_a_file_whose_time_is_over_is_not_there(bench):
    url = await bench.add(picture())
    bench.now += 25 * HOUR_MS
    assert (await problem(bench.resolve(url)))["code"] == "missing_file"


async def test_a_url_of_a_host_that_is_allowed_is_fetched(bench, site):
    here = f"127.0.0.1:{site.port}"
    bench.settings = Settings(apps=Apps(file_mb=1, fetch_hosts=[here], private_hosts=["127.0.0.1"]))
    url = await bench.resolve(f"http://{here}/a%20b.png?key=secret")
    row = await bench.keeper.use(url.rsplit("/", 1)[1], "k1")
    assert (row.name, row.content_type) == ("a b.png", "image/png")
    assert (await problem(bench.resolve(f"http://{here}/large")))["code"] == "url_failed"
    bench.settings = Settings(apps=Apps(fetch_hosts=[here]))
    assert (await problem(bench.resolve(f"http://{here}/a.png")))["code"] == "url_not_allowed"


async def test_every_wrong_file_is_listed_and_other_values_are_left(bench):
    items = [Item("a"), Item("b"), Item("c"), Item("text", media=None)]
    values = {"a": "x.png", "b": "y.png", "c": data_url(picture()), "text": "x.png"}
    listed = await problems(bench.references.resolve_all("k1", items, values))
    assert [found["input"] for found in listed] == ["a", "b"]
    values |= {"a": "example.png", "b": data_url(picture())}
    resolved = await bench.references.resolve_all("k1", items, values)
    assert resolved == {"a": "example.png", "b": resolved["c"], "c": resolved["c"], "text": "x.png"}
    assert resolved["c"].startswith("/lectern/v1/files/")


async def test_no_room_is_not_the_callers_mistake(bench):
    bench.settings = Settings(apps=Apps(files_mb=1))
    await bench.add(b"x" * 999_990)
    with pytest.raises(FilesFull):
        await bench.references.resolve_all("k1", [Item()], {"image": data_url(picture())})


async def test_a_file_is_uploaded_once(bench):
    url = await bench.add(picture())
    name = f"lectern/{url.rsplit('/', 1)[1]}.png"
    values = {"image": url, "text": "/lectern/v1/files/" + "0" * 32}
    assert await bench.place(values, IMAGE) == values | {"image": name}
    assert bench.at_comfy(name) == picture()
    await bench.place(values, IMAGE)
    assert len(bench.comfy.uploads) == 1


async def test_a_file_that_comfyui_has_only_in_part_is_uploaded_again(bench):
    url = await bench.add(picture())
    name = (await bench.place({"image": url}, IMAGE))["image"]
    bench.comfy.files["input", "lectern", name.split("/")[1]] = picture()[:9]
    await bench.place({"image": url}, IMAGE)
    assert bench.at_comfy(name) == picture()


async def test_sounds_and_films_keep_their_suffix(bench):
    url = await bench.add(sound())
    placed = await bench.place({"sound": url}, {"sound": Aim(media="audio")})
    assert placed["sound"].endswith(".wav") and bench.at_comfy(placed["sound"]) == sound()


async def test_defaults_and_texts_are_not_touched(bench):
    values = {"image": "example.png", "text": "a", "steps": 3}
    targets = {"image": Aim(), "text": Aim(media=""), "steps": Aim(media=None)}
    assert await bench.place(values, targets) == values
    assert bench.comfy.uploads == []


async def test_a_file_whose_time_ended_while_its_run_waited_is_still_used(bench):
    url = await bench.add(picture())
    bench.now += 100 * HOUR_MS
    assert (await bench.place({"image": url}, IMAGE))["image"].startswith("lectern/")


@pytest.mark.parametrize("lost", ["swept", "deleted"])
async def test_a_file_that_is_gone_is_told(bench, lost):
    url = await bench.add(picture())
    if lost == "swept":
        await bench.keeper.sweep(bench.now + 100 * HOUR_MS, set())
    else:
        (await bench.keeper.open(url.rsplit("/", 1)[1], lambda _: True)).path.unlink()
    with pytest.raises(MissingFile, match="gone"):
        await bench.place({"image": url}, IMAGE)


async def test_comfyuis_own_limit_is_named(bench):
    url = await bench.add(picture())
    bench.comfy.max_upload = 10
    await bench.comfy.restart()
    with pytest.raises(MissingFile, match="--max-upload-size"):
        await bench.place({"image": url}, IMAGE)


async def test_without_comfyui_the_run_has_to_wait(bench):
    url = await bench.add(picture())
    await bench.comfy.stop()
    with pytest.raises(Unreachable):
        await bench.place({"image": url}, IMAGE)


def half_white(mode="L", size=(8, 6)):
    """White on the left."""
    mask = opened(picture(size=size, mode=mode, color=0 if mode == "L" else (0, 0, 0, 0)))
    mask.paste(255 if mode == "L" else (255, 255, 255, 255), (0, 0, size[0] // 2, size[1]))
    return saved(mask)


def saved(image):
    import io

    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()


@pytest.mark.parametrize("mask", [half_white(), half_white("RGBA"), half_white(size=(80, 60))])
async def test_a_mask_that_is_painted_over_an_image_is_its_transparency(bench, mask):
    values = {"image": await bench.add(picture(color=(255, 0, 0))), "image_mask": await bench.add(mask), "steps": 3}
    placed = await bench.place(values, MASKED)
    assert placed.keys() == {"image", "steps"}
    merged = opened(bench.at_comfy(placed["image"]))
    assert (merged.mode, merged.size) == ("RGBA", (8, 6))
    assert (merged.getpixel((0, 0)), merged.getpixel((7, 5))) == ((255, 0, 0, 0), (255, 0, 0, 255))


async def test_image_and_mask_are_put_together_once(bench):
    values = {"image": await bench.add(picture()), "image_mask": await bench.add(half_white())}
    first = await bench.place(values, MASKED)
    assert await bench.place(values, MASKED) == first and len(bench.comfy.uploads) == 1
    other = await bench.place(values | {"image_mask": await bench.add(half_white(size=(4, 4)))}, MASKED)
    assert other["image"] != first["image"]


async def test_an_image_without_its_mask_stays_as_it_is(bench):
    url = await bench.add(picture(mode="RGBA", color=(1, 2, 3, 4)))
    placed = await bench.place({"image": url}, MASKED)
    assert opened(bench.at_comfy(placed["image"])).getpixel((0, 0)) == (1, 2, 3, 4)


async def test_a_mask_over_the_apps_own_picture(bench):
    bench.comfy.files["input", "sub", "example.png"] = picture(color=(0, 255, 0))
    placed = await bench.place({"image": "sub/example.png", "image_mask": await bench.add(half_white())}, MASKED)
    assert opened(bench.at_comfy(placed["image"])).getpixel((0, 0)) == (0, 255, 0, 0)
    bench.comfy.files.clear()
    with pytest.raises(MissingFile, match=r"sub/example\.png"):
        await bench.place({"image": "sub/example.png", "image_mask": await bench.add(half_white())}, MASKED)


async def test_a_phone_picture_is_masked_as_people_see_it(bench):
    values = {"image": await bench.add(turned()), "image_mask": await bench.add(half_white(size=(6, 8)))}
    merged = opened(bench.at_comfy((await bench.place(values, MASKED))["image"]))
    assert merged.size == (6, 8)
    alpha = merged.getchannel("A")
    assert [alpha.getpixel(place) for place in ((0, 0), (0, 7), (5, 0), (5, 7))] == [0, 0, 255, 255]


async def test_a_picture_of_16_bits_keeps_its_brightness(bench):
    url = await bench.add(picture(mode="I;16", color=0x8000))
    merged = opened(bench.at_comfy((await bench.place({"image": url, "image_mask": url}, MASKED))["image"]))
    assert merged.getpixel((0, 0)) == (127, 127, 127, 128)


@pytest.mark.parametrize(
    ("channel", "left", "right"), [("alpha", (0, 0, 0, 0), (0, 0, 0, 255)), ("red", (255,) * 3, (0,) * 3)]
)
async def test_a_mask_alone_is_put_where_its_loader_looks(bench, channel, left, right):
    targets = {"mask": Aim(media="mask", channel=channel)}
    placed = await bench.place({"mask": await bench.add(half_white())}, targets)
    mask = opened(bench.at_comfy(placed["mask"]))
    assert (mask.getpixel((0, 0)), mask.getpixel((7, 5))) == (left, right)


async def test_a_mask_that_is_no_picture_is_told(bench):
    with pytest.raises(UnusableFile):
        await bench.place({"image": await bench.add(picture()), "image_mask": await bench.add(sound())}, MASKED)


async def test_an_app_may_allow_less_than_everybody(bench):
    bench.settings = Settings(apps=Apps(file_mb=5))
    large = await bench.add(sound() + bytes(2_000_000))
    item = Item(media="audio")
    assert await bench.references.resolve("k1", item, large, 3) == large
    found = await problem(bench.references.resolve("k1", item, large, 1))
    assert found["code"] == "too_large" and "at most 1 MB" in found["message"]
