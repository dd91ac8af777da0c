"""How much of the moon is lit, today or on any other day."""

from datetime import date
from math import cos, pi

from flask import Flask, render_template, request

NEW_MOON = date(2000, 1, 6)
MONTH = 29.530588
PHASES = (
    "new",
    "waxing crescent",
    "first quarter",
    "waxing gibbous",
    "full",
    "waning gibbous",
    "last quarter",
    "waning crescent",
)

app = Flask(__name__)


@app.get("/")
def moon() -> str:
    day = date.fromisoformat(request.args.get("day") or date.today().isoformat())
    age = (day - NEW_MOON).days % MONTH / MONTH
    lit = round(50 * (1 - cos(2 * pi * age)))
    return render_template("moon.html", title="The moon", day=day, phase=PHASES[round(age * 8) % 8], lit=lit)


@app.errorhandler(ValueError)
def no_day(error: ValueError) -> tuple[str, int]:
    return f"{error}\n", 400
