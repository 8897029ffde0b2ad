"""Puts every query of a Grafana dashboard to Prometheus, and draws what it answers.

queries.py DASHBOARD PROMETHEUS PAGE
"""

import html
import json
import math
import sys
import time
import urllib.parse
import urllib.request

dashboard = json.load(open(sys.argv[1]))
prometheus, page = sys.argv[2], sys.argv[3]
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
WINDOW = 70
END = time.time()
START = END - WINDOW
COLOURS = ["#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#b877d9", "#f2495c", "#8ab8ff", "#96d98d"]


def ask(path, **parameters):
    """What Prometheus answers; an error of it ends the program."""
    url = f"{prometheus}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    try:
        answer = json.load(direct.open(url))
    except urllib.error.HTTPError as err:
        sys.exit(f"{parameters}: {err.read().decode()}")
    return answer["data"]


def filled_in(query):
    """As Grafana would ask, with all routes chosen."""
    for name, value in {"$__range": f"{WINDOW}s", "$__rate_interval": "10s", "$route": ".*"}.items():
        query = query.replace(name, value)
    return query


def legend(form, labels):
    for name, value in labels.items():
        form = form.replace("{{" + name + "}}", value)
    return form


def series(panel):
    """[(legend, [(second, value)])] of a panel; a query without an answer ends the program."""
    found = []
    for target in panel["targets"]:
        query = filled_in(target["expr"])
        if panel["type"] == "stat":
            rows = ask("query", query=query, time=END)["result"]
            rows = [(row["metric"], [row["value"]]) for row in rows]
        else:
            rows = ask("query_range", query=query, start=START, end=END, step=1)["result"]
            rows = [(row["metric"], row["values"]) for row in rows]
        if not rows:
            sys.exit(f"{panel['title']}: no answer to {query}")
        for labels, values in rows:
            points = [(float(second), float(value)) for second, value in values]
            points = [point for point in points if math.isfinite(point[1])]
            found.append((legend(target["legendFormat"], labels), points))
    print(f"  {panel['title']}: {len(found)} series, {sum(len(row) for _, row in found)} points")
    return found


def number(value, unit):
    if unit == "percentunit":
        return f"{value * 100:.0f} %"
    if unit == "s":
        return f"{value * 1000:.0f} ms"
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def graph(panel, width, height):
    rows = series(panel)
    defaults = panel["fieldConfig"]["defaults"]
    stacked = "stacking" in defaults["custom"]
    lines, base = [], {}
    for name, points in rows:
        if stacked:
            points = [(second, value + base.get(second, 0)) for second, value in points]
            base.update(dict(points))
        lines.append((name, points))
    limit = next((step["value"] for step in defaults.get("thresholds", {}).get("steps", []) if step["value"]), None)
    top = max([value for _, points in lines for _, value in points] + [limit or 0]) * 1.08 or 1
    left, bottom = 56, 22
    x = lambda second: left + (second - START) / (END - START) * (width - left - 8)
    y = lambda value: height - bottom - value / top * (height - bottom - 8)
    parts = []
    for step in range(5):
        value = top * step / 4
        parts.append(f'<line x1="{left}" x2="{width}" y1="{y(value)}" y2="{y(value)}" stroke="#2c3235"/>')
        parts.append(f'<text x="{left - 6}" y="{y(value) + 4}" text-anchor="end">{number(value, defaults["unit"])}</text>')
    for second in range(0, WINDOW + 1, 10):
        parts.append(f'<text x="{x(START + second)}" y="{height - 4}" text-anchor="middle">{second} s</text>')
    if limit:
        parts.append(f'<line x1="{left}" x2="{width}" y1="{y(limit)}" y2="{y(limit)}" stroke="#f2495c" stroke-dasharray="6 4"/>')
    for index, (_, points) in reversed(list(enumerate(lines))):
        colour = COLOURS[index % len(COLOURS)]
        path = " ".join(f"{x(second):.1f},{y(value):.1f}" for second, value in points)
        if points:
            area = f"{x(points[0][0]):.1f},{y(0):.1f} {path} {x(points[-1][0]):.1f},{y(0):.1f}"
            parts.append(f'<polygon points="{area}" fill="{colour}" opacity="0.15"/>')
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    names = "".join(
        f'<span><i style="background:{COLOURS[index % len(COLOURS)]}"></i>{html.escape(name)}</span>'
        for index, (name, _) in enumerate(lines)
    )
    return f'<svg width="{width}" height="{height}">{"".join(parts)}</svg><div class="names">{names}</div>'


def drawn(panel):
    at, unit = panel["gridPos"], panel["fieldConfig"]["defaults"]["unit"]
    column, row = 1580 / 24, 40
    width, height = at["w"] * column - 8, at["h"] * row - 8
    if panel["type"] == "stat":
        [(_, points)] = series(panel)
        inner = f'<div class="stat">{number(points[-1][1], unit) if points else "–"}</div>'
    else:
        inner = graph(panel, width - 20, height - 64)
    place = f"left:{at['x'] * column + 10}px;top:{at['y'] * row + 48}px;width:{width}px;height:{height}px"
    return f'<section style="{place}"><h2>{html.escape(panel["title"])}</h2>{inner}</section>'


routes = ask("label/route/values", **{"match[]": "l402_challenges_total"})
if len(routes) < 2:
    sys.exit(f"the choice of routes: {routes}")
STYLE = """
body { background: #111217; color: #ccccdc; font: 13px sans-serif; margin: 0 }
h1 { font-size: 18px; margin: 12px; position: absolute }
section { position: absolute; background: #181b1f; border: 1px solid #24272c; box-sizing: border-box; padding: 8px }
h2 { font-size: 13px; font-weight: 500; margin: 0 0 6px }
svg text { fill: #9b9ba5; font-size: 11px }
.stat { font-size: 52px; color: #73bf69; text-align: center; line-height: 100px }
.names { line-height: 15px; height: 30px; overflow: hidden; font-size: 11px } .names span { margin-right: 12px } .names i { display: inline-block; width: 10px; height: 3px; margin: 0 5px 3px 0 }
"""
panels = "".join(drawn(panel) for panel in dashboard["panels"])
with open(page, "w") as file:
    file.write(f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><h1>{html.escape(dashboard['title'])}</h1>{panels}")
