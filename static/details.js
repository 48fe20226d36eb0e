"use strict";
// What somebody has opened stays open when the list around it is drawn anew, which a notice may cause at any moment,
// and what has the focus keeps it.
(() => {
  let open = [];
  let focused = "";
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    open = [...detail.target.querySelectorAll("details[open][id]")].map((one) => one.id);
    focused = detail.target.contains(document.activeElement) ? document.activeElement.id : "";
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const one of open) document.getElementById(one)?.setAttribute("open", "");
    // In what was closed for a moment, nothing can have it.
    if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus({ preventScroll: true });
    [open, focused] = [[], ""];
  });
})();
