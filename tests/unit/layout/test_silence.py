"""The search of logs hears every test, and nothing that a test configured for itself outlives it."""

import io
import logging
import sys

import pytest

from passerelle.kit.logs import configure_logs


@pytest.fixture
def silence(request):
    """The plugin of this run."""
    return request.config.pluginmanager.get_plugin("silence")


def test_a_handler_that_a_test_left_behind_writes_no_more(silence, monkeypatch):
    own = io.StringIO()
    monkeypatch.setattr(sys, "stderr", own)
    configure_logs("info", "json")
    silence.listen()
    logging.getLogger("uvicorn.error").info("Finished server process")
    assert own.getvalue() == ""


def test_what_is_logged_after_a_test_configured_logs_is_searched_again(silence):
    configure_logs("error", "console")
    silence.listen()
    before = silence.lines
    logging.getLogger("uvicorn.error").debug("a line")
    assert silence.lines == before + 1
