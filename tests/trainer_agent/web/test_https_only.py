"""Whom the page sends on to HTTPS."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask

from edge_common.settings import TrainerSettings


@pytest.mark.parametrize(
    ("only", "address", "port", "status"),
    [
        (True, "192.168.1.20", 8443, 308),
        (True, "127.0.0.1", 8443, 200),
        (True, "192.168.1.20", None, 401),
        (False, "192.168.1.20", 8443, 401),
    ],
    ids=["sent on", "the device itself", "no certificate", "not wanted"],
)
def test_other_machines_are_sent_to_https_where_the_setting_wants_it(
    build_app: Callable[[], Flask], only: bool, address: str, port: int | None, status: int
) -> None:
    app = build_app()
    settings = TrainerSettings.model_validate({"web": {"https_only": only}})
    app.extensions["services"] = replace(app.extensions["services"], settings=lambda: settings, https_port=lambda: port)

    answer = app.test_client().get(
        "/models?kind=a", base_url="http://192.168.1.5:8080" if status != 200 else "http://localhost:8080",
        environ_overrides={"REMOTE_ADDR": address},
    )  # fmt: skip

    assert answer.status_code == status
    if status == 308:
        assert answer.headers["Location"] == "https://192.168.1.5:8443/models?kind=a"
