"""Outlines of places on the map: GeoJSON (RFC 7946) in degrees of WGS 84, longitude first.

An outline has 500 points at most and no hole that matters to anybody, so a ray is counted through
its rings in plain Python; the boxes around them say beforehand which ones to look at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, cast

from fivered.services.steward.errors import BadShape

MOST_POINTS = 500
# About 100 km: wider than any district that this is for.
_WIDEST = 1_000_000
_LEAST_POINTS = 4
_ROUND = 1_000_000
_INWARDS = 0.02

Point = tuple[float, float]
Ring = Sequence[Point]
# As it came: a polygon's rings, or one level deeper the polygons of a multipolygon.
Coordinates = list[list[list[float | list[float]]]]


class Box(NamedTuple):
    """The box around an outline, in millionths of a degree."""

    west: int
    south: int
    east: int
    north: int


def check(kind: str, coordinates: Coordinates) -> Box:
    """Return the box of an outline.

    Raises:
        BadShape: A ring is not closed, crosses itself, lies nowhere on earth or is too wide; or
            there are more than 500 points.
    """
    polygons = list(polygons_of(kind, coordinates))
    rings = [ring for polygon in polygons for ring in polygon]
    if not rings or any(len(ring) < _LEAST_POINTS or ring[0] != ring[-1] for ring in rings):
        raise BadShape(why="RING_OPEN", field="geometry")
    if sum(map(len, rings)) > MOST_POINTS:
        raise BadShape(why="TOO_MANY_POINTS", field="geometry")
    points = [point for ring in rings for point in ring]
    if any(not (-180 <= x <= 180 and -90 <= y <= 90) for x, y in points):
        raise BadShape(why="NOT_ON_EARTH", field="geometry")
    xs, ys = [_small(x) for x, _ in points], [_small(y) for _, y in points]
    box = Box(min(xs), min(ys), max(xs), max(ys))
    if box.east - box.west > _WIDEST or box.north - box.south > _WIDEST:
        raise BadShape(why="TOO_WIDE", field="geometry")
    if any(_crosses_itself(ring) or not _surface(ring) for ring in rings):
        raise BadShape(why="CROSSES_ITSELF", field="geometry")
    return box


def polygons_of(kind: str, coordinates: Coordinates) -> Iterator[list[Ring]]:
    """Yield the polygons of an outline, each as its rings, the outer one first.

    Raises:
        BadShape: The numbers are nested otherwise than the type says.
    """
    deeper = cast("list[list[list[list[float]]]]", coordinates)
    for rings in [coordinates] if kind == "Polygon" else deeper:
        polygon: list[Ring] = []
        for ring in rings:
            points: list[Point] = []
            for at in cast("list[object]", ring):
                if not isinstance(at, list) or len(at) < 2 or isinstance(at[0], list):
                    raise BadShape(why="NOT_NESTED", field="geometry")
                points.append((float(at[0]), float(at[1])))
            polygon.append(points)
        yield polygon


def _small(degrees: float) -> int:
    return round(degrees * _ROUND)


def millionths(longitude: float, latitude: float) -> tuple[int, int]:
    """Return a point in the unit of the boxes."""
    return _small(longitude), _small(latitude)


def holds(kind: str, coordinates: Coordinates, longitude: float, latitude: float) -> bool:
    """Tell whether a point lies in an outline, and in none of its holes."""
    return any(
        _inside(rings[0], longitude, latitude)
        and not any(_inside(hole, longitude, latitude) for hole in rings[1:])
        for rings in polygons_of(kind, coordinates)
    )


def _inside(ring: Ring, x: float, y: float) -> bool:
    """Count how often a ray to the east meets the ring: an odd number is inside."""
    inside = False
    for (x1, y1), (x2, y2) in pairwise(ring):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def samples(kind: str, coordinates: Coordinates) -> Iterator[Point]:
    """Yield a point just inside each outer edge, so that of two outlines which only touch none
    holds one of the other."""
    for rings in polygons_of(kind, coordinates):
        outer = rings[0][1:]
        middle = [sum(at[axis] for at in outer) / len(outer) for axis in (0, 1)]
        for (x1, y1), (x2, y2) in pairwise(rings[0]):
            x, y = (x1 + x2) / 2, (y1 + y2) / 2
            yield x + (middle[0] - x) * _INWARDS, y + (middle[1] - y) * _INWARDS


def _surface(ring: Ring) -> float:
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring))


def _crosses_itself(ring: Ring) -> bool:
    edges = list(pairwise(ring))
    last = len(edges) - 1
    return any(
        _cross(edges[one], edges[other])
        for one in range(len(edges))
        for other in range(one + 2, len(edges))
        # The last edge ends where the first one begins.
        if (one, other) != (0, last)
    )


def _cross(one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    (a, b), (c, d) = one, other
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
