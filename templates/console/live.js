// Keeps a page up to date: when the server says that something changed, the page reads itself anew
// and puts in the part that is marked. Without this script the page is the same, until it is loaded.
"use strict";
(() => {
  const part = document.querySelector("[data-live]");
  const notice = document.querySelector("[data-notice]");
  if (!window.EventSource || !(part || notice)) return;
  const status = document.getElementById("live");
  const say = text => { if (status && status.textContent !== text) status.textContent = text; };
  let timer = 0, busy = false, again = false;

  const isAbout = (told, topic) =>
    told === "all" || topic === "all" || told === topic || told.startsWith(topic + "/");

  const read = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(location.href, { headers: { "X-Oust-Live": "1" }, redirect: "error" });
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.querySelector("[data-live]");
        // Whoever is in the middle of something there keeps it.
        if (fresh && !part.contains(document.activeElement) && part.innerHTML !== fresh.innerHTML) {
          part.replaceChildren(...fresh.childNodes);
        }
        say("Up to date.");
      }
    } catch { say("Not up to date: the server does not answer."); }
    busy = false;
    if (again) { again = false; soon(); }
  };
  const soon = () => { clearTimeout(timer); timer = setTimeout(read, 400); };

  const stream = new EventSource("/events");
  let wasLost = false;
  stream.onopen = () => {
    say("Live.");
    // What was told in between was missed.
    if (wasLost && part) soon();
    wasLost = false;
  };
  stream.onerror = () => { wasLost = true; say("Not live: reload the page to be sure."); };
  stream.onmessage = event => {
    const told = event.data.split(" ");
    if (part && told.some(one => isAbout(one, part.dataset.live))) soon();
    if (notice && told.some(one => isAbout(one, notice.dataset.notice))) notice.hidden = false;
  };
})();
