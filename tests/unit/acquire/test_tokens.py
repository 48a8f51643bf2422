import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest
from httpx2 import Client

from reben.acquire.credentials import Credentials
from reben.acquire.retries import RetryPolicy
from reben.acquire.stopping import Stop
from reben.acquire.tokens import Tokens
from reben.core.errors import CredentialsError, DownloadError
from stand_ins.data_space import PASSWORD, USERNAME, DataSpaceStandIn


@pytest.fixture
def client():
    with Client() as client:
        yield client


def make(space: DataSpaceStandIn, client: Client, policy: RetryPolicy, clock, password: str = PASSWORD) -> Tokens:
    credentials = Credentials(USERNAME, password)
    return Tokens(client, space.service, lambda: credentials, policy=policy, stop=Stop(), clock=clock.time)


def test_a_token_is_kept_and_refreshed_before_it_ends(space: DataSpaceStandIn, client, policy, clock):
    tokens = make(space, client, policy, clock)
    first = tokens.token()
    clock.now_s = 539
    assert tokens.token() == first
    clock.now_s = 541
    assert tokens.token() != first
    assert space.grants == ["password", "refresh_token"]
    clock.now_s += 3600
    tokens.token()
    assert space.grants[-1] == "password"


def test_short_lives_are_used_to_half(space: DataSpaceStandIn, client, policy, clock):
    space.token_life_s = 4
    tokens = make(space, client, policy, clock)
    tokens.token()
    clock.now_s = 1.9
    tokens.token()
    assert len(space.grants) == 1
    clock.now_s = 2
    tokens.token()
    assert len(space.grants) == 2


def test_many_workers_make_one_refresh(space: DataSpaceStandIn, client, policy, clock):
    tokens = make(space, client, policy, clock)
    with ThreadPoolExecutor(8) as executor:
        assert len(set(executor.map(lambda _: tokens.token(), range(40)))) == 1
        clock.now_s = 550
        assert len(set(executor.map(lambda _: tokens.token(), range(40)))) == 1
    assert space.grants == ["password", "refresh_token"]


def test_a_refused_refresh_falls_back_to_the_password(space: DataSpaceStandIn, client, policy, clock):
    tokens = make(space, client, policy, clock)
    tokens.token()
    space.refuse_refresh = True
    clock.now_s = 550
    tokens.token()
    assert space.grants == ["password", "password"]


def test_only_the_token_in_use_is_forgotten(space: DataSpaceStandIn, client, policy, clock):
    tokens = make(space, client, policy, clock)
    first = tokens.token()
    tokens.forget("another")
    assert tokens.token() == first
    tokens.forget(first)
    assert tokens.token() != first


def test_a_wrong_password_is_tried_once_and_never_shown(space: DataSpaceStandIn, client, policy, clock):
    tokens = make(space, client, policy, clock, "not the password")
    for _ in range(3):
        with pytest.raises(CredentialsError, match="refuses user name and password") as caught:
            tokens.token()
        text = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + caught.value.hint
        assert "invalid_grant" in text
        assert "not the password" not in text
        assert USERNAME not in text
    assert len(space.requests) == 1


@pytest.mark.parametrize(
    "fault",
    ["503", "html", "json {}", 'json {"access_token": 5}', 'json {"access_token": "a\\r\\nb"}', "json [", "302"],
)
def test_trouble_is_waited_for(space: DataSpaceStandIn, client, policy, clock, fault: str):
    space.faults["token"] = [fault] * 2
    tokens = make(space, client, policy, clock)
    assert tokens.token().startswith("access-")
    assert clock.waits == [2, 4]


def test_a_service_that_stays_away_is_asked_by_one_worker_only(space: DataSpaceStandIn, client, policy, clock):
    space.faults["token"] = ["503"] * 99
    tokens = make(space, client, policy, clock)
    for _ in range(3):
        with pytest.raises(DownloadError, match="no token: status 503, after 6 attempts"):
            tokens.token()
    assert len(space.requests) == 6


def test_secrets_do_not_show_in_representations(space: DataSpaceStandIn, client, policy, clock):
    tokens = make(space, client, policy, clock)
    tokens.token()
    text = repr(tokens) + repr(tokens._grant) + repr(Credentials(USERNAME, PASSWORD))
    assert not [secret for secret in space.secrets if secret in text]


ECHOED = "letmein"


@pytest.mark.parametrize(
    "answer", ['{"error": "letmein"}', '{"error": ["letmein"]}', '{"error": {"letmein": 1}}', '["letmein"]']
)
def test_a_service_that_repeats_the_password_does_not_get_it_into_a_message(
    space: DataSpaceStandIn, client, policy, clock, answer: str
):
    space.faults["token"] = [f"refused {answer}"]
    with pytest.raises(CredentialsError, match="status 401, no reason given") as caught:
        make(space, client, policy, clock, ECHOED).token()
    assert ECHOED not in f"{caught.value} {caught.value.hint}"


def test_a_known_reason_is_told(space: DataSpaceStandIn, client, policy, clock):
    space.faults["token"] = ['refused {"error": "invalid_grant"}']
    with pytest.raises(CredentialsError, match="invalid_grant"):
        make(space, client, policy, clock).token()


def test_a_token_that_comes_byte_by_byte_is_not_waited_for(
    space: DataSpaceStandIn, client, policy, clock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("reben.acquire.tokens.ANSWER_S", 0.2)
    space.faults["token"] = ["drip body", "encoding gzip"]
    assert make(space, client, policy, clock).token()
    assert space.faults["token"] == []
