"""Prices random months with `usher billing simulate` and anew, and tells where the two differ.

The recount shares nothing with the program: another language, another database of time zones, exact fractions, and
for each date and instant the plain question who was there. All eight modes, included seats, floors, changes of price
within the period, currencies without and with three decimal places, zones with odd days, periods of any length.

    python3 tests/python/random_months.py [--usher target/debug/usher] [--count 400] [--seed 1]
"""

import argparse
import json
import random
import subprocess
import sys
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo

MODES = [
    "DAILY_TOUCH", "DAILY_CLOSE", "DAILY_PEAK", "SECOND", "PERIOD_CLOSE", "PERIOD_PEAK", "OPENING_PLUS_INCREMENTS",
    "DISTINCT",
]
ZONES = [
    "UTC", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia", "Asia/Kathmandu",
    "America/Sao_Paulo", "Europe/Berlin", "America/St_Johns", "Pacific/Kiritimati", "Atlantic/Azores",
]
CURRENCIES = {"EUR": 2, "JPY": 0, "BHD": 3}
CLASSES = {"collaborator": 1, "external": 2, "regular": 3}
DAY = 86_400_000_000
QUARTER = 900_000_000


def moment(micros):
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=micros)


def start_of(day, zone):
    """The first instant whose local date is the day or later: every quarter of an hour is asked."""
    at = int(datetime(day.year, day.month, day.day, tzinfo=timezone.utc).timestamp()) * 1_000_000 - 2 * DAY
    while moment(at).astimezone(zone).date() < day:
        at += QUARTER
    return at


def round_half_away(exact):
    sign = -1 if exact < 0 else 1
    return sign * ((2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator))


class Month:
    """A case, and what is asked of it."""

    def __init__(self, case):
        self.case = case
        self.zone = ZoneInfo(case["timezone"])
        first, end = (date.fromisoformat(case["period"][name]) for name in ("start", "end"))
        self.dates = [first + timedelta(days=n) for n in range((end - first).days)]
        self.starts = [start_of(day, self.zone) for day in [*self.dates, end]]
        self.open, self.close = self.starts[0], self.starts[-1]
        self.persons = {}
        for event in case["events"]:
            at = datetime.fromisoformat(event["at"]) - datetime(1970, 1, 1, tzinfo=timezone.utc)
            micros = (at.days * 86_400 + at.seconds) * 1_000_000 + at.microseconds
            self.persons.setdefault(event["person"], {})[micros] = event.get("class") if event["active"] else None
        changes = {at for states in self.persons.values() for at in states if self.open < at < self.close}
        self.instants = sorted({self.open, *changes})

    def state(self, person, at):
        states = self.persons[person]
        known = [when for when in states if when <= at]
        return states[max(known)] if known else None

    def count(self, name, at):
        return sum(self.state(person, at) == name for person in self.persons)

    def touched(self, person, start, end):
        """The classes that a person had at any instant of a half-open span."""
        if start >= end:
            return set()
        at = [start, *(when for when in self.persons[person] if start < when < end)]
        return {self.state(person, when) for when in at} - {None}

    def highest(self, name, start, end):
        """How many persons touched the class in a span, and none of a higher rank."""
        found = (self.touched(person, start, end) for person in self.persons)
        return sum(bool(classes) and max(classes, key=CLASSES.get) == name for classes in found)

    def terms(self, name, day):
        versions = [price for price in self.case["prices"] if price["class"] == name]
        valid = [price for price in versions if date.fromisoformat(price["valid_from"]) <= day]
        price = max(valid, key=lambda price: price["valid_from"])
        scale = 10 ** CURRENCIES[self.case["currency"]]
        return Fraction(price["unit_price"]) * scale, price["included"], price["floor"]

    def spans(self, index):
        """The spans of a date within which nobody comes or goes."""
        start, end = self.starts[index], self.starts[index + 1]
        cuts = [start, *(at for at in self.instants if start < at < end), end]
        return [(a, b) for a, b in zip(cuts, cuts[1:]) if a < b]

    def increments(self, name, count):
        highest = count(self.count(name, self.open))
        amount = self.terms(name, self.dates[0])[0] * highest
        for at in self.instants[1:]:
            number = count(self.count(name, at))
            if number > highest:
                index = max(n for n in range(len(self.dates)) if self.starts[n] <= at)
                left = len(self.dates) - index
                price = self.terms(name, self.dates[index])[0]
                amount += price * (number - highest) * Fraction(left, len(self.dates))
                highest = number
        return amount

    def lines(self):
        lines = []
        for name in ("regular", "external"):
            mode = next(price["mode"] for price in self.case["prices"] if price["class"] == name)
            for kind in ("seat", "floor"):
                exact, seat_days = self.amount(name, mode, kind)
                if exact or (seat_days and kind == "seat"):
                    lines.append((kind, name, seat_days, exact, round_half_away(exact)))
        touched = sum(self.highest("collaborator", *self.starts[n : n + 2]) for n in range(len(self.dates)))
        if touched:
            lines.append(("seat", "collaborator", touched, Fraction(0), 0))
        return lines

    def amount(self, name, mode, kind):
        days = len(self.dates)
        touched = [self.highest(name, self.starts[n], self.starts[n + 1]) for n in range(days)]

        def billable(index, count):
            _, included, floor = self.terms(name, self.dates[index])
            return max(0, count - included) if kind == "seat" else max(0, floor - count)

        if mode.startswith("DAILY"):
            units = []
            for n in range(days):
                at = [span[0] for span in self.spans(n)]
                if mode == "DAILY_TOUCH":
                    count = touched[n]
                elif mode == "DAILY_CLOSE":
                    # Of a date that the zone skipped, the last microsecond is of the one before.
                    count = self.count(name, self.starts[n + 1] - 1) if at else 0
                else:
                    count = max((self.count(name, when) for when in at), default=0)
                units.append(billable(n, count))
            prices = [self.terms(name, day)[0] for day in self.dates]
            return sum((price * unit / days for price, unit in zip(prices, units)), Fraction(0)), sum(units)
        total = sum(touched) if kind == "seat" else 0
        if mode == "SECOND":
            exact = Fraction(0)
            for n in range(days):
                for start, end in self.spans(n):
                    seats = billable(n, self.count(name, start))
                    exact += self.terms(name, self.dates[n])[0] * seats * (end - start) / (self.close - self.open)
            return exact, total
        if mode == "OPENING_PLUS_INCREMENTS":
            _, included, floor = self.terms(name, self.dates[0])
            if kind == "seat":
                return self.increments(name, lambda count: max(0, count - included)), total
            with_floor = self.increments(name, lambda count: max(count, floor))
            return with_floor - self.increments(name, lambda count: count), total
        count = {
            "PERIOD_CLOSE": lambda: self.count(name, self.close - 1),
            "PERIOD_PEAK": lambda: max(self.count(name, at) for at in self.instants),
            "DISTINCT": lambda: self.highest(name, self.open, self.close),
        }[mode]()
        return self.terms(name, self.dates[0])[0] * billable(0, count), total


def drawn(draw):
    """A random case."""
    zone, currency = draw.choice(ZONES), draw.choice(list(CURRENCIES))
    if draw.random() < 0.1:
        zone, first = draw.choice([
            ("Pacific/Apia", date(2011, 12, 1)), ("America/New_York", date(2026, 3, 1)),
            ("America/New_York", date(2026, 11, 1)), ("America/Sao_Paulo", date(2018, 11, 1)),
            ("Africa/Cairo", date(2026, 4, 1)), ("Australia/Lord_Howe", date(2026, 10, 1)),
        ])
    else:
        first = date(draw.randrange(2009, 2028), draw.randrange(1, 13), 1)
    if draw.random() < 0.7:
        end = (first + timedelta(days=32)).replace(day=1)
    else:
        first += timedelta(days=draw.randrange(28))
        end = first + timedelta(days=draw.randrange(1, 41))
    prices = []
    for name in ("regular", "external"):
        mode = draw.choice(MODES)
        begins = ["2000-01-01"]
        inside = [first + timedelta(days=n) for n in range(1, (end - first).days)]
        if inside and draw.random() < 0.5:
            begins += sorted(str(day) for day in draw.sample(inside, min(len(inside), draw.randrange(1, 3))))
        for begin in begins:
            places = draw.choice([0, 2, 6])
            whole = draw.choice([0, draw.randrange(20), draw.randrange(100_000)])
            text = f"{whole}.{draw.randrange(10**places):0{places}}" if places else str(whole)
            prices.append({
                "class": name, "unit_price": text, "mode": mode, "valid_from": begin,
                "included": draw.choice([0, 0, 1, 2]), "floor": draw.choice([0, 0, 1, 4]),
            })
    zone_info = ZoneInfo(zone)
    opening, closing = start_of(first, zone_info), start_of(end, zone_info)
    edges = [start_of(first + timedelta(days=n), zone_info) for n in range((end - first).days + 1)]
    events = []
    for n in range(draw.randrange(0, 9)):
        for _ in range(draw.randrange(1, 9)):
            at = draw.randrange(opening - 5 * DAY, closing + 2 * DAY)
            if draw.random() < 0.3:
                at = draw.choice(edges) + draw.choice([-1, 0, 0, 1])
            name = draw.choice([None, None, *CLASSES])
            event = {"at": moment(at).isoformat(timespec="microseconds"), "person": f"p{n}", "active": name is not None}
            events.append(event | ({"class": name} if name else {}))
    # One state of a person at one instant; and in the order of time.
    unique = {(event["person"], event["at"]): event for event in events}
    events = sorted(unique.values(), key=lambda event: (event["at"], event["person"]))
    classes = [{"class": name, "rank": rank, "priced": rank > 1} for name, rank in CLASSES.items()]
    return {
        "currency": currency, "timezone": zone, "period": {"start": str(first), "end": str(end)}, "classes": classes,
        "prices": prices, "events": events,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--usher", default="target/debug/usher", help="the program")
    parser.add_argument("--count", type=int, default=400, help="how many months")
    parser.add_argument("--seed", type=int, default=1, help="the same seed draws the same months")
    arguments = parser.parse_args()
    differences, lines = 0, 0
    for number in range(arguments.seed, arguments.seed + arguments.count):
        case = drawn(random.Random(number))
        command = [arguments.usher, "billing", "simulate", "--input", "-"]
        done = subprocess.run(command, input=json.dumps(case), capture_output=True, text=True, check=False)
        if done.returncode:
            found = done.stderr
        else:
            found = [
                (line["kind"], line["class"], line["seat_days"], Fraction(line["exact"]), line["amount_minor"])
                for line in json.loads(done.stdout)["lines"]
            ]
        wanted = Month(case).lines()
        lines += len(wanted)
        if found != wanted:
            differences += 1
            print(f"seed {number}: {json.dumps(case)}\n  program: {found}\n  recount: {wanted}", file=sys.stderr)
    print(f"{differences} of {arguments.count} months differ; {lines} lines were compared")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
