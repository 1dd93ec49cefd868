import pytest

from lectern.decoders import Decoder
from lectern.errors import SettingsError
from lectern.modelhub import ModelHub
from lectern.servers import Server
from lectern.settings import FILE_NAME, Apps, Settings, SettingsFile, read_settings


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
        ("[apps]\naccess = 'lan'", ["apps.access", "'lan'", "'loopback', 'keys' or 'open'"]),
        ("[apps]\naudit = 'yes please'", ["apps.audit", "'yes please'"]),
        ("[apps]\ncors_origins = ['*']", ["apps.cors_origins.0", "'*'", "list each web site"]),
        ("[apps]\ncors_origins = ['page.example']", ["apps.cors_origins.0", "'page.example'", "https://host:port"]),
        ("[apps]\ncors_origins = ['https://page.example/app']", ["apps.cors_origins.0", "https://host:port"]),
        ("[apps]\ncors_origins = ['https://page.example:https']", ["apps.cors_origins.0", "https://host:port"]),
        ("[apps]\ncors_origins = ['null']", ["apps.cors_origins.0", "'null'", "https://host:port"]),
        ("[apps]\nfile_mb = 0", ["apps.file_mb", "0", "greater than or equal to 1"]),
        ("[apps]\nfetch_hosts = ['https://x.com']", ["apps.fetch_hosts.0", "'https://x.com'", "example.com:8443"]),
        ("[apps]\nfetch_hosts = 'x.com'", ["apps.fetch_hosts", "'x.com'", "list"]),
        ("[apps]\nwebhook_hosts = ['*']", ["apps.webhook_hosts.0", "'*'", "*.example.com"]),
        ("[apps]\nwebhook_hosts = ['x.com:0']", ["apps.webhook_hosts.0", "'x.com:0'"]),
        ("[apps]\nprivate_hosts = ['*.10.0.0.1']", ["apps.private_hosts.0", "without *."]),
        ("[servers.a]", ["servers.a", "either a url or a pool"]),
        ("[servers.a]\nurl = 'ftp://x'", ["servers.a.url", "http://host:port"]),
        ("[servers.a]\nurl = 'http://x'\nuser = 'me'", ["servers.a", "password_env"]),
        ("[servers.a]\nurl = 'http://x'\ndialect = 'comfy'", ["servers.a.dialect", "'comfy'", "'forge'"]),
        ("[servers.a]\npool = ['b']", ["servers", "'b'", "no server with a url"]),
        ("[servers.a]\npool = ['b', 'b']\n[servers.b]\nurl = 'http://x'", ["names a server twice"]),
        ("[servers.a]\nurl = 'http://x'\ntotal_seconds = 0", ["servers.a.total_seconds", "greater than 0"]),
        ("[hub]\ndownload = true", ["hub.download is not a setting"]),
        ("[hub]\nurl = 'huggingface.co'", ["hub.url", "'huggingface.co'", "https://host/path"]),
        ("[hub]\nhosts = ['https://x']", ["hub.hosts.0", "'https://x'"]),
        ("[hub]\nhosts = ['*']", ["hub.hosts.0", "'*'"]),
        ("[hub]\nlargest_gb = 0", ["hub.largest_gb", "0", "greater than 0"]),
        ("[decoders.a]", ["decoders.a.url is missing; write it"]),
        ("[chat.a]", ["chat.a.url is missing; write it"]),
        ("[chat.a]\nurl = 'http://ho st/v1'", ["chat.a.url", "http://host:port"]),
        ("[chat.a]\nurl = 'http://a..b/v1'", ["chat.a.url", "http://host:port"]),
        ("[chat.a]\nurl = 'http://[::1'", ["chat.a.url", "http://host:port"]),
        (f"[chat.a]\nurl = 'http://{'a' * 300}/v1'", ["chat.a.url", "http://host:port"]),
        ("[decoders.a]\nurl = 'http://me:x@far'", ["decoders.a.url", "token_env or token_file"]),
        ("[decoders.a]\nurl = 'http://far'\ntoken_env = 'T'", ["decoders.a", "only sent over https"]),
        ("[hub]\nurl = 'http://far'\ntoken_env = 'T'", ["hub", "only sent over https"]),
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


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("https://page.example", "https://page.example"),
        (" HTTPS://Page.Example/ ", "https://page.example"),
        ("https://page.example:443", "https://page.example"),
        ("http://page.example:80/", "http://page.example"),
        ("http://page.example:443", "http://page.example:443"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("chrome-extension://abcdefgh", "chrome-extension://abcdefgh"),
    ],
)
def test_an_origin_is_kept_as_browsers_send_it(written, sent):
    assert Apps(cors_origins=[written]).cors_origins == [sent]


def test_only_this_machine_may_use_apps_unless_the_file_says_more():
    assert (Settings().apps.access, Settings().apps.cors_origins, Settings().apps.audited) == ("loopback", [], False)


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


@pytest.mark.parametrize(
    "url",
    [
        "http://me:hunter2@host",
        "ftp://me:hunter2@host",
        "http://me:hunter2@[bad",
        "x//a:hunter2@b/@c",
        "me:hunter2@host:7860",
        "http://me:hunter2/3@host:7860",
        "http://me:1 hunter2@host",
        "http://host?key=hunter2",
    ],
)
def test_a_password_in_an_address_is_refused_and_never_repeated(tmp_path, url):
    (tmp_path / FILE_NAME).write_text(f"[servers.a]\nurl = '{url}'\n")
    with pytest.raises(SettingsError) as error:
        SettingsFile(tmp_path).read()
    assert "hunter2" not in str(error.value)
    assert "servers.a.url" in str(error.value)


@pytest.mark.parametrize(
    "content",
    [
        "[servers.a]\nurl = ['http://me:hunter2@h']",
        "[servers.a]\npool = ['http://me:hunter2@h']",
        "[servers.'http://me:hunter2@h']\nurl = 5",
        "servers = ['http://me:hunter2@h']",
    ],
)
def test_nor_is_one_in_an_address_that_stands_in_the_wrong_place(tmp_path, content):
    (tmp_path / FILE_NAME).write_text(content)
    with pytest.raises(SettingsError) as error:
        SettingsFile(tmp_path).read()
    assert "hunter2" not in str(error.value)


def test_without_a_file_there_is_the_server_on_this_machine():
    assert Settings().servers["local"].url == "http://127.0.0.1:7860"


def test_an_address_may_be_copied_with_its_tail():
    assert Server(url=" https://host:1/forge/sdapi/v1/ ").url == "https://host:1/forge"


def test_a_password_comes_from_the_variable_or_the_file_it_names(tmp_path, monkeypatch):
    monkeypatch.setenv("FORGE", "one")
    (tmp_path / "secret").write_text("two\n")
    assert Server(url="http://x", user="u", password_env="FORGE").password() == "one"
    assert Server(url="http://x", user="u", password_file=tmp_path / "secret").password() == "two"
    monkeypatch.delenv("FORGE")
    with pytest.raises(SettingsError, match="FORGE is not set"):
        Server(url="http://x", user="u", password_env="FORGE").password()
    with pytest.raises(SettingsError, match="cannot be read"):
        Server(url="http://x", user="u", password_file=tmp_path / "none").password()


def test_downloads_are_switched_off_and_go_to_the_hubs_own_hosts():
    hub = Settings().hub
    assert not hub.downloads and hub.url == "https://huggingface.co" and hub.token() == ""
    allowed = ["cdn-lfs.huggingface.co", "cas-bridge.xethub.hf.co", "us.aws.cdn.hf.co", "cdn-lfs-us-1.hf.co"]
    refused = ["hf.co.evil.org", "evilhf.co", "evil-huggingface.co", "127.0.0.1", "localhost", "", "hf.space"]
    assert [hub.allows_host(one) for one in allowed] == [True] * 4
    assert [hub.allows_host(one) for one in refused] == [False] * 7


def test_a_token_comes_from_the_variable_or_the_file_it_names(tmp_path, monkeypatch):
    monkeypatch.setenv("OWN_TOKEN", " hf_one\n")
    (tmp_path / "token").write_text("hf_two\n")
    assert ModelHub(token_env="OWN_TOKEN").token() == "hf_one"
    assert ModelHub(token_file=tmp_path / "token").token() == "hf_two"
    monkeypatch.setenv("OWN_TOKEN", "hf\none")
    with pytest.raises(SettingsError, match="holds characters that no access token has") as error:
        ModelHub(token_env="OWN_TOKEN").token()
    with pytest.raises(SettingsError, match="holds characters that no access token has"):
        Decoder(url="https://far", token_env="OWN_TOKEN").token()
    assert "one" not in str(error.value)


def test_a_certificate_file_must_hold_certificates(tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(SettingsError, match=r"ca\.pem"):
        Server(url="https://x", ca_file=tmp_path / "ca.pem").tls()
    assert Server(url="https://x").tls() is True
    assert Server(url="https://x", verify_tls=False).tls() is False
