"""Settings: found in the documented places, in the documented order, and never telling the key."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from wandkit.errors import AuthenticationError, MissingKeyError, SettingsError
from wandkit.settings import DEFAULT_BASE_URL, Settings, app_url_of

KEY = "0123456789abcdef0123456789abcdef01234567"
OTHER = "f" * 40


class Places:
    """A home folder, a current folder and an environment of one's own."""

    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        self.cwd = root / "work"
        self.home.mkdir(parents=True)
        self.cwd.mkdir()
        self.environ: dict[str, str] = {}

    def write(self, name: str, text: str) -> Path:
        path = self.home.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def resolve(self, overrides: Mapping[str, Any] | None = None, **arguments: Any) -> Settings:
        return Settings.resolve(overrides, environ=self.environ, home=self.home, cwd=self.cwd, **arguments)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Return places where nothing is set."""
    return Places(tmp_path / "places")


def test_where_nothing_is_set_the_defaults_hold(places: Places) -> None:
    settings = places.resolve()
    assert (settings.base_url, settings.app_url, settings.timeout) == (
        DEFAULT_BASE_URL,
        "https://wandb.ai",
        19.0,
    )
    assert (settings.entity, settings.project, settings.run, settings.api_key) == (None, None, None, None)
    assert settings.sources == {}


def test_resolving_writes_nothing(places: Places) -> None:
    places.resolve({"base_url": "http://h"}, api_key=KEY)
    assert [path for path in places.home.parent.rglob("*") if path.is_file()] == []


def test_overrides_come_before_environment_before_local_before_global_file(places: Places) -> None:
    places.write(
        "home/.config/wandb/settings", "[default]\nentity = g\nproject = g\norganization = g\nusername = g\n"
    )
    places.write("work/wandb/settings", "[default]\nentity = l\nproject = l\norganization = l\n")
    places.environ |= {"WANDB_ENTITY": "env", "WANDB_PROJECT": "env"}
    settings = places.resolve({"entity": "arg"})
    assert (settings.entity, settings.project, settings.organization, settings.username) == (
        "arg",
        "env",
        "l",
        "g",
    )


def test_each_setting_says_where_it_was_found(places: Places) -> None:
    path = places.write("work/wandb/settings", "[default]\nproject = p\n")
    places.environ |= {"WANDB_ENTITY": "e"}
    settings = places.resolve({"run": "r"}, api_key=KEY)
    assert settings.sources == {
        "entity": "WANDB_ENTITY",
        "project": str(path),
        "run": "overrides",
        "api_key": "an argument",
    }


def test_the_folders_of_the_settings_files_can_be_moved(places: Places) -> None:
    places.write("conf/settings", "[default]\nentity = moved\n")
    places.write("dir/wandb/settings", "[default]\nproject = moved\n")
    root = places.home.parent
    places.environ |= {"WANDB_CONFIG_DIR": str(root / "conf"), "WANDB_DIR": str(root / "dir")}
    settings = places.resolve()
    assert (settings.entity, settings.project) == ("moved", "moved")


def test_the_hidden_local_folder_is_read_too(places: Places) -> None:
    places.write("work/.wandb/settings", "[default]\nentity = hidden\n")
    assert places.resolve().entity == "hidden"


def test_a_broken_settings_file_is_named(places: Places) -> None:
    path = places.write("work/wandb/settings", "entity = e\n")
    with pytest.raises(SettingsError, match=str(path)):
        places.resolve()


@pytest.mark.parametrize("name", ["wandb", "settings"])
def test_a_folder_in_the_place_of_a_settings_file_is_no_file(places: Places, name: str) -> None:
    (places.cwd / "wandb" / name).mkdir(parents=True)
    assert places.resolve().entity is None


def test_empty_variables_and_overrides_count_as_unset(places: Places) -> None:
    places.environ |= {"WANDB_ENTITY": " ", "WANDB_PROJECT": "p", "WANDB_HTTP_TIMEOUT": ""}
    settings = places.resolve({"project": None, "entity": ""})
    assert (settings.entity, settings.project, settings.timeout) == (None, "p", 19.0)


@pytest.mark.parametrize("name", ["git_remote", "section", "root_dir", "console", "mode"])
def test_overrides_that_mean_nothing_here_are_kept(places: Places, name: str) -> None:
    assert places.resolve({"entity": "e", name: "x"}).extra == {name: "x"}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("entitiy", "entity"),
        ("Entity", "entity"),
        ("baseurl", "base_url"),
        ("base-url", "base_url"),
        ("projects", "project"),
        ("apikey", "api_key"),
        ("organisation", "organization"),
        ("user_name", "username"),
    ],
)
def test_a_misspelt_override_names_the_setting_that_was_meant(places: Places, name: str, meant: str) -> None:
    with pytest.raises(SettingsError, match=f"{name!r}.*{meant!r}"):
        places.resolve({name: "x"})


def test_a_user_name_in_the_overrides_is_taken_as_the_entity_with_a_warning(places: Places) -> None:
    with pytest.warns(UserWarning, match="taken as the entity"):
        assert places.resolve({"username": "ada"}).entity == "ada"


# The key.


def test_the_argument_is_the_first_key(places: Places) -> None:
    places.environ |= {"WANDB_API_KEY": OTHER}
    assert places.resolve(api_key=KEY).require_key() == KEY


def test_the_environments_key_comes_before_netrc(places: Places) -> None:
    places.environ |= {"WANDB_API_KEY": f" {KEY}\n"}
    places.write("home/.netrc", f"machine api.wandb.ai login user password {OTHER}\n")
    assert places.resolve().api_key == KEY


@pytest.mark.parametrize("name", [".netrc", "_netrc"])
def test_the_key_is_found_in_netrc(places: Places, name: str) -> None:
    path = places.write(
        f"home/{name}",
        f"machine h login user password {OTHER}\nmachine api.wandb.ai\n  login user\n  password {KEY}\n",
    )
    settings = places.resolve()
    assert (settings.api_key, settings.sources["api_key"]) == (KEY, f"{path} (machine api.wandb.ai)")


def test_a_netrc_entry_with_the_port_comes_before_the_one_without(places: Places) -> None:
    places.write(
        "home/.netrc",
        f"machine localhost login user password {OTHER}\nmachine localhost:8080 login user password {KEY}\n",
    )
    assert places.resolve({"base_url": "http://localhost:8080"}).api_key == KEY


def test_a_netrc_entry_without_the_port_counts_for_any_port(places: Places) -> None:
    places.write("home/.netrc", f"machine localhost login user password {KEY}\n")
    assert places.resolve({"base_url": "http://localhost:8080"}).api_key == KEY


def test_a_key_for_another_host_is_not_used(places: Places) -> None:
    places.write(
        "home/.netrc", f"machine elsewhere login user password {OTHER}\ndefault login user password {OTHER}\n"
    )
    assert places.resolve().api_key is None


def test_netrc_can_be_moved(places: Places) -> None:
    places.write("elsewhere", f"machine api.wandb.ai login user password {KEY}\n")
    places.environ |= {"NETRC": str(places.home.parent / "elsewhere")}
    assert places.resolve().api_key == KEY


def test_a_tilde_in_the_place_of_netrc_is_the_home_folder(places: Places) -> None:
    places.write("home/keys", f"machine api.wandb.ai login user password {KEY}\n")
    places.environ |= {"NETRC": "~/keys"}
    assert places.resolve().api_key == KEY


def test_a_netrc_that_cannot_be_read_is_named_when_the_key_is_missing(places: Places) -> None:
    path = places.write("home/.netrc", "machine\nthis is no netrc {")
    with pytest.raises(MissingKeyError, match=f"{path}.*which cannot be read"):
        places.resolve().require_key()


def test_a_key_in_a_settings_file_counts_for_the_host_of_that_file(places: Places) -> None:
    places.write("work/wandb/settings", f"[default]\nbase_url = http://h/\napi_key = {KEY}\n")
    assert places.resolve().api_key == KEY
    assert places.resolve({"base_url": "http://other"}).api_key is None


def test_a_missing_key_is_no_error_before_it_is_needed(places: Places) -> None:
    assert places.resolve().api_key is None


def test_the_error_of_a_missing_key_lists_where_it_was_looked_up(places: Places) -> None:
    path = places.write("work/wandb/settings", "[default]\nentity = e\n")
    with pytest.raises(MissingKeyError) as caught:
        places.resolve().require_key()
    text = str(caught.value)
    places_named = (
        "api_key argument",
        "overrides",
        "WANDB_API_KEY",
        ".netrc (machine api.wandb.ai)",
        str(path),
    )
    assert [place for place in places_named if place not in text] == []
    assert isinstance(caught.value, AuthenticationError)
    assert caught.value.host == DEFAULT_BASE_URL


def test_an_identity_token_alone_is_no_key_and_the_error_says_so(places: Places) -> None:
    places.environ |= {"WANDB_IDENTITY_TOKEN_FILE": "/run/token"}
    with pytest.raises(MissingKeyError, match=r"/run/token.*WANDB_IDENTITY_TOKEN_FILE.*access token"):
        places.resolve().require_key()


def test_a_key_wins_over_an_identity_token(places: Places) -> None:
    places.environ |= {"WANDB_IDENTITY_TOKEN_FILE": "/run/token", "WANDB_API_KEY": KEY}
    assert places.resolve().require_key() == KEY


@pytest.mark.parametrize("key", ["local-" + "a" * 40, "short", "a.b-c_d.e", "x" * 86])
def test_keys_of_any_make_are_taken(places: Places, key: str) -> None:
    assert places.resolve(api_key=key).api_key == key


@pytest.mark.parametrize("bad", ["two words", "line\nbreak", "nul\x00", "schlüssel"])
def test_a_key_that_cannot_be_a_header_is_refused_without_showing_it(places: Places, bad: str) -> None:
    places.environ |= {"WANDB_API_KEY": bad}
    with pytest.raises(SettingsError, match="WANDB_API_KEY") as caught:
        places.resolve()
    assert bad not in str(caught.value)


def test_no_text_of_the_settings_shows_a_secret(places: Places) -> None:
    overrides = {
        "_proxies": {"https": "http://u:proxysecret@proxy"},
        "_extra_http_headers": {"X-Token": "headersecret"},
        "other_token": "extrasecret",
    }
    settings = places.resolve(overrides, api_key=KEY)
    shown = f"{settings} {settings!r} {settings:}" + "%s" % settings  # noqa: UP031
    secrets = (KEY, "proxysecret", "headersecret", "extrasecret")
    assert [secret for secret in secrets if secret in shown] == []
    assert "api_key=<set" in shown


def test_settings_cross_to_another_process_with_their_key(places: Places) -> None:
    settings = places.resolve({"_proxies": {"http": "http://p"}}, api_key=KEY)
    assert pickle.loads(pickle.dumps(settings)) == settings


def test_equal_settings_have_equal_hashes(places: Places) -> None:
    assert hash(places.resolve(api_key=KEY)) == hash(places.resolve(api_key=KEY))


# The server's address.


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("https://h/", "https://h"),
        ("http://127.0.0.1:8080//", "http://127.0.0.1:8080"),
        ("https://h/base/path/", "https://h/base/path"),
        (" https://h ", "https://h"),
        ("http://[::1]:80", "http://[::1]:80"),
    ],
)
def test_the_address_loses_slashes_at_its_end(places: Places, given: str, taken: str) -> None:
    assert places.resolve({"base_url": given}).base_url == taken


@pytest.mark.parametrize(
    "given",
    [
        "h", "ftp://h", "https://", "https://h:x", "https://h:99999", "https://[h", "https://h?a=1", "https://h#a",
        "ht tp://h", "https://a b",
    ],
)  # fmt: skip
def test_a_bad_address_is_refused_with_its_place(places: Places, given: str) -> None:
    places.environ |= {"WANDB_BASE_URL": given}
    with pytest.raises(SettingsError, match="base_url from WANDB_BASE_URL"):
        places.resolve()


def test_an_address_with_a_password_is_refused_without_showing_it(places: Places) -> None:
    with pytest.raises(SettingsError) as caught:
        places.resolve({"base_url": "https://user:hunter2@h"})
    assert "hunter2" not in str(caught.value)


def test_the_web_app_in_the_place_of_the_api_is_refused_with_the_right_address(places: Places) -> None:
    with pytest.raises(SettingsError, match=r"Use https://api\.wandb\.ai"):
        places.resolve({"base_url": "https://wandb.ai"})


@pytest.mark.parametrize(
    ("base_url", "app_url"),
    [
        ("https://api.wandb.ai", "https://wandb.ai"),
        ("https://api.wandb.test", "https://app.wandb.test"),
        ("https://api.example.com", "https://app.example.com"),
        ("https://api.forge.coreweave.com", "https://forge.coreweave.com/wandb"),
        ("https://wandb.example.com", "https://wandb.example.com"),
        ("http://localhost:8080", "http://localhost:8080"),
    ],
)
def test_the_web_address_follows_from_the_servers(base_url: str, app_url: str) -> None:
    assert app_url_of(base_url) == app_url


def test_the_web_address_can_be_set(places: Places) -> None:
    places.environ |= {"WANDB_APP_URL": "https://app/x/"}
    assert places.resolve().app_url == "https://app/x"


# The rest.


@pytest.mark.parametrize(
    ("argument", "variable", "expected"), [(None, "30", 30.0), (5, "30", 5.0), (0.5, "", 0.5)]
)
def test_the_timeout_comes_from_the_argument_then_the_environment(
    places: Places, argument: float | None, variable: str, expected: float
) -> None:
    places.environ |= {"WANDB_HTTP_TIMEOUT": variable}
    assert places.resolve(timeout=argument).timeout == expected


@pytest.mark.parametrize("given", ["soon", "0", "-1", "nan"])
def test_a_timeout_that_is_no_time_is_refused(places: Places, given: str) -> None:
    places.environ |= {"WANDB_HTTP_TIMEOUT": given}
    with pytest.raises(SettingsError, match="timeout from WANDB_HTTP_TIMEOUT"):
        places.resolve()


def test_proxies_and_headers_come_from_json_in_the_environment(places: Places) -> None:
    places.environ |= {"WANDB__PROXIES": '{"https": "http://p"}', "WANDB__EXTRA_HTTP_HEADERS": '{"X-A": "b"}'}
    settings = places.resolve()
    assert (settings.proxies, settings.extra_headers) == ({"https": "http://p"}, {"X-A": "b"})


@pytest.mark.parametrize("given", ["{", "[]", "3", "true"])
def test_proxies_that_are_no_json_object_are_refused(places: Places, given: str) -> None:
    places.environ |= {"WANDB__PROXIES": given}
    with pytest.raises(SettingsError, match="proxies from WANDB__PROXIES"):
        places.resolve()


@pytest.mark.parametrize(
    ("given", "verify"), [("1", False), ("true", False), ("false", True), ("0", True), ("", True)]
)
def test_the_check_of_certificates_can_be_switched_off(places: Places, given: str, verify: bool) -> None:
    places.environ |= {"WANDB_INSECURE_DISABLE_SSL": given}
    assert places.resolve().verify is verify


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_usual_variables_name_the_certificates_to_trust(places: Places, name: str) -> None:
    places.environ |= {name: "/etc/ca.pem"}
    assert places.resolve().verify == "/etc/ca.pem"


def test_the_cache_folder_can_be_moved(places: Places) -> None:
    places.environ |= {"WANDB_CACHE_DIR": "~/cache"}
    assert places.resolve().cache_dir == places.home / "cache" / "wandkit"


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="other platforms have other cache folders")
def test_the_cache_folder_is_the_platforms(places: Places) -> None:
    assert places.resolve().cache_dir == places.home / ".cache" / "wandkit"


def test_a_setting_of_the_wrong_type_is_named(places: Places) -> None:
    with pytest.raises(SettingsError, match="entity from overrides must be text, not int"):
        places.resolve({"entity": 3})


def test_without_arguments_the_process_environment_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WANDB_ENTITY", "from-the-process")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert Settings.resolve().entity == "from-the-process"
