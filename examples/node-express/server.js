const express = require("express");

const app = express();
const notes = [];

app.use(express.static("public"));
app.use(express.json());

app.get("/notes", (request, response) => {
  response.json(notes);
});

app.post("/notes", (request, response) => {
  const text = String(request.body?.text ?? "").trim().slice(0, 200);
  if (!text) return response.status(400).json({ error: "a note needs text" });
  notes.unshift({ text, at: new Date().toISOString() });
  response.status(201).json(notes[0]);
});

app.get("/about", (request, response) => {
  response.json({ app: "node-express", node: process.version, environment: process.env.NODE_ENV });
});

const port = process.env.PORT || 3000;
const server = app.listen(port, () => console.log(`Notes on port ${port}`));

process.on("SIGTERM", () => server.close(() => process.exit(0)));
