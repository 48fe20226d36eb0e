"use strict";
// What somebody has opened stays open when the list around it is drawn anew, which a notice may cause at any moment.
(() => {
  let open = [];
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    open = [...detail.target.querySelectorAll("details[open][id]")].map((one) => one.id);
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const one of open) document.getElementById(one)?.setAttribute("open", "");
    open = [];
  });
})();
