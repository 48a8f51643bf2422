import json
from dataclasses import replace

from reben.doctor import diagnosis
from reben.doctor.diagnosis import Diagnosis, diagnose
from reben.doctor.extras import BASE, Extra, Package

WELL = Diagnosis(
    reben="1.0",
    python="3.12.1",
    system="Linux",
    processors=8,
    memory_bytes=32_000_000_000,
    free_memory_bytes=20_000_000_000,
    gpus=("H100",),
    has_nvidia=True,
    reads_jpeg2000=True,
    extras=(Extra(BASE, (Package("numpy", ">=2", "2.1"),)), Extra("hub", (Package("huggingface_hub", ">=1", None),))),
    disk=None,
)


def texts(found: Diagnosis) -> str:
    return "\n".join(f"{line.mark} {line.text} {line.advice}" for line in found.lines())


def test_missing_extras_are_notes_with_advice():
    assert WELL.healthy
    assert "GPU: H100" in texts(WELL)
    assert "-- hub (publish data sets on the Hugging Face hub): huggingface_hub is missing" in texts(WELL)
    assert "pip install 'reben[hub]'" in texts(WELL)


def test_what_must_be_put_right():
    for wrong in (
        replace(WELL, gpus=()),
        replace(WELL, reads_jpeg2000=False),
        replace(WELL, extras=(Extra(BASE, (Package("numpy", ">=2", "1.26"),)),)),
    ):
        assert not wrong.healthy
    assert "no GPU was found" in texts(replace(WELL, gpus=(), has_nvidia=False))
    assert replace(WELL, gpus=(), has_nvidia=False, extras=()).healthy


def test_this_machine(monkeypatch):
    found = diagnose(None)
    assert found.processors >= 1
    assert found.memory_bytes > found.free_memory_bytes > 0
    assert found.reads_jpeg2000
    told = json.loads(json.dumps(found.as_dict()))
    assert told["healthy"] is found.healthy

    def absent(_name: str) -> list[str]:
        raise diagnosis.metadata.PackageNotFoundError

    monkeypatch.setattr(diagnosis.metadata, "requires", absent)
    assert "it runs from a folder" in texts(diagnose(None))
