"""Who and what made-up data is about: users, companies, staff, products, content, features, channels and regions."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from random import Random
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

CHANNELS: Mapping[str, float] = {"online": 0.62, "retail": 0.27, "wholesale": 0.11}
REGIONS: Mapping[str, float] = {
    "North America": 0.36,
    "Europe": 0.31,
    "Asia": 0.19,
    "South America": 0.08,
    "Australia": 0.06,
}
SEGMENTS = ("returning",) * 9 + ("new",) * 5 + ("loyal",) * 4 + ("won back",) * 2
"""Of every twenty buyers."""
FEATURES = ("Dashboard", "Revenue", "Funnels", "Retention", "Reports", "Segments", "Alerts", "Exports")
ACTIONS = (
    "Viewed revenue report",
    "Opened a dashboard",
    "Changed the period",
    "Ran a query",
    "Saved a report",
    "Compared two weeks",
    "Exported a table",
    "Shared a link",
)
COMPANIES = (
    "Acme Corp",
    "Northwind Traders",
    "Globex",
    "Initech",
    "Umbrella Foods",
    "Stark Textiles",
    "Wayne Outdoor",
    "Hooli",
    "Blue Harbor",
    "Cedar & Co",
    "Delta Supplies",
    "Evergreen Retail",
    "Fjord Sport",
    "Granite Tools",
    "Helio Energy",
    "Iris Optics",
    "Juniper Home",
    "Kestrel Air",
    "Lumen Books",
    "Meridian Travel",
)
STAFF = (
    "Amelie Roth",
    "Bruno Costa",
    "Chen Wei",
    "Dana Novak",
    "Elena Rossi",
    "Farid Aziz",
    "Grace Kim",
    "Hugo Martin",
    "Ines Duarte",
    "Jonas Berg",
    "Keiko Mori",
    "Liam Walsh",
)
_FIRST = (
    "Ada",
    "Alan",
    "Amara",
    "Anders",
    "Bea",
    "Carlos",
    "Chloe",
    "Daniel",
    "Diego",
    "Elif",
    "Emma",
    "Fatima",
    "Felix",
    "Hana",
    "Ivan",
    "Jana",
    "Joao",
    "Kofi",
    "Lea",
    "Lucas",
    "Maria",
    "Mei",
    "Nadia",
    "Noah",
    "Olga",
    "Omar",
    "Priya",
    "Rosa",
    "Samir",
    "Sofia",
    "Tomas",
    "Yuki",
)
_LAST = (
    "Adams",
    "Becker",
    "Bianchi",
    "Chen",
    "Costa",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Garcia",
    "Haddad",
    "Ito",
    "Jensen",
    "Khan",
    "Kowalski",
    "Larsen",
    "Lopez",
    "Meyer",
    "Nguyen",
    "Okafor",
    "Patel",
    "Quinn",
    "Reyes",
    "Silva",
    "Tanaka",
    "Ueda",
    "Varga",
    "Weber",
    "Yilmaz",
)

USERS = 3_000
PRODUCTS = 60


class User(NamedTuple):
    """Somebody who looks, works and buys."""

    id: str
    name: str
    email: str
    company: str
    region: str
    segment: str
    """How the shop knows this buyer: new, returning, loyal or won back."""


class Product(NamedTuple):
    """Something that is sold; its price is in hundredths of the currency's unit."""

    id: str
    price: int


class Content(NamedTuple):
    """Something to read: how often it is looked at, and how well it sells."""

    title: str
    seen: float
    sells: float


CONTENT: tuple[Content, ...] = (
    Content("Winter parka guide", 1.00, 1.30),
    Content("Trail shoes compared", 0.86, 1.15),
    Content("Gift ideas under 50", 0.80, 1.40),
    Content("How to layer for cold days", 0.66, 0.80),
    Content("The tent finder", 0.58, 1.05),
    Content("Spring sale preview", 0.55, 1.20),
    Content("Care for down jackets", 0.44, 0.55),
    Content("Running in the dark", 0.40, 0.85),
    Content("Backpack sizes explained", 0.36, 0.95),
    Content("Bike lights: the test", 0.30, 1.10),
    Content("Stories from the ridge", 0.26, 0.30),
    Content("Wholesale catalogue", 0.20, 1.60),
    Content("Repair instead of replace", 0.16, 0.35),
    Content("Store opening hours", 0.12, 0.40),
)


class Weighted(Generic[T]):
    """Things to draw from, each as often as its weight says."""

    def __init__(self, things: Sequence[T], weights: Sequence[float]) -> None:
        self._things = tuple(things)
        self._sums = list(accumulate(weights))
        self.total = self._sums[-1] if self._sums else 0.0

    def draw(self, rng: Random) -> T:
        """One of the things; needs a total above 0."""
        place = bisect(self._sums, rng.random() * self.total)
        return self._things[min(place, len(self._things) - 1)]


@lru_cache(maxsize=8)
def users(seed: int, count: int = USERS) -> tuple[User, ...]:
    """The people of a seed; the same seed names the same people."""
    rng = Random(f"{seed}:users")
    places = Weighted(tuple(REGIONS), tuple(REGIONS.values()))
    return tuple(_user(rng, number, places) for number in range(1, count + 1))


@lru_cache(maxsize=8)
def products(seed: int, count: int = PRODUCTS) -> tuple[Product, ...]:
    """The products of a seed, PROD001 onwards, with prices from 9.90 to about 260."""
    rng = Random(f"{seed}:products")
    return tuple(
        Product(f"PROD{number:03d}", 990 + 10 * int(25_000 * rng.random() ** 3 / 10)) for number in range(1, count + 1)
    )


def pick(rng: Random, things: Sequence[T], *, skew: float = 1.0) -> T:
    """One of the things; a skew above 1 draws the first ones more often."""
    return things[int(len(things) * rng.random() ** skew)]


def _user(rng: Random, number: int, places: Weighted[str]) -> User:
    first, last = pick(rng, _FIRST), pick(rng, _LAST)
    email = f"{first}.{last}.{number}@example.com".lower()
    segment = SEGMENTS[number * 7 % len(SEGMENTS)]
    return User(f"USER{number:04d}", f"{first} {last}", email, pick(rng, COMPANIES, skew=1.4), places.draw(rng), segment)
