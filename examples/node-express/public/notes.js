const list = document.querySelector("ul");

async function show() {
  const notes = await (await fetch("/notes")).json();
  list.replaceChildren(...notes.map(({ text, at }) => {
    const item = document.createElement("li");
    const time = document.createElement("time");
    time.textContent = new Date(at).toLocaleTimeString();
    item.append(text, time);
    return item;
  }));
}

document.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = new FormData(event.target).get("text");
  await fetch("/notes", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ text }) });
  event.target.reset();
  show();
});

show();
