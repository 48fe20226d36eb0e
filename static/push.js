"use strict";
// Web push in this browser: turned on and off by a button, and told to the server once after each sign-in.
(() => {
  const { push: address, person } = document.body.dataset;
  if (!address) return;
  const here = document.getElementById("push-here");
  const SYNCED = "push-synced";
  const PATIENCE = 20000;

  const missing = () => {
    if (!isSecureContext) return "Push needs a secure connection: open this page by https.";
    const isApple = /iPhone|iPad/.test(navigator.userAgent) || (/Mac/.test(navigator.platform) && navigator.maxTouchPoints > 1);
    const isInstalled = matchMedia("(display-mode: standalone)").matches || navigator.standalone === true;
    if (isApple && !isInstalled) {
      return "On an iPhone or iPad, push works only in the installed app: press Share, then Add to Home Screen, and open Towerwatch from there.";
    }
    if (!("serviceWorker" in navigator)) return "This browser lacks service workers: in a private window that is so.";
    if (!("PushManager" in window)) return "This browser lacks push messages.";
    if (!("Notification" in window)) return "This browser lacks notifications.";
    return "";
  };

  // A push service that does not answer would otherwise leave the page waiting for good.
  const inTime = (promise, words) =>
    Promise.race([promise, new Promise((_, fail) => setTimeout(() => fail(new Error(words)), PATIENCE))]);

  const ask = async (url, body) => {
    const token = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
    const options = { method: "POST", headers: { "Content-Type": "application/json", "X-CSRFToken": token }, body };
    const answer = await fetch(url, body ? options : {});
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(said.error ?? `The server answered ${answer.status}.`);
    return said;
  };

  const store = () => caches.open("push");
  const former = async () => (await (await store()).match("/push/former"))?.text() ?? "";
  const remember = async (endpoint) => (await store()).put("/push/former", new Response(endpoint));
  const forget = async () => (await store()).delete("/push/former");

  const octets = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const isOf = (subscription, key) => {
    const mine = subscription.options?.applicationServerKey;
    if (!mine) return true;
    const [one, other] = [new Uint8Array(mine), octets(key)];
    return one.length === other.length && one.every((octet, place) => octet === other[place]);
  };

  const subscribed = async (registration) => {
    const { key } = await ask("/push/key/");
    let subscription = await registration.pushManager.getSubscription();
    if (subscription && !isOf(subscription, key)) {
      await subscription.unsubscribe();
      subscription = null;
    }
    const options = { userVisibleOnly: true, applicationServerKey: octets(key) };
    return subscription ?? inTime(registration.pushManager.subscribe(options), "The push service of this browser does not answer.");
  };

  const tell = async (registration, asked) => {
    const subscription = await subscribed(registration);
    const said = await ask(address, JSON.stringify({ ...subscription.toJSON(), former: await former(), asked }));
    // An answer without it is none of ours: the session may have ended.
    if (typeof said.kept !== "boolean") throw new Error("The server did not understand. Sign in again.");
    if (said.kept) {
      await remember(subscription.endpoint);
    } else {
      // Removed from elsewhere.
      await forget();
      await subscription.unsubscribe();
    }
    sessionStorage.setItem(SYNCED, person);
  };

  const turnOn = async () => {
    if ((await Notification.requestPermission()) !== "granted") return;
    await navigator.serviceWorker.register("/sw.js");
    await tell(await inTime(navigator.serviceWorker.ready, "The worker of this browser does not start."), true);
  };

  const turnOff = async () => {
    const registration = await navigator.serviceWorker.getRegistration("/");
    const subscription = await registration?.pushManager.getSubscription();
    await forget();
    await subscription?.unsubscribe();
    return subscription?.endpoint ?? "";
  };

  // Once after each sign-in: whose this browser is, with the endpoint and the key of today.
  const sync = async () => {
    if (missing() || sessionStorage.getItem(SYNCED) === person) return;
    const registration = await navigator.serviceWorker.getRegistration("/");
    const wasOn = registration && ((await registration.pushManager.getSubscription()) || (await former()));
    if (wasOn && Notification.permission === "granted") await tell(registration, false);
  };

  const state = async () => {
    const lacking = missing();
    if (lacking) return { words: lacking };
    if (Notification.permission === "denied") {
      return { words: "This browser refuses notifications from this site. Allow them in its settings, then load this page again." };
    }
    const registration = await navigator.serviceWorker.getRegistration("/");
    const on = Notification.permission === "granted" && (await registration?.pushManager.getSubscription());
    return on ? { words: "Push is on in this browser.", off: true } : { words: "Push is off in this browser.", on: true };
  };

  const show = async (fault = "") => {
    if (!here) return;
    const { words, on = false, off = false } = await state();
    here.querySelector("[data-push-words]").textContent = words;
    here.querySelector("[data-push-fault]").textContent = fault;
    here.querySelector("[data-push-on]").hidden = !on;
    here.querySelector("[data-push-off]").hidden = !off;
  };

  const press = async (button, act) => {
    button.disabled = true;
    let fault = "";
    try {
      await act();
    } catch (error) {
      fault = error.name === "AbortError" ? "The push service of this browser cannot be reached." : error.message;
    }
    button.disabled = false;
    await show(fault);
    document.body.dispatchEvent(new CustomEvent("push:changed"));
  };

  const off = async () => {
    const endpoint = await turnOff();
    if (endpoint) await ask("/push/off/", JSON.stringify({ endpoint }));
  };
  here?.querySelector("[data-push-on]").addEventListener("click", (event) => press(event.currentTarget, turnOn));
  here?.querySelector("[data-push-off]").addEventListener("click", (event) => press(event.currentTarget, off));
  sync().catch(() => {}).then(() => show());
})();
