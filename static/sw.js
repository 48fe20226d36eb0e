"use strict";
// The service worker: shows what is pushed, and leads to what it is about. It keeps nothing for use without a network.
const STORE = "push";
const FORMER = "/push/former";

const remember = async (endpoint) => (await caches.open(STORE)).put(FORMER, new Response(endpoint));
const remembered = async () => (await caches.match(FORMER))?.text() ?? "";

const show = (event) => {
  let told = {};
  try {
    told = event.data?.json() ?? {};
  } catch {
    told = { body: event.data.text() };
  }
  const { title = "Towerwatch", body = "There is something new.", tag = "", url = "/", icon, at, acknowledge } = told;
  // Without renotify, what takes another's place comes without a sound.
  const timestamp = at ?? Date.now();
  // Where a browser shows no buttons, a click opens the page, which has one.
  const actions = acknowledge ? [{ action: "acknowledge", title: "Acknowledge" }] : [];
  const data = { url, acknowledge };
  return registration.showNotification(title, { body, tag, renotify: Boolean(tag), icon, timestamp, actions, data });
};

const open = async (notification) => {
  const wanted = new URL(notification.data?.url ?? "/", location.origin);
  const url = wanted.origin === location.origin ? wanted.href : location.origin;
  const windows = await clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = windows.find((each) => each.url === url);
  if (there) return there.focus();
  // A page that this worker does not control cannot be led elsewhere.
  const led = await windows[0]?.navigate(url).catch(() => null);
  return led ? led.focus() : clients.openWindow(url);
};

const acknowledge = async (notification) => {
  const body = JSON.stringify({ token: notification.data.acknowledge });
  const options = { method: "POST", headers: { "Content-Type": "application/json" }, body };
  const answer = await fetch("/push/acknowledge/", options).catch(() => null);
  // Without a network, or with a token that is too old, the page says what there is to do.
  if (!answer?.ok) await open(notification);
};

const move = async (event) => {
  const former = event.oldSubscription?.endpoint || (await remembered());
  let subscription = event.newSubscription ?? (await registration.pushManager.getSubscription());
  if (!subscription) {
    const { key } = await (await fetch("/push/key/")).json();
    subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  }
  const body = JSON.stringify({ ...subscription.toJSON(), former });
  const answer = await fetch("/push/moved/", { method: "POST", headers: { "Content-Type": "application/json" }, body });
  // Where the server did not know it, the next sign-in tells it anew.
  if (answer.ok) await remember(subscription.endpoint);
};

addEventListener("install", (event) => event.waitUntil(skipWaiting()));
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("push", (event) => event.waitUntil(show(event)));
addEventListener("notificationclick", (event) => {
  event.notification.close();
  const act = event.action === "acknowledge" && event.notification.data?.acknowledge ? acknowledge : open;
  event.waitUntil(act(event.notification));
});
addEventListener("pushsubscriptionchange", (event) => event.waitUntil(move(event)));
