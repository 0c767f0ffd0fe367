
"use strict";
(() => {
  const sentences = [...document.querySelectorAll(".sentence")];
  const byArticle = new Map([...document.querySelectorAll("article")].map(
    (article) => [article, [...article.querySelectorAll(".sentence")]]));
  const filters = [...document.querySelectorAll(".filter")];
  const least = document.getElementById("least");
  const leastShown = document.getElementById("least-shown");
  const exporter = document.getElementById("export");
  const panel = document.getElementById("panel");
  const said = document.getElementById("said");
  const KEYS = { a: "accusation", d: "denial", c: "call_to_action", f: "factual_report", n: "none" };
  const SHAPES = {};
  for (const button of filters) SHAPES[button.dataset.label] = button.querySelector(".shape").textContent;
  const corrections = new Map(); // sentence -> labels, the main one first
  let chosen = null;
  let saved = true;

  const labelsOf = (sentence) => corrections.get(sentence)
    ?? sentence.dataset.labels.split(" ").filter((label) => label);
  const name = (label) => (label === "none" ? "none of these" : label.replaceAll("_", " "));

  function show() {
    const pressed = new Set(filters.filter((f) => f.getAttribute("aria-pressed") === "true").map((f) => f.dataset.label));
    for (const [article, own] of byArticle) {
      const strips = article.querySelectorAll(".bar rect");
      own.forEach((sentence, number) => {
        const sure = Number(sentence.dataset.confidence) >= Number(least.value) || corrections.has(sentence);
        const labels = labelsOf(sentence);
        const wanted = labels.length ? labels.some((label) => pressed.has(label)) : pressed.has("none");
        const dim = !(sure && wanted);
        sentence.classList.toggle("dim", dim);
        strips[number]?.classList.toggle("dim", dim);
      });
    }
    leastShown.value = least.value;
  }

  function choose(sentence) {
    if (chosen) { chosen.classList.remove("chosen"); chosen.tabIndex = -1; }
    chosen = sentence;
    sentence.classList.add("chosen");
    sentence.tabIndex = 0;
    panel.hidden = false;
    tell();
  }

  function tell() {
    const corrected = corrections.get(chosen);
    const now = corrected ? `corrected: ${corrected.length ? corrected.map(name).join(" + ") : name("none")}; it said ` : "";
    said.textContent = now + chosen.dataset.says;
  }

  function correct(labels) {
    if (labels === null) corrections.delete(chosen);
    else corrections.set(chosen, labels);
    const main = labelsOf(chosen)[0] ?? "none";
    chosen.classList.remove(...Object.values(KEYS));
    chosen.classList.add(main);
    chosen.classList.toggle("corrected", labels !== null);
    chosen.querySelector(".shape").textContent = labelsOf(chosen).map((one) => SHAPES[one]).join("") || SHAPES.none;
    const article = chosen.closest("article");
    const strip = article.querySelectorAll(".bar rect")[byArticle.get(article).indexOf(chosen)];
    strip.setAttribute("class", main);
    strip.setAttribute("y", String(Object.values(KEYS).indexOf(main) * 7));
    saved = corrections.size === 0;
    exporter.disabled = corrections.size === 0;
    exporter.textContent = `Save corrections (${corrections.size})`;
    show();
    tell();
  }

  function label(asked, also) {
    if (!chosen) return;
    if (asked === "none") { correct([]); return; }
    const before = also ? labelsOf(chosen) : [];
    const without = before.filter((one) => one !== asked);
    correct(also && before.includes(asked) ? without : [...without, asked]);
  }

  function move(step) {
    const shown = sentences.filter((sentence) => !sentence.classList.contains("dim"));
    if (!shown.length) return;
    const at = sentences.indexOf(chosen);
    const next = step > 0
      ? shown.find((sentence) => sentences.indexOf(sentence) > at) ?? shown[shown.length - 1]
      : shown.findLast((sentence) => sentences.indexOf(sentence) < at) ?? shown[0];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }

  function save() {
    const lines = [...corrections].map(([sentence, labels]) => JSON.stringify({
      text: sentence.querySelector(".text").textContent,
      labels,
      doc: sentence.closest("article").dataset.doc,
      before: sentence.dataset.labels.split(" ").filter((one) => one),
    }) + "\n");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(lines, { type: "application/jsonl" }));
    link.download = "corrections.jsonl";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    saved = true;
  }

  for (const button of filters) {
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      show();
    });
  }
  least.addEventListener("input", show);
  exporter.addEventListener("click", save);
  for (const button of panel.querySelectorAll("button")) {
    button.addEventListener("click", (event) => label(button.dataset.label, event.shiftKey));
  }
  for (const sentence of sentences) {
    sentence.addEventListener("focus", () => choose(sentence));
    sentence.addEventListener("click", () => sentence.focus());
  }
  for (const [article, own] of byArticle) {
    for (const strip of article.querySelectorAll(".bar rect")) {
      strip.addEventListener("click", () => { own[Number(strip.dataset.sentence)].focus(); });
    }
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, summary, button")) return;
    const key = event.key.toLowerCase();
    if (key === "arrowright" || key === "j") move(1);
    else if (key === "arrowleft" || key === "k") move(-1);
    else if (KEYS[key]) label(KEYS[key], event.shiftKey);
    else if (key === "enter" && chosen) correct(labelsOf(chosen));
    else if (key === "u" && chosen) correct(null);
    else return;
    event.preventDefault();
  });
  window.addEventListener("beforeunload", (event) => { if (!saved) event.preventDefault(); });
  if (sentences.length) sentences[0].tabIndex = 0;
  show();
})();
