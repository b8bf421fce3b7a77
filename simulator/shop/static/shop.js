/* What pages cannot do without a script: drop, paste and preview a picture, dialogs, and lists that
   submit themselves. */
(() => {
  "use strict";
  const find = (name) => document.getElementById(name);
  const MOST = 5_000_000;

  const send = (file) => {
    const form = find("bring");
    if (!form || !file) return;
    const said = find("brought");
    const trouble = form.dataset;
    if (!file.type.startsWith("image/")) { said.textContent = trouble.noPicture; return; }
    if (file.size > MOST) { said.textContent = trouble.tooLarge; return; }
    const list = new DataTransfer();
    list.items.add(file);
    find("image").files = list.files;
    show(file);
    htmx.trigger(form, "bring");
  };

  const show = (file) => {
    const preview = find("preview");
    if (preview.src) URL.revokeObjectURL(preview.src);
    preview.src = URL.createObjectURL(file);
    preview.hidden = false;
    find("brought").textContent = file.name;
  };

  const listen = (target, name, heard) => target && target.addEventListener(name, heard);

  const zone = find("drop");
  for (const name of ["dragenter", "dragover"]) listen(zone, name, (event) => { event.preventDefault(); zone.classList.add("over"); });
  for (const name of ["dragleave", "drop"]) listen(zone, name, () => zone.classList.remove("over"));
  listen(zone, "drop", (event) => { event.preventDefault(); send(event.dataTransfer.files[0]); });
  listen(document, "paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (file) { event.preventDefault(); send(file); }
  });
  for (const name of ["pick", "camera"]) listen(find(name), "change", (event) => send(event.target.files[0]));
  for (const one of document.querySelectorAll("[data-opens]")) listen(one, "click", () => find(one.dataset.opens).click());
  for (const one of document.querySelectorAll("[data-submits]")) listen(one, "change", () => one.form.requestSubmit());

  document.addEventListener("htmx:config:request", (event) => {
    event.detail.ctx.request.headers["X-CSRF"] = document.querySelector("meta[name=csrf]").content;
  });

  document.addEventListener("click", (event) => {
    const close = event.target.closest("[data-closes]");
    if (close) close.closest("dialog")?.close();
    if (event.target instanceof HTMLDialogElement) event.target.close();
    if (event.target.closest(".acts, [data-closes-after]") && !event.target.closest("#basket")) find("detail")?.close();
  });

  document.addEventListener("htmx:after:swap", (event) => {
    const target = event.detail.ctx.target;
    if (!target) return;
    for (const name of ["detail", "basket"]) {
      const dialog = find(name);
      if (dialog && (target === dialog || dialog.contains(target)) && !dialog.open && dialog.childElementCount) dialog.showModal();
    }
    const count = document.querySelector("[data-basket-count]");
    if (count) for (const one of document.querySelectorAll(".count")) { one.textContent = count.dataset.basketCount; one.hidden = count.dataset.basketCount === "0"; }
    const answer = find("answer");
    if (answer && (target === answer || answer.contains(target))) answer.scrollIntoView({ block: "start" });
  });
})();
