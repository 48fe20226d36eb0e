"use strict";
(() => {
  const { live: address, liveTopics = "inbox alarms" } = document.body.dataset;
  if (!address || !("EventSource" in window)) return;
  const topics = [...new Set(liveTopics.split(/\s+/).filter(Boolean))];
  const sign = document.getElementById("live");
  const WORDS = { live: "Live", connecting: "Connecting", reconnecting: "Reconnecting" };
  let source = null;
  let timer = 0;
  let tries = 0;
  // What changed between the drawing of the page and the opening of the stream was missed.
  let missed = true;

  const say = (state) => {
    if (!sign || sign.dataset.state === state) return;
    sign.dataset.state = state;
    sign.querySelector(".live-text").textContent = WORDS[state];
  };
  const tell = (topic, detail) => document.body.dispatchEvent(new CustomEvent(`live:${topic}`, { detail }));

  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
  };
  const retry = () => {
    close();
    missed = true;
    say("reconnecting");
    // Some jitter, so that a restarted server does not meet every page at once.
    const wait = Math.min(30000, 1000 * 2 ** tries) * (0.75 + Math.random() / 2);
    tries += 1;
    timer = setTimeout(open, wait);
  };
  const opened = () => {
    tries = 0;
    say("live");
    if (!missed) return;
    missed = false;
    // "looking" changes every other second: it catches up by itself.
    for (const topic of topics.filter((name) => name !== "looking")) tell(topic, "");
  };
  function open() {
    close();
    source = new EventSource(`${address}?topics=${topics.join(",")}`);
    source.addEventListener("open", opened);
    source.addEventListener("error", retry);
    for (const topic of topics) source.addEventListener(topic, (event) => tell(topic, event.data));
  }

  // A hidden tab holds no connection; it catches up when it is shown again.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      close();
      missed = true;
    } else if (!source) {
      tries = 0;
      open();
    }
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    missed = true;
    open();
  });
  if (document.hidden) missed = true;
  else open();
})();
