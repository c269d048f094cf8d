"""The rows: ours beside the peers in the same unit, the target, met or not. Printed as they come, kept as JSON."""

import json
import statistics

# What a figure is compared with, by the sign of the target.
SIGNS = {"<=": lambda value, limit: value <= limit, ">=": lambda value, limit: value >= limit}


def shown(value):
    if value is None:
        return "-"
    for limit, digits in ((100, 0), (10, 1), (1, 2)):
        if abs(value) >= limit:
            return f"{value:,.{digits}f}"
    return f"{value:.3f}"


class Table:
    def __init__(self):
        self.rows = []
        self.notes = []

    def ratio(self, name, unit, figures, sign, limit, against):
        """Ours over the best of `against`; the other peers are shown beside it."""
        ours = figures.get("millrace")
        rivals = {peer: figures[peer] for peer in against if figures.get(peer) is not None}
        best = (min if sign == "<=" else max)(rivals, key=rivals.get) if rivals else None
        peer = rivals.get(best)
        ratio = ours / peer if ours is not None and peer else None
        ok = ratio is not None and SIGNS[sign](ratio, limit)
        self.add(name, unit, ours, peer, best, ratio, f"{sign} {limit}x", ok, figures)

    def absolute(self, name, unit, figures, sign, limit):
        """Ours against a number; the peers, if any, are only shown."""
        ours = figures.get("millrace")
        ok = ours is not None and SIGNS[sign](ours, limit)
        self.add(name, unit, ours, None, None, None, f"{sign} {shown(limit)} {unit}", ok, figures)

    def add(self, name, unit, ours, peer, peer_name, ratio, target, ok, figures):
        named = ("millrace", peer_name)
        others = {key: value for key, value in figures.items() if key not in named and value is not None}
        row = {"name": name, "ours": ours, "peer": peer, "ratio": ratio, "target": target, "ok": ok, "unit": unit,
               "peer_name": peer_name, "others": others}
        self.rows.append(row)
        print(line(row), flush=True)

    def note(self, text):
        self.notes.append(text)
        print(f"  ! {text}", flush=True)

    def header(self):
        print(f"{'':34} {'ours':>9} {'best peer':>20} {'ratio':>7}  {'target':14} {'':6} others", flush=True)

    def summary(self):
        met = sum(row["ok"] for row in self.rows)
        return f"{met} of {len(self.rows)} targets met"

    def write(self, path, context):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"rows": self.rows, "notes": self.notes, **context}, indent=1) + "\n")


def line(row):
    peer = f"{row['peer_name']} {shown(row['peer'])}" if row["peer_name"] else ""
    others = "  ".join(f"{name} {shown(value)}" for name, value in row["others"].items())
    verdict = "met" if row["ok"] else "MISSED"
    name = f"{row['name']} ({row['unit']})"
    figures = f"{shown(row['ours']):>9} {peer:>20} {shown(row['ratio']):>7}"
    return f"{name:34} {figures}  {row['target']:14} {verdict:6} {others}"


def median(values):
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def medians(samples):
    """{server: [sample, ...]} to {server: median}; a sample is a number or a dict of numbers, None where unknown."""
    result = {}
    for name, values in samples.items():
        if isinstance(values[0], dict):
            result[name] = {key: median([value[key] for value in values]) for key in values[0]}
        else:
            result[name] = median(values)
    return result


def part(figures, key):
    return {name: values[key] for name, values in figures.items()}
