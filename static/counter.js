"use strict";
// How many signs are left of a text that may be so long (data-most). It counts as the server does: whole signs, and any
// white space between words for one. The form is sent in any case; the server refuses what is too long, and keeps it.
(() => {
  const count = (text) => [...text.trim().split(/\s+/).join(" ")].length;

  const show = (field) => {
    const place = document.querySelector(`[data-count-of="${field.id}"]`);
    if (!place) return;
    const most = Number(field.dataset.most);
    const left = most - count(field.value);
    const words = left < 0 ? `${-left} too many: at most ${most} signs` : `${left} of ${most} signs left`;
    place.querySelector("[data-count-words]").textContent = words;
    place.classList.toggle("counter-over", left < 0);
    // Read out only where it begins to matter, and not at every key.
    const said = place.parentElement.querySelector("[data-count-said]");
    const now = left < 0 ? "The text is too long" : left < 20 ? "Fewer than 20 signs left" : "";
    if (said && said.textContent !== now) said.textContent = now;
  };

  const all = (root) => root.querySelectorAll("[data-most]").forEach(show);
  document.addEventListener("input", (event) => {
    if (event.target.matches?.("[data-most]")) show(event.target);
  });
  document.addEventListener("DOMContentLoaded", () => all(document));
  document.addEventListener("htmx:load", (event) => all(event.target));
  all(document);
})();
