"use strict";
// On a phone the filters of a list wait behind a button.
document.addEventListener("click", (event) => {
  const button = event.target.closest(".filters-more");
  if (button) button.setAttribute("aria-expanded", String(button.getAttribute("aria-expanded") !== "true"));
});
