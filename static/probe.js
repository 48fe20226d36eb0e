"use strict";
// "Ping now" and "trace now": each answer is a line as soon as it comes.
(() => {
  const line = (answer) => {
    const where = answer.address ? ` ${answer.address}` : "";
    const number = answer.number ?? answer.sequence ?? answer.distance ?? "";
    const result = answer.ms == null ? answer.message || "no answer" : `${answer.ms.toFixed(2)} ms`;
    return `${number}${where}: ${result}`;
  };
  const ask = (button) => {
    const card = button.closest(".card");
    const out = card.querySelector(".probe-out");
    const buttons = card.querySelectorAll("[data-probe]");
    const list = document.createElement("ol");
    list.className = "probe-lines";
    const add = (text) => list.appendChild(document.createElement("li")).append(text);
    out.replaceChildren(list);
    buttons.forEach((each) => (each.disabled = true));
    const source = new EventSource(button.dataset.probe);
    const finish = () => {
      source.close();
      buttons.forEach((each) => (each.disabled = false));
      button.focus();
    };
    source.addEventListener("answer", (event) => add(line(JSON.parse(event.data))));
    source.addEventListener("fault", (event) => add(JSON.parse(event.data).text));
    source.addEventListener("done", finish);
    source.addEventListener("error", () => {
      if (!list.children.length) add("The connection was lost before an answer came.");
      finish();
    });
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-probe]");
    if (button) ask(button);
  });
})();
