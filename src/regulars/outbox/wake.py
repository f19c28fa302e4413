# SPDX-License-Identifier: Apache-2.0
"""A bell inside the process: whoever commits a job rings it, so that the worker need not wait for its next look."""

import threading

_listeners: list[threading.Event] = []


def listen() -> threading.Event:
    """Return an event that every `wake` sets; the listener clears it before it looks for work."""
    event = threading.Event()
    _listeners.append(event)
    return event


def stop_listening(event: threading.Event) -> None:
    """Forget a listener."""
    _listeners.remove(event)


def wake() -> None:
    """Tell all listeners of this process that there may be work."""
    for event in tuple(_listeners):
        event.set()
