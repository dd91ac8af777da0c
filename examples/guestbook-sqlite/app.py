"""A guestbook that may run only once at a time: its data is in a file."""

import os
from uuid import uuid4

import book
from flask import Flask, Response, flash, redirect, render_template, request, send_from_directory
from werkzeug.wrappers import Response as Answer

TYPES = {"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif"}

app = Flask(__name__)
app.secret_key = os.environ["SECRET_KEY"]
app.config["MAX_CONTENT_LENGTH"] = 5 << 20


@app.get("/")
def show() -> str:
    return render_template("guestbook.html", entries=book.entries())


@app.post("/")
def sign() -> Answer:
    name, text = request.form.get("name", "").strip(), request.form.get("text", "").strip()
    picture = request.files.get("picture")
    if not (name and text):
        flash("A name and a line, please.")
        return redirect("/")
    kept = ""
    if picture and picture.mimetype in TYPES:
        kept = uuid4().hex + TYPES[picture.mimetype]
        picture.save(book.PICTURES / kept)
    book.add(name, text, kept)
    return redirect("/")


@app.get("/pictures/<name>")
def picture(name: str) -> Response:
    return send_from_directory(book.PICTURES, name)


@app.get("/up")
def up() -> str:
    return f"{len(book.entries())} entries\n"
