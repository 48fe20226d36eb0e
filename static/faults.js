"use strict";
(() => {
  const { login } = document.body.dataset;
  const place = document.getElementById("messages");
  let shown = null;

  const say = (words) => {
    shown?.remove();
    if (!place) return;
    const make = (tag, having) => Object.assign(document.createElement(tag), having);
    shown = make("div", { className: "alert alert-warning alert-dismissible", role: "status" });
    const close = make("button", { type: "button", className: "btn-close", ariaLabel: "Dismiss this message" });
    close.dataset.bsDismiss = "alert";
    shown.append(make("div", { textContent: words }), close);
    place.append(shown);
  };

  // When the session has ended, a part of the page would otherwise become the sign-in page.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (new URL(event.detail.xhr.responseURL, location.href).pathname !== login) return;
    event.detail.shouldSwap = false;
    location.reload();
  });
  document.body.addEventListener("htmx:responseError", (event) => {
    say(`The server could not answer (${event.detail.xhr.status}). What you see here may be old.`);
  });
  document.body.addEventListener("htmx:sendError", () => {
    say("The server cannot be reached. What you see here may be old.");
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) shown?.remove();
  });
})();
