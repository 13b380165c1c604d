"""How busy a moment is: hours of the day, weekdays, slow trends and a little noise, all in the reporting zone."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sin
from random import Random
from zoneinfo import ZoneInfo

from metrics_core.model.instant import DAY, Instant, moment

HOURS: tuple[float, ...] = (
    0.74,
    0.72,
    0.70,
    0.70,
    0.72,
    0.78,  # night: 20 to 30 % below an ordinary hour
    1.00,
    1.00,
    1.00,
    1.00,
    1.25,
    1.38,
    1.50,
    1.40,
    1.22,  # late morning and lunch: 20 to 50 % above
    1.00,
    1.00,
    1.00,
    1.30,
    1.46,
    1.38,
    1.20,  # evening: 20 to 50 % above
    0.80,
    0.76,
)

WEEKEND: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0, 1.0, 1.28, 1.16)
"""Monday to Sunday: Saturdays and Sundays are 10 to 30 % busier."""

SEASON: tuple[float, ...] = (0.97, 0.98, 1.00, 1.01, 1.04, 1.00, 1.00)
"""What the days of a working week differ by among themselves."""

NOISE = 0.10
_WAVE_DAYS = 45
_WAVE = 0.06


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment as the patterns see it: the local hour and weekday (0 is Monday) and what they are worth."""

    hour: int
    weekday: int
    hour_multiplier: float
    weekend_multiplier: float

    @property
    def day_of_week(self) -> int:
        """The weekday as seed documents number it: 0 is Sunday."""
        return (self.weekday + 1) % 7


def hour_multiplier(hour: int) -> float:
    """What an hour of the day is worth against an ordinary one."""
    return HOURS[hour]


def weekend_multiplier(weekday: int) -> float:
    """What a weekday (0 is Monday) is worth against a working day."""
    return WEEKEND[weekday]


def mark(at: Instant, zone: ZoneInfo) -> Mark:
    """The local hour and weekday of an instant with their multipliers."""
    when = moment(at, zone)
    weekday = when.weekday()
    return Mark(when.hour, weekday, HOURS[when.hour], WEEKEND[weekday])


def trend(at: Instant, seed: int) -> float:
    """A slow rise and fall, the same for everybody who asks about the same moment of the same seed."""
    phase = Random(f"{seed}:trend").random()
    return 1.0 + _WAVE * sin(2 * pi * (at / (_WAVE_DAYS * DAY) + phase))


def level(at: Instant, zone: ZoneInfo, seed: int) -> float:
    """How busy a moment is against an ordinary one, without the noise."""
    seen = mark(at, zone)
    return seen.hour_multiplier * seen.weekend_multiplier * SEASON[seen.weekday] * trend(at, seed)


def noise(rng: Random) -> float:
    """A factor that is off by at most 10 % either way."""
    return 1.0 + NOISE * (2.0 * rng.random() - 1.0)


def whole(rng: Random, expected: float) -> int:
    """A whole number whose mean is `expected`: the part after the point is a chance of one more."""
    floor = int(expected)
    return floor + (rng.random() < expected - floor)
