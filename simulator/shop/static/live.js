/* The live page: one stream a tab, closed while nobody looks, taken up where it broke. */
(() => {
  "use strict";
  const part = document.getElementById("live");
  const pulse = document.getElementById("pulse");
  const told = document.getElementById("updated");
  const status = document.getElementById("status");
  let stream = null;
  let last = "";
  let seen = Date.now();

  const open = () => {
    if (stream) return;
    stream = new EventSource(part.dataset.stream + (last ? `?after=${last}` : ""));
    stream.addEventListener("now", (event) => {
      last = event.lastEventId;
      seen = Date.now();
      if (!part.contains(document.activeElement)) part.innerHTML = event.data;
      tell();
    });
  };
  const close = () => { stream?.close(); stream = null; };
  const tell = () => {
    const age = Math.round((Date.now() - seen) / 1000);
    const lost = age > 5;
    status.className = `status ${document.hidden ? "" : lost ? "lost" : "good"}`;
    told.textContent = document.hidden ? pulse.dataset.paused : (lost ? pulse.dataset.lost : pulse.dataset.fresh).replace("{n}", age);
  };

  document.addEventListener("visibilitychange", () => { document.hidden ? close() : open(); tell(); });
  addEventListener("pagehide", close);
  setInterval(tell, 1000);
  open();
})();
