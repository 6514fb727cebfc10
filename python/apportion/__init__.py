"""Apportion from Python: trained models to the neutral JSON that the engine reads."""

from __future__ import annotations

__all__ = ["CheckFailed", "Refused", "check", "save", "to_neutral"]


def __getattr__(name: str) -> object:
    # On demand, so that `python -m apportion.convert` does not import convert twice.
    if name in __all__:
        from apportion import convert

        return getattr(convert, name)
    raise AttributeError(f"module 'apportion' has no attribute {name!r}")
