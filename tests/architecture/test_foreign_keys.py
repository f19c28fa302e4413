# SPDX-License-Identifier: Apache-2.0
"""Foreign keys point down the layers, as imports do."""

from architecture.tree import heights, room_of, rooms, tables

DJANGO = {"auth", "contenttypes", "sessions"}


def references():
    """Yield each foreign key as its name, the room it stands in and the room it points to."""
    for model in tables():
        for field in model._meta.get_fields():
            if field.concrete and field.related_model:
                yield f"{model._meta.label}.{field.name}", room_of(model), field.related_model._meta.app_label


def test_every_room_has_a_layer():
    assert {room.name for room in rooms()} - set(heights()) == set()


def test_foreign_keys_point_down():
    height = heights()
    upward = [
        f"{name} -> {target}"
        for name, room, target in references()
        if target not in DJANGO and target != room and height[target] >= height[room]
    ]

    assert upward == []
