"""What a file is, what it is called, and what data URLs hold."""

import pytest
from PIL import features

from lectern.apps.errors import UnusableFile
from lectern.apps.files.dataurl import decode, decoded_size
from lectern.apps.files.names import clean_name, file_url, id_of
from lectern.apps.files.types import accepts, judge, recognise
from unit.apps.media import picture, sound

FTYP = b"\0\0\0\x18ftyp"
WEBM = b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm"


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"])
def test_pictures_that_pillow_writes_are_recognised(form):
    if form == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    assert recognise(picture(form)).content_type == f"image/{form.lower()}"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (sound(), "audio/wav"),
        (b"fLaC\0\0", "audio/flac"),
        (b"ID3\4\0", "audio/mpeg"),
        (b"\xff\xfb\x90\x64" + b"\0" * 99, "audio/mpeg"),
        (b"\xff\xf1\x50\x80\0\0", "audio/aac"),
        (b"OggS\0\2" + b"\0" * 22 + b"\1\x13OpusHead", "audio/ogg"),
        (b"OggS\0\2" + b"\0" * 22 + b"\x80theora", "video/ogg"),
        (b"FORM\0\0\0\0AIFF", "audio/aiff"),
        (FTYP + b"isom", "video/mp4"),
        (FTYP + b"mp42", "video/mp4"),
        (FTYP + b"M4A ", "audio/mp4"),
        (FTYP + b"qt  ", "video/quicktime"),
        (WEBM, "video/webm"),
        (b"\x1aE\xdf\xa3....matroska", "video/x-matroska"),
        (b"RIFF\0\0\0\0AVI LIST", "video/x-msvideo"),
        (b"%PDF-1.7", "application/pdf"),
        (b"glTF\2\0\0\0", "model/gltf-binary"),
        (FTYP + b"heic", None),
        (b"<html>", None),
        (b"BMW is a car, and this is a text", None),
        (b"\xff\xff\xff\xff", None),
        (b"", None),
    ],
)
def test_other_kinds_are_recognised_by_their_first_bytes(head, kind):
    found = recognise(head)
    assert (found.content_type if found else None) == kind


@pytest.mark.parametrize(
    ("name", "declared", "head", "kind"),
    [
        ("a.png", "image/png", picture("JPEG"), "image/jpeg"),  # a wrong suffix is nobody's fault
        ("a", "", picture("PNG"), "image/png"),
        ("a", "application/octet-stream", sound(), "audio/wav"),
        ("a", "audio/webm;codecs=opus", WEBM, "audio/webm"),
        ("a", "video/webm", WEBM, "video/webm"),
        ("a", "audio/x-m4a", FTYP + b"isom", "audio/mp4"),
        ("notes.txt", "text/plain", b"hello", "text/plain"),
        ("table.CSV", "text/csv", b"a,b", "text/csv"),
        ("deck.pptx", "", b"PK\3\4", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
        ("page.html", "text/html", b"<html><script>", "application/octet-stream"),
        ("x.js", "text/javascript", b"alert(1)", "application/octet-stream"),
        ("x.png", "application/octet-stream", b"no picture", "application/octet-stream"),
    ],
)
def test_the_bytes_decide(name, declared, head, kind):
    assert judge(name, declared, head).content_type == kind


@pytest.mark.parametrize(
    ("declared", "head"),
    [
        ("image/png", b"<html>"),
        ("image/png", sound()),
        ("audio/mpeg", picture()),
        ("video/mp4", picture("GIF")),
        ("image/heic", FTYP + b"heic"),
        ("image/svg+xml", b"anything"),
        ("", b'\xef\xbb\xbf <?xml version="1.0"?><svg onload="x()">'),
        ("image/png", b"<svg xmlns="),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(declared, head):
    with pytest.raises(UnusableFile):
        judge("x", declared, head)


def test_which_inputs_take_which_files():
    kinds = ["image/png", "audio/wav", "video/mp4", "text/plain"]
    taken = {media: [accepts(media, kind) for kind in kinds] for media in ("image", "mask", "audio", "video", "file")}
    assert taken == {
        "image": [True, False, False, False],
        "mask": [True, False, False, False],
        "audio": [False, True, True, False],
        "video": [False, False, True, False],
        "file": [True, True, True, True],
    }


@pytest.mark.parametrize(
    ("given", "suffix", "name"),
    [
        ("photo.png", ".png", "photo.png"),
        ("photo.JPEG", ".jpg", "photo.JPEG"),
        ("photo.png", ".jpg", "photo.png.jpg"),
        ("../../etc/passwd", ".png", "passwd.png"),
        ("C:\\Users\\me\\x.png", ".png", "x.png"),
        ("..", ".png", "file.png"),
        ("", "", "file"),
        (".hidden", "", "hidden"),
        ("a\0b\r\nc.png", ".png", "a_b__c.png"),
        ("gnp.\u202eexe.png", ".png", "gnp._exe.png"),
        ("幻灯片.png", ".png", "幻灯片.png"),
        ("x" * 500 + ".png", ".png", "x" * 116 + ".png"),
        ("evil.html", ".png", "evil.html.png"),
        ('a"b:c*.png', ".png", "a_b_c_.png"),
    ],
)
def test_names_are_cleaned(given, suffix, name):
    assert clean_name(given, suffix) == name


@pytest.mark.parametrize("value", ["", "x", "/lectern/v1/files/" + "g" * 32, "/lectern/v1/files/../x", "a" * 32])
def test_what_names_no_file(value):
    assert id_of(value) is None


def test_an_address_names_its_file():
    assert id_of(file_url("0" * 32)) == "0" * 32


@pytest.mark.parametrize(
    ("url", "kind", "content"),
    [
        ("data:image/png;base64,AAEC", "image/png", b"\0\1\2"),
        ("DATA:IMAGE/PNG;BASE64,AAEC", "image/png", b"\0\1\2"),
        ("data:;base64,AAE", "", b"\0\1"),
        ("data:image/png;charset=x;base64,__--", "image/png", b"\xff\xff\xbe"),
        ("data:image/png;base64,AA%3D%3D", "image/png", b"\0"),
        ("data:image/png;base64,AA\nEC", "image/png", b"\0\1\2"),
        ("data:text/plain,a%20b", "text/plain", b"a b"),
        ("data:,", "", b""),
    ],
)
def test_data_urls(url, kind, content):
    assert decode(url) == (kind, content)
    assert decoded_size(url) >= len(content)


@pytest.mark.parametrize(
    "url",
    ["data:image/png;base64", "data:image/png;base64,A", "data:image/png;base64,é", "data:x,y", "data:" + "a" * 400],
)
def test_what_is_no_data_url(url):
    with pytest.raises(ValueError, match=r"."):
        decode(url)
