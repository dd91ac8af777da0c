"""A guestbook whose data is in services: as many of it may run as are wanted."""

import os

import book
from flask import Flask, flash, redirect, render_template, request
from werkzeug.wrappers import Response

app = Flask(__name__)
app.secret_key = os.environ["SECRET_KEY"]


@app.get("/")
def show() -> str:
    return render_template("guestbook.html", entries=book.entries())


@app.post("/")
def sign() -> Response:
    name, text = request.form.get("name", "").strip(), request.form.get("text", "").strip()
    if name and text:
        book.add(name, text)
    else:
        flash("A name and a line, please.")
    return redirect("/")


@app.get("/up")
def up() -> str:
    return f"{len(book.entries())} entries\n"
