"use strict";
(() => {
  const MINUTE = 60;
  const HOUR = 3600;
  const DAY = 86400;

  // These two say what `duration` and `distance` say on the server.
  const duration = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds));
    if (whole < MINUTE) return `${whole} s`;
    if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min`;
    if (whole < DAY) {
      const minutes = String(Math.floor((whole % HOUR) / MINUTE)).padStart(2, "0");
      return `${Math.floor(whole / HOUR)} h ${minutes} min`;
    }
    return `${Math.floor(whole / DAY)} d ${Math.floor((whole % DAY) / HOUR)} h`;
  };
  const distance = (seconds) => {
    const size = Math.floor(Math.abs(seconds));
    if (size < 10) return "now";
    const [length, unit] = [[DAY, "d"], [HOUR, "h"], [MINUTE, "min"], [1, "s"]].find(([least]) => size >= least);
    const count = Math.floor(size / length);
    return seconds > 0 ? `${count} ${unit} ago` : `in ${count} ${unit}`;
  };

  const since = (iso) => (Date.now() - Date.parse(iso)) / 1000;
  const say = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };
  const tick = () => {
    for (const element of document.querySelectorAll("time[datetime] .ago")) {
      say(element, distance(since(element.closest("time").dateTime)));
    }
  };
  const run = () => {
    const all = (selector) => document.querySelectorAll(selector);
    for (const element of all("[data-since]")) say(element, duration(since(element.dataset.since)));
    for (const element of all("[data-until]")) say(element, duration(-since(element.dataset.until)));
  };

  setInterval(tick, 15000);
  setInterval(run, 1000);
})();
