#!/usr/bin/env python3
"""Text of a terminal, on standard input -> a picture of it, as SVG. Lines that are wider than the
picture are broken, as a terminal does it."""

import html
import sys
import textwrap

COLUMNS, LINE, CHAR, MARGIN, BAR = 84, 19, 8.1, 16, 34

lines = []
for line in sys.stdin.read().rstrip().splitlines():
    broken = textwrap.wrap(line, COLUMNS, drop_whitespace=False, break_on_hyphens=False)
    lines += broken or [""]

width = round(COLUMNS * CHAR + 2 * MARGIN)
height = BAR + MARGIN + LINE * len(lines)


def colour(line):
    if line.startswith("$"):
        return "#f0f0f0", "bold"
    if line[:2] in ("1.", "2.", "3.", "4.") or line.endswith("The answer:"):
        return "#f7b955", "bold"
    if "402 Payment Required" in line:
        return "#ff8f80", "normal"
    if "200 OK" in line:
        return "#8fdc8f", "normal"
    return "#c9d1d9", "normal"


print(
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
    f'height="{height}" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, '
    f'\'DejaVu Sans Mono\', monospace" font-size="13.4">'
)
print(f'<rect width="{width}" height="{height}" rx="8" fill="#161b22"/>')
for x, fill in ((20, "#ff5f57"), (40, "#febc2e"), (60, "#28c840")):
    print(f'<circle cx="{x}" cy="18" r="6" fill="{fill}"/>')
for number, line in enumerate(lines):
    fill, weight = colour(line)
    y = BAR + MARGIN + LINE * number
    print(
        f'<text x="{MARGIN}" y="{y}" fill="{fill}" font-weight="{weight}" xml:space="preserve">'
        f"{html.escape(line, quote=False)}</text>"
    )
print("</svg>")
