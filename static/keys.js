"use strict";
(() => {
  const search = document.getElementById("search");
  const results = document.getElementById("search-results");
  const help = document.getElementById("keys-help");
  let going = 0;

  const typing = (element) => element.isContentEditable || element.closest("input, textarea, select, dialog[open]");
  const goTo = (key) => document.querySelector(`[data-key="${CSS.escape(key)}"]`)?.click();
  const leave = (element) => {
    if (element === search || results?.contains(element)) results.replaceChildren();
    element.blur();
  };

  const close = (details) => {
    details.removeAttribute("open");
    details.querySelector("summary").focus();
  };

  const step = (event) => {
    const links = [...results.querySelectorAll("a[href]")];
    if (!links.length) return;
    event.preventDefault();
    const at = links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    (links[at] || (at < 0 ? search : links.at(-1))).focus();
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const here = document.activeElement || document.body;
    const more = document.querySelector(".matter-more[open]");
    if (event.key === "Escape" && more && !typing(here)) return close(more);
    if (event.key === "Escape") return here.closest("input, textarea, select, .search") && leave(here);
    if (event.key.startsWith("Arrow") && here.closest(".search") && /Down|Up/.test(event.key)) return step(event);
    if (typing(here)) return;
    if (going) {
      clearTimeout(going);
      going = 0;
      goTo(event.key.toLowerCase());
    } else if (event.key === "/" && search) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "?") {
      help?.showModal();
    } else if (event.key === "g") {
      going = setTimeout(() => (going = 0), 1500);
    }
  });

  // What was asked a while ago is not shown over what has been typed since.
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".search")) results?.replaceChildren();
    if (event.target === help) help.close();
  });
  search?.addEventListener("input", () => {
    if (!search.value.trim()) results.replaceChildren();
  });
})();
